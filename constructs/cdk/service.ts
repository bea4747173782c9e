import { Duration, Stack } from 'aws-cdk-lib'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as ecs from 'aws-cdk-lib/aws-ecs'
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as kms from 'aws-cdk-lib/aws-kms'
import * as logs from 'aws-cdk-lib/aws-logs'
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager'
import { Construct } from 'constructs'
import { CONTAINER_USER, HEALTH_CHECK, SCRATCH, stopTimeoutSeconds } from '../container.ts'
import { DATABASE_SECRET } from '../environment.ts'
import { CONTAINER_PORT, type TrackingSettings, type TrackingSettingsInput } from '../settings.ts'
import { compileSettings } from './token-settings.ts'

const CONTAINER = 'server'

export interface ServiceProps {
  readonly cluster: ecs.ICluster
  /** Capacity provider of the cluster that the containers run on. */
  readonly capacityProviderName: string
  /** @default the private ones with a way out */
  readonly vpcSubnets?: ec2.SubnetSelection
  readonly image: ecs.ContainerImage
  /** Settings of the servers; a text in them may be a token. */
  readonly settings: TrackingSettingsInput
  /** JSON with `username` and `password` of the database. */
  readonly databaseCredentials: secretsmanager.ISecret
  /**
   * CPU shares a container is sure of; 1024 are one core.
   * @default 512
   */
  readonly cpu?: number
  /** @default three months */
  readonly logRetention?: logs.RetentionDays
}

/** The tracking servers: containers on ECS, replaced one by one, and rolled back when a new one does not come up. */
export class Service extends Construct implements ec2.IConnectable, iam.IGrantable {
  readonly service: ecs.Ec2Service
  readonly connections: ec2.Connections
  /** The role of the servers themselves: what they may reach is granted to it. */
  readonly grantPrincipal: iam.IPrincipal
  readonly logGroup: logs.LogGroup
  readonly #settings: TrackingSettings

  constructor(scope: Construct, id: string, props: ServiceProps) {
    super(scope, id)
    const { settings, environment } = compileSettings(props.settings)
    const { logRetention = logs.RetentionDays.THREE_MONTHS } = props
    this.#settings = settings
    this.logGroup = new logs.LogGroup(this, 'Log', { retention: logRetention })

    const task = new ecs.Ec2TaskDefinition(this, 'Task', { networkMode: ecs.NetworkMode.AWS_VPC })
    this.addServer(task, props, environment)
    grantReadSecret(props.databaseCredentials, task.taskRole)
    this.service = new ecs.Ec2Service(this, 'Service', {
      cluster: props.cluster,
      taskDefinition: task,
      vpcSubnets: props.vpcSubnets ?? { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS },
      capacityProviderStrategies: [{ capacityProvider: props.capacityProviderName, weight: 1 }],
      desiredCount: settings.replicas,
      minHealthyPercent: 100,
      maxHealthyPercent: 200,
      circuitBreaker: { rollback: true },
      healthCheckGracePeriod: Duration.seconds(HEALTH_CHECK.startPeriodSeconds),
      placementStrategies: [
        ecs.PlacementStrategy.spreadAcross('attribute:ecs.availability-zone'),
        ecs.PlacementStrategy.packedByMemory(),
      ],
      propagateTags: ecs.PropagatedTagSource.SERVICE,
    })
    // A capacity provider serves a cluster only once it is associated with it.
    this.service.node.addDependency(props.cluster)
    this.connections = this.service.connections
    this.grantPrincipal = task.taskRole
  }

  /** Sends what a load balancer's listener takes to the servers. */
  serveOn(listener: elb.ApplicationListener): elb.ApplicationTargetGroup {
    return listener.addTargets('Server', {
      port: CONTAINER_PORT,
      protocol: elb.ApplicationProtocol.HTTP,
      targets: [this.service.loadBalancerTarget({ containerName: CONTAINER, containerPort: CONTAINER_PORT })],
      // Not /readyz: a database that is away for a minute is no reason to replace every server.
      healthCheck: {
        path: `${this.#settings.staticPrefix}/health`,
        interval: Duration.seconds(10),
        healthyThresholdCount: 2,
      },
      deregistrationDelay: Duration.seconds(this.#settings.drainSeconds),
    })
  }

  private addServer(
    task: ecs.Ec2TaskDefinition,
    { image, databaseCredentials, cpu = 512 }: ServiceProps,
    environment: Record<string, string>,
  ): void {
    const container = task.addContainer(CONTAINER, {
      image,
      portMappings: [{ containerPort: CONTAINER_PORT }],
      // ECS on EC2 does not tell a container its region.
      environment: {
        ...environment,
        AWS_REGION: Stack.of(this).region,
        // Not as secrets of the container: ECS reads those once, and RDS rotates them.
        [DATABASE_SECRET]: databaseCredentials.secretArn,
      },
      cpu,
      memoryLimitMiB: this.#settings.memoryMiB,
      user: CONTAINER_USER,
      readonlyRootFilesystem: true,
      dockerSecurityOptions: ['no-new-privileges'],
      linuxParameters: new ecs.LinuxParameters(this, 'Linux'),
      healthCheck: {
        command: [...HEALTH_CHECK.command],
        interval: Duration.seconds(HEALTH_CHECK.intervalSeconds),
        timeout: Duration.seconds(HEALTH_CHECK.timeoutSeconds),
        startPeriod: Duration.seconds(HEALTH_CHECK.startPeriodSeconds),
        retries: HEALTH_CHECK.retries,
      },
      stopTimeout: Duration.seconds(stopTimeoutSeconds(this.#settings)),
      logging: ecs.LogDrivers.awsLogs({ streamPrefix: CONTAINER, logGroup: this.logGroup }),
    })
    container.addUlimits({ name: ecs.UlimitName.NOFILE, softLimit: 16_384, hardLimit: 16_384 })
    container.linuxParameters?.dropCapabilities(ecs.Capability.ALL)
    container.linuxParameters?.addTmpfs({
      containerPath: SCRATCH.path,
      size: SCRATCH.sizeMiB,
      mountOptions: [ecs.TmpfsMountOption.NOEXEC, ecs.TmpfsMountOption.NOSUID, ecs.TmpfsMountOption.NODEV],
    })
  }
}

/** Its value and nothing else: `grantRead` lets a reader describe it too. */
function grantReadSecret(secret: secretsmanager.ISecret, grantee: iam.IRole): void {
  iam.Grant.addToPrincipal({
    grantee,
    actions: ['secretsmanager:GetSecretValue'],
    resourceArns: [secret.secretArn],
  })
  const { region } = Stack.of(secret)
  secret.encryptionKey?.grantDecrypt(
    new kms.ViaServicePrincipal(`secretsmanager.${region}.amazonaws.com`, grantee.grantPrincipal),
  )
}
