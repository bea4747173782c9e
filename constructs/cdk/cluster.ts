import * as autoscaling from 'aws-cdk-lib/aws-autoscaling'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as ecs from 'aws-cdk-lib/aws-ecs'
import * as iam from 'aws-cdk-lib/aws-iam'
import { Construct } from 'constructs'

export interface ClusterProps {
  readonly vpc: ec2.IVpc
  /** @default the private ones with a way out */
  readonly vpcSubnets?: ec2.SubnetSelection
  /**
   * Type of the instances; x86_64, as the image is.
   * @default m7i.large
   */
  readonly instanceType?: ec2.InstanceType
  /** @default 2 */
  readonly minInstances?: number
  /**
   * A deployment runs old and new containers side by side: leave room for twice the containers.
   * @default twice minInstances
   */
  readonly maxInstances?: number
  /**
   * Disk of an instance, in GiB.
   * @default 40
   */
  readonly diskGiB?: number
}

/** An ECS cluster and the EC2 instances it schedules on; ECS itself says how many it needs. */
export class Cluster extends Construct {
  readonly cluster: ecs.Cluster
  readonly capacityProviderName: string

  constructor(scope: Construct, id: string, props: ClusterProps) {
    super(scope, id)
    const { minInstances = 2, maxInstances = 2 * minInstances } = props
    if (maxInstances < minInstances) {
      throw new Error(`maxInstances must be at least minInstances (${minInstances}), got ${maxInstances}`)
    }
    this.cluster = new ecs.Cluster(this, 'Cluster', {
      vpc: props.vpc,
      containerInsightsV2: ecs.ContainerInsights.ENABLED,
    })
    const provider = new ecs.AsgCapacityProvider(this, 'Capacity', {
      autoScalingGroup: new autoscaling.AutoScalingGroup(this, 'Instances', {
        vpc: props.vpc,
        vpcSubnets: props.vpcSubnets ?? { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS },
        launchTemplate: this.launchTemplate(props),
        minCapacity: minInstances,
        maxCapacity: maxInstances,
      }),
      enableManagedDraining: true,
      enableManagedTerminationProtection: true,
    })
    this.cluster.addAsgCapacityProvider(provider)
    this.capacityProviderName = provider.capacityProviderName
  }

  private launchTemplate(props: ClusterProps): ec2.LaunchTemplate {
    const { instanceType = ec2.InstanceType.of(ec2.InstanceClass.M7I, ec2.InstanceSize.LARGE) } = props
    const userData = ec2.UserData.forLinux()
    // A container gets the rights of its task, never those of the instance.
    userData.addCommands('echo ECS_AWSVPC_BLOCK_IMDS=true >> /etc/ecs/ecs.config')
    return new ec2.LaunchTemplate(this, 'Template', {
      machineImage: ecs.EcsOptimizedImage.amazonLinux2023(ecs.AmiHardwareType.STANDARD),
      instanceType,
      userData,
      requireImdsv2: true,
      httpPutResponseHopLimit: 1,
      securityGroup: new ec2.SecurityGroup(this, 'SecurityGroup', {
        vpc: props.vpc,
        description: 'Instances of the cluster: nothing comes in',
      }),
      role: new iam.Role(this, 'Role', { assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') }),
      blockDevices: [{ deviceName: '/dev/xvda', volume: disk(props.diskGiB ?? 40) }],
    })
  }
}

function disk(sizeGiB: number): ec2.BlockDeviceVolume {
  return ec2.BlockDeviceVolume.ebs(sizeGiB, { encrypted: true, volumeType: ec2.EbsDeviceVolumeType.GP3 })
}
