/** From what a person says about the way in to what the constructs are told. */
import { Duration } from 'aws-cdk-lib'
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import { HostedZone } from 'aws-cdk-lib/aws-route53'
import { Bucket } from 'aws-cdk-lib/aws-s3'
import type { Construct } from 'constructs'
import type { EdgeProps } from '../constructs/cdk/edge.ts'
import type { EnterpriseOptions } from './enterprise-options.ts'

type Options = EnterpriseOptions['edge']

export function edgeProps(
  scope: Construct,
  { edge, staticPrefix }: EnterpriseOptions,
  logKey: IKey,
): Omit<EdgeProps, 'vpc' | 'vpcSubnets'> {
  return {
    domainName: edge.domainName,
    tls: tlsOf(scope, edge),
    ...(edge.clients && { clients: edge.clients.map((range) => ec2.Peer.ipv4(range)) }),
    internetFacing: edge.internetFacing,
    redirectHttp: edge.redirectHttp,
    idleTimeout: Duration.seconds(edge.idleSeconds),
    deletionProtection: edge.deletionProtection,
    logs: edge.logBucket
      ? { bucket: Bucket.fromBucketName(scope, 'EdgeLogBucket', edge.logBucket) }
      : { days: edge.logDays },
    firewall: edge.webAclArn
      ? { webAclArn: edge.webAclArn }
      : {
          staticPrefix,
          requestsInFiveMinutes: edge.requestsInFiveMinutes,
          blockAnonymous: edge.blockAnonymous,
          logRetention: edge.logDays,
          logKey,
        },
  }
}

function tlsOf(scope: Construct, { certificateArn, hostedZone }: Options): EdgeProps['tls'] {
  if (certificateArn) {
    return { certificate: Certificate.fromCertificateArn(scope, 'Certificate', certificateArn) }
  }
  if (!hostedZone) throw new Error('neither certificateArn nor hostedZone, which the options do not allow')
  const { id: hostedZoneId, name: zoneName } = hostedZone
  return { hostedZone: HostedZone.fromHostedZoneAttributes(scope, 'Zone', { hostedZoneId, zoneName }) }
}
