import { Fn } from 'aws-cdk-lib'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as logs from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'

export interface NewVpcProps {
  /**
   * Address range of the VPC.
   * @default 10.40.0.0/16
   */
  readonly cidr?: string
  /**
   * Availability Zones by name, at least two: the database and the load balancer need them.
   * @default the first two of the region that is deployed to
   */
  readonly availabilityZones?: string[]
  /**
   * NAT gateways; fewer than one a zone is cheaper, and a zone that fails may take the others' way out with it.
   * @default one a zone
   */
  readonly natGateways?: number
  /**
   * How long to keep the log of the VPC's traffic.
   * @default three months
   */
  readonly flowLogRetention?: logs.RetentionDays
}

export interface ExistingVpcProps {
  /** A VPC with private subnets in two Availability Zones. */
  readonly vpc: ec2.IVpc
}

/** Where everything runs: a VPC with public, private and isolated subnets, or the one it is given. */
export class Network extends Construct {
  readonly vpc: ec2.IVpc
  /** Subnets with a way out and none in. */
  readonly privateSubnets: ec2.SubnetSelection = { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS }
  /** Subnets for data: without a way out where the VPC has such. */
  readonly dataSubnets: ec2.SubnetSelection

  constructor(scope: Construct, id: string, props: NewVpcProps | ExistingVpcProps = {}) {
    super(scope, id)
    this.vpc = 'vpc' in props ? props.vpc : this.makeVpc(props)
    const isolated = this.vpc.isolatedSubnets.length > 0
    this.dataSubnets = isolated ? { subnetType: ec2.SubnetType.PRIVATE_ISOLATED } : this.privateSubnets
  }

  private makeVpc(props: NewVpcProps): ec2.Vpc {
    const { cidr = '10.40.0.0/16', availabilityZones = firstZones(2) } = props
    const { natGateways = availabilityZones.length, flowLogRetention = logs.RetentionDays.THREE_MONTHS } =
      props
    if (availabilityZones.length < 2) {
      throw new Error(`availabilityZones must be at least two, got ${availabilityZones.join(', ') || 'none'}`)
    }
    const flowLog = new logs.LogGroup(this, 'FlowLog', { retention: flowLogRetention })
    return new ec2.Vpc(this, 'Vpc', {
      ipAddresses: ec2.IpAddresses.cidr(cidr),
      availabilityZones,
      natGateways,
      restrictDefaultSecurityGroup: true,
      flowLogs: { All: { destination: ec2.FlowLogDestination.toCloudWatchLogs(flowLog) } },
      gatewayEndpoints: { S3: { service: ec2.GatewayVpcEndpointAwsService.S3 } },
      subnetConfiguration: [
        { name: 'public', subnetType: ec2.SubnetType.PUBLIC, cidrMask: 24, mapPublicIpOnLaunch: false },
        { name: 'private', subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 22 },
        { name: 'data', subnetType: ec2.SubnetType.PRIVATE_ISOLATED, cidrMask: 24 },
      ],
    })
  }
}

/** The first zones of whichever region is deployed to; no account is asked for their names. */
export function firstZones(count: number): string[] {
  return Array.from({ length: count }, (_, index) => Fn.select(index, Fn.getAzs()))
}
