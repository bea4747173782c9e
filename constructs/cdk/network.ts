import { Fn, RemovalPolicy, Token } from 'aws-cdk-lib'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import type * as kms from 'aws-cdk-lib/aws-kms'
import * as logs from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'
import { addEndpoints, addS3Endpoint } from './endpoints.ts'
import { newLogKey } from './log-key.ts'

/** The way out: a NAT gateway in each zone, one for all zones, or none, with AWS's services inside the VPC. */
export type Egress = 'nat-each-zone' | 'one-nat' | 'none'

export interface NewVpcProps {
  readonly vpc?: undefined
  /**
   * Address range of the VPC, from /16 to /22. A third of it is for a third zone.
   * @default 10.40.0.0/16
   */
  readonly cidr?: string
  /**
   * Two or three Availability Zones by name. Named zones stay the same when the region gets more of them.
   * @default the first two of the region that is deployed to
   */
  readonly availabilityZones?: string[]
  /** @default nat-each-zone */
  readonly egress?: Egress
  /**
   * Subnets for a load balancer on the internet.
   * @default true where there are NAT gateways, which are in them too
   */
  readonly publicSubnets?: boolean
  /**
   * Managed prefix list of S3 in the region, such as pl-6ea54007: without a way out, servers reach its addresses and
   * the endpoints only. CloudFormation cannot look it up.
   * @default none: their security groups allow 443 to any address, and the routes lead to S3 only
   */
  readonly s3PrefixListId?: string
  /**
   * How long to keep the log of the VPC's traffic.
   * @default three months
   */
  readonly flowLogRetention?: logs.RetentionDays
  /**
   * Encrypts the log of the VPC's traffic; CloudWatch Logs must be allowed to use it.
   * @default a new key, rotated every year
   */
  readonly encryptionKey?: kms.IKey
}

export interface ExistingVpcProps {
  /** A VPC with private subnets in two Availability Zones, which reach the services of AWS. */
  readonly vpc: ec2.IVpc
  /**
   * What servers may reach on port 443: endpoints, a proxy.
   * @default any address: the routes of the VPC say what there is
   */
  readonly httpsPeers?: ec2.IPeer[]
}

const PRIVATE = 'private'
const DATA = 'data'

/** Where everything runs: a VPC with public, private and isolated subnets, or the one it is given. */
export class Network extends Construct {
  readonly vpc: ec2.IVpc
  /** Subnets with a way out and none in; without a way out too, where there is none. */
  readonly privateSubnets: ec2.SubnetSelection
  /** Subnets for data: without a way out where the VPC has such. */
  readonly dataSubnets: ec2.SubnetSelection
  /** What must be reachable on port 443 for whoever calls the services of AWS. */
  readonly httpsPeers: readonly ec2.IPeer[]

  constructor(scope: Construct, id: string, props: NewVpcProps | ExistingVpcProps = {}) {
    super(scope, id)
    if (props.vpc) {
      this.vpc = props.vpc
      const hasWayOut = props.vpc.privateSubnets.length > 0
      const isolated = { subnetType: ec2.SubnetType.PRIVATE_ISOLATED }
      this.privateSubnets = hasWayOut ? { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS } : isolated
      this.dataSubnets = props.vpc.isolatedSubnets.length > 0 ? isolated : this.privateSubnets
      this.httpsPeers = props.httpsPeers ?? [ec2.Peer.anyIpv4()]
      return
    }
    this.privateSubnets = { subnetGroupName: PRIVATE }
    this.dataSubnets = { subnetGroupName: DATA }
    this.vpc = this.makeVpc(props)
    addS3Endpoint(this.vpc, [this.privateSubnets, this.dataSubnets])
    this.httpsPeers = props.egress === 'none' ? this.closeVpc(props) : [ec2.Peer.anyIpv4()]
  }

  private makeVpc(props: NewVpcProps): ec2.Vpc {
    const { cidr = '10.40.0.0/16', availabilityZones = firstZones(2), egress = 'nat-each-zone' } = props
    if (availabilityZones.length < 2 || availabilityZones.length > 3) {
      throw new Error(`availabilityZones must be two or three, got ${availabilityZones.join(', ') || 'none'}`)
    }
    return new ec2.Vpc(this, 'Vpc', {
      ipAddresses: ec2.IpAddresses.cidr(cidr),
      availabilityZones,
      // The ranges of the subnets stay the same when a third zone is added.
      reservedAzs: 3 - availabilityZones.length,
      natGateways: { 'nat-each-zone': availabilityZones.length, 'one-nat': 1, none: 0 }[egress],
      restrictDefaultSecurityGroup: true,
      flowLogs: { All: { destination: ec2.FlowLogDestination.toCloudWatchLogs(this.flowLog(props)) } },
      subnetConfiguration: subnets(prefixLength(cidr), egress, props.publicSubnets ?? egress !== 'none'),
    })
  }

  private flowLog({ flowLogRetention, encryptionKey }: NewVpcProps): logs.LogGroup {
    return new logs.LogGroup(this, 'FlowLog', {
      retention: flowLogRetention ?? logs.RetentionDays.THREE_MONTHS,
      encryptionKey: encryptionKey ?? newLogKey(this, 'FlowLogKey'),
      removalPolicy: RemovalPolicy.RETAIN,
    })
  }

  private closeVpc({ s3PrefixListId }: NewVpcProps): ec2.IPeer[] {
    const endpoints = addEndpoints(this, this.vpc, this.privateSubnets)
    return s3PrefixListId ? [endpoints, ec2.Peer.prefixList(s3PrefixListId)] : [ec2.Peer.anyIpv4()]
  }
}

/** The first zones of whichever region is deployed to; no account is asked for their names. */
export function firstZones(count: number): string[] {
  return Array.from({ length: count }, (_, index) => Fn.select(index, Fn.getAzs()))
}

/** Private subnets come first: their ranges stay the same whatever is public. */
function subnets(vpcMask: number, egress: Egress, hasPublic: boolean): ec2.SubnetConfiguration[] {
  const { PRIVATE_ISOLATED, PRIVATE_WITH_EGRESS, PUBLIC } = ec2.SubnetType
  return [
    {
      name: PRIVATE,
      subnetType: egress === 'none' ? PRIVATE_ISOLATED : PRIVATE_WITH_EGRESS,
      cidrMask: vpcMask + 3,
    },
    { name: DATA, subnetType: PRIVATE_ISOLATED, cidrMask: vpcMask + 5 },
    {
      name: 'public',
      subnetType: PUBLIC,
      cidrMask: vpcMask + 5,
      ...(hasPublic ? { mapPublicIpOnLaunch: false } : { reserved: true }),
    },
  ]
}

function prefixLength(cidr: string): number {
  const length = Number(cidr.split('/')[1])
  // A load balancer needs subnets of /27 at least.
  if (!Token.isUnresolved(cidr) && !(length >= 16 && length <= 22)) {
    throw new Error(`cidr must be from /16 to /22, got ${cidr}`)
  }
  return length
}
