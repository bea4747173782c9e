import * as ec2 from 'aws-cdk-lib/aws-ec2'
import type { Construct } from 'constructs'

interface ClosedSecurityGroupProps {
  readonly vpc: ec2.IVpc
  readonly description: string
  /** What may be reached on port 443. @default any address */
  readonly httpsPeers?: readonly ec2.IPeer[] | undefined
}

/** Nothing comes in, and only HTTPS goes out. */
export function closedSecurityGroup(
  scope: Construct,
  id: string,
  { httpsPeers = [ec2.Peer.anyIpv4()], ...props }: ClosedSecurityGroupProps,
): ec2.SecurityGroup {
  const group = new ec2.SecurityGroup(scope, id, { ...props, allowAllOutbound: false })
  for (const peer of httpsPeers) group.addEgressRule(peer, ec2.Port.HTTPS, 'Services of AWS')
  return group
}
