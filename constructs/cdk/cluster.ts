import { Duration } from 'aws-cdk-lib'
import * as autoscaling from 'aws-cdk-lib/aws-autoscaling'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as ecs from 'aws-cdk-lib/aws-ecs'
import * as iam from 'aws-cdk-lib/aws-iam'
import { Construct } from 'constructs'
import { type Architecture, machineOf } from './architecture.ts'
import { closedSecurityGroup } from './closed-security-group.ts'
import { instancePermissions } from './instance-permissions.ts'
import { refreshInstances } from './instance-refresh.ts'

export interface ClusterProps {
  readonly vpc: ec2.IVpc
  /** @default the private ones with a way out */
  readonly vpcSubnets?: ec2.SubnetSelection
  /**
   * Processors of the instances: of Graviton, or of Intel and AMD. The image must be built for them.
   * @default arm64
   */
  readonly architecture?: Architecture
  /** @default m7g.large, or m7i.large for x86_64 */
  readonly instanceType?: ec2.InstanceType
  /** @default 2 */
  readonly minInstances?: number
  /**
   * A deployment runs old and new containers side by side: leave room for twice the containers.
   * @default twice minInstances
   */
  readonly maxInstances?: number
  /**
   * Days after which an instance is replaced by a new one, with the newest image of Amazon Linux; from 1 to 30.
   * @default 14
   */
  readonly maxInstanceDays?: number
  /**
   * Disk of an instance, in GiB.
   * @default 40
   */
  readonly diskGiB?: number
  /** What instances may reach on port 443. @default any address */
  readonly httpsPeers?: readonly ec2.IPeer[]
}

/** An ECS cluster and the EC2 instances it schedules on; ECS itself says how many it needs. */
export class Cluster extends Construct {
  readonly cluster: ecs.Cluster
  readonly capacityProviderName: string
  readonly instances: autoscaling.AutoScalingGroup

  constructor(scope: Construct, id: string, props: ClusterProps) {
    super(scope, id)
    const { minInstances = 2, maxInstances = 2 * minInstances, maxInstanceDays = 14 } = props
    if (maxInstances < minInstances) {
      throw new Error(`maxInstances must be at least minInstances (${minInstances}), got ${maxInstances}`)
    }
    if (!(maxInstanceDays >= 1 && maxInstanceDays <= 30)) {
      throw new Error(`maxInstanceDays must be from 1 to 30, got ${maxInstanceDays}`)
    }
    this.cluster = new ecs.Cluster(this, 'Cluster', {
      vpc: props.vpc,
      containerInsightsV2: ecs.ContainerInsights.ENABLED,
    })
    this.instances = new autoscaling.AutoScalingGroup(this, 'Instances', {
      vpc: props.vpc,
      vpcSubnets: props.vpcSubnets ?? { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS },
      launchTemplate: this.launchTemplate(props),
      minCapacity: minInstances,
      maxCapacity: maxInstances,
      maxInstanceLifetime: Duration.days(maxInstanceDays),
      groupMetrics: [autoscaling.GroupMetrics.all()],
    })
    refreshInstances(this, this.instances, maxInstanceDays)
    const provider = new ecs.AsgCapacityProvider(this, 'Capacity', {
      autoScalingGroup: this.instances,
      enableManagedScaling: true,
      enableManagedDraining: true,
      enableManagedTerminationProtection: true,
    })
    this.cluster.addAsgCapacityProvider(provider)
    this.capacityProviderName = provider.capacityProviderName
  }

  private launchTemplate(props: ClusterProps): ec2.LaunchTemplate {
    const { architecture = 'arm64', vpc, httpsPeers } = props
    const { machineImage, instanceType } = { ...machineOf(architecture), ...given(props.instanceType) }
    if (instanceType.architecture !== architecture) {
      throw new Error(`instanceType must be of ${architecture}, got ${instanceType}`)
    }
    const userData = ec2.UserData.forLinux()
    // A container gets the rights of its task, never those of the instance.
    userData.addCommands('echo ECS_AWSVPC_BLOCK_IMDS=true >> /etc/ecs/ecs.config')
    return new ec2.LaunchTemplate(this, 'Template', {
      machineImage,
      instanceType,
      userData,
      requireImdsv2: true,
      // The agent is on the host's network; containers have interfaces of their own, and are not to get there.
      httpPutResponseHopLimit: 1,
      securityGroup: closedSecurityGroup(this, 'SecurityGroup', {
        vpc,
        description: 'Instances of the cluster: nothing comes in',
        httpsPeers,
      }),
      role: this.role(),
      blockDevices: [{ deviceName: '/dev/xvda', volume: disk(props.diskGiB ?? 40) }],
    })
  }

  private role(): iam.IRole {
    const role = new iam.Role(this, 'Role', { assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') })
    for (const statement of instancePermissions(this.cluster)) role.addToPolicy(statement)
    // CDK would add rights that only containers without roles of their own need.
    return role.withoutPolicyUpdates()
  }
}

function given(instanceType: ec2.InstanceType | undefined) {
  return instanceType && { instanceType }
}

function disk(sizeGiB: number): ec2.BlockDeviceVolume {
  return ec2.BlockDeviceVolume.ebs(sizeGiB, { encrypted: true, volumeType: ec2.EbsDeviceVolumeType.GP3 })
}
