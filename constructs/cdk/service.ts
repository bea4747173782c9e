import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib'
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as ecs from 'aws-cdk-lib/aws-ecs'
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import type * as iam from 'aws-cdk-lib/aws-iam'
import type * as kms from 'aws-cdk-lib/aws-kms'
import * as logs from 'aws-cdk-lib/aws-logs'
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager'
import { Construct } from 'constructs'
import type { Config, SettingName } from '../../server/config.ts'
import { SETTINGS } from '../../server/config-settings.ts'
import { HEALTH_CHECK, stopTimeoutSeconds } from '../container.ts'
import { DATABASE_SECRET } from '../environment.ts'
import { CONTAINER_PORT, type TrackingSettings, type TrackingSettingsInput } from '../settings.ts'
import { closedSecurityGroup } from './closed-security-group.ts'
import { confinement } from './confined-container.ts'
import { newLogKey } from './log-key.ts'
import { prepareDatabase } from './prepare-database.ts'
import { rollbackAlarm } from './rollback-alarm.ts'
import { grantSecretValue } from './secret-value.ts'
import { scaleServers } from './service-scaling.ts'
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
  /** Settings that the stack makes, such as the networks of its load balancer; a text in them may be a token. */
  readonly config?: Partial<Config>
  /** Settings that ECS reads from AWS Secrets Manager whenever a container starts. */
  readonly secrets?: Readonly<Partial<Record<SettingName, ecs.Secret>>>
  /**
   * JSON with `username` and `password` of the database.
   * @default none: tokens of IAM
   */
  readonly databaseCredentials?: secretsmanager.ISecret | undefined
  /**
   * The same of who may make roles and databases: each task prepares the database with it before its server starts.
   * @default none: the database is ready
   */
  readonly databaseAdministrator?: secretsmanager.ISecret
  /**
   * Bring an older schema forward to that of the image, before the first new server starts. There is no way back but a
   * snapshot.
   * @default false: the servers refuse an older schema
   */
  readonly upgradeDatabase?: boolean
  /**
   * CPU shares a container is sure of; 1024 are one core.
   * @default 1024 a server process
   */
  readonly cpu?: number
  /**
   * Containers at most; `settings.replicas` are the least. A deployment runs twice as many for its time.
   * @default as many as the least: nothing scales
   */
  readonly maxReplicas?: number
  /**
   * Share of `cpu` that is used before there are more containers, in percent.
   * @default 60
   */
  readonly targetCpuPercent?: number
  /**
   * Requests a minute that a container takes before there are more.
   * @default 3000
   */
  readonly targetRequestsPerMinute?: number
  /**
   * Failed requests a minute, twice in three minutes, that roll a deployment back; or the names of other alarms that do.
   * @default 10
   */
  readonly rollbackAt?: number | readonly string[]
  /** What servers may reach on port 443. @default any address */
  readonly httpsPeers?: readonly ec2.IPeer[]
  /**
   * Time that uploads have to finish on a server that is replaced.
   * @default five minutes
   */
  readonly uploadTime?: Duration
  /** @default three months */
  readonly logRetention?: logs.RetentionDays
  /**
   * Encrypts the log; CloudWatch Logs must be allowed to use it.
   * @default a new key, rotated every year
   */
  readonly logKey?: kms.IKey
}

/** The tracking servers: containers on ECS, replaced one by one, and rolled back when a new one does not come up. */
export class Service extends Construct implements ec2.IConnectable, iam.IGrantable {
  readonly service: ecs.Ec2Service
  readonly connections: ec2.Connections
  /** The role of the servers themselves: what they may reach is granted to it. */
  readonly grantPrincipal: iam.IPrincipal
  readonly logGroup: logs.LogGroup
  /** Its own alarms, once it serves; whom they tell is others' to say. */
  readonly alarms: cloudwatch.Alarm[] = []
  readonly #settings: TrackingSettings
  readonly #props: ServiceProps

  constructor(scope: Construct, id: string, props: ServiceProps) {
    super(scope, id)
    const { config = {}, secrets = {} } = props
    const names = Object.keys(secrets) as SettingName[]
    const { settings, environment: compiled } = compileSettings(props.settings, { config, secrets: names })
    const environment = { ...compiled, ...this.surroundings(props) }
    const { maxReplicas = settings.replicas } = props
    if (maxReplicas < settings.replicas) {
      throw new Error(`maxReplicas must be at least replicas (${settings.replicas}), got ${maxReplicas}`)
    }
    this.#settings = settings
    this.#props = props
    this.logGroup = new logs.LogGroup(this, 'Log', {
      retention: props.logRetention ?? logs.RetentionDays.THREE_MONTHS,
      encryptionKey: props.logKey ?? newLogKey(this, 'LogKey'),
      removalPolicy: RemovalPolicy.RETAIN,
    })

    const task = new ecs.Ec2TaskDefinition(this, 'Task', { networkMode: ecs.NetworkMode.AWS_VPC })
    this.addServer(task, props, environment)
    if (props.databaseCredentials) grantSecretValue(props.databaseCredentials, task.taskRole)
    this.service = new ecs.Ec2Service(this, 'Service', {
      cluster: props.cluster,
      taskDefinition: task,
      vpcSubnets: props.vpcSubnets ?? { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS },
      securityGroups: [
        closedSecurityGroup(this, 'SecurityGroup', {
          vpc: props.cluster.vpc,
          description: 'Servers: the load balancer comes in; the database and services of AWS are reached',
          httpsPeers: props.httpsPeers,
        }),
      ],
      capacityProviderStrategies: [{ capacityProvider: props.capacityProviderName, weight: 1 }],
      // With a number here every deployment would take away what scaling has added.
      ...(maxReplicas === settings.replicas && { desiredCount: settings.replicas }),
      minHealthyPercent: 100,
      maxHealthyPercent: 200,
      circuitBreaker: { rollback: true },
      healthCheckGracePeriod: Duration.seconds(HEALTH_CHECK.startPeriodSeconds),
      placementStrategies: [
        ecs.PlacementStrategy.spreadAcross('attribute:ecs.availability-zone'),
        ecs.PlacementStrategy.spreadAcrossInstances(),
      ],
      availabilityZoneRebalancing: ecs.AvailabilityZoneRebalancing.ENABLED,
      propagateTags: ecs.PropagatedTagSource.SERVICE,
    })
    // A capacity provider serves a cluster only once it is associated with it.
    this.service.node.addDependency(props.cluster)
    this.connections = this.service.connections
    this.grantPrincipal = task.taskRole
  }

  /** Sends what a load balancer's listener takes to the servers. */
  serveOn(listener: elb.ApplicationListener): elb.ApplicationTargetGroup {
    const targetGroup = listener.addTargets('Server', {
      port: CONTAINER_PORT,
      protocol: elb.ApplicationProtocol.HTTP,
      targets: [this.service.loadBalancerTarget({ containerName: CONTAINER, containerPort: CONTAINER_PORT })],
      // Not /readyz: a database that is away for a minute is no reason to replace every server.
      healthCheck: {
        path: `${this.#settings.staticPrefix}/health`,
        interval: Duration.seconds(10),
        healthyThresholdCount: 2,
        // ECS replaces what the load balancer calls unhealthy; a server that is only busy is to stay.
        unhealthyThresholdCount: 5,
      },
      // What is in flight ends before ECS stops a server.
      deregistrationDelay: this.#props.uploadTime ?? Duration.minutes(5),
    })
    this.rollBackOnAlarm(targetGroup)
    this.scale(targetGroup)
    return targetGroup
  }

  private rollBackOnAlarm(targetGroup: elb.ApplicationTargetGroup): void {
    const { rollbackAt = 10 } = this.#props
    const behavior = ecs.AlarmBehavior.ROLLBACK_ON_ALARM
    if (typeof rollbackAt !== 'number') {
      this.service.enableDeploymentAlarms([...rollbackAt], { behavior })
      return
    }
    const { alarm, alarmName } = rollbackAlarm(this, targetGroup, rollbackAt)
    this.alarms.push(alarm)
    this.service.enableDeploymentAlarms([alarmName], { behavior })
    // By name alone CloudFormation would not know which of the two comes first.
    this.service.node.addDependency(alarm)
  }

  private scale(targetGroup: elb.ApplicationTargetGroup): void {
    const { replicas } = this.#settings
    const { maxReplicas = replicas, targetCpuPercent = 60, targetRequestsPerMinute = 3000 } = this.#props
    if (maxReplicas === replicas) return
    scaleServers(this.service, targetGroup, {
      minTasks: replicas,
      maxTasks: maxReplicas,
      cpuPercent: targetCpuPercent,
      requestsPerMinute: targetRequestsPerMinute,
    })
  }

  /** What no setting says. */
  private surroundings({ databaseCredentials }: ServiceProps): Record<string, string> {
    return {
      // ECS on EC2 does not tell a container its region.
      AWS_REGION: Stack.of(this).region,
      // Not as secrets of the container: ECS reads those once, and they are rotated.
      ...(databaseCredentials && { [DATABASE_SECRET]: databaseCredentials.secretArn }),
    }
  }

  private addServer(
    task: ecs.Ec2TaskDefinition,
    {
      image,
      settings,
      databaseAdministrator: administrator,
      upgradeDatabase: upgrade,
      secrets = {},
      cpu = 1024 * this.#settings.workers,
    }: ServiceProps,
    environment: Record<string, string>,
  ): void {
    const container = task.addContainer(CONTAINER, {
      image,
      portMappings: [{ containerPort: CONTAINER_PORT }],
      environment,
      secrets: Object.fromEntries(
        Object.entries(secrets).map(([name, secret]) => [SETTINGS[name as SettingName].env, secret]),
      ),
      cpu,
      memoryLimitMiB: this.#settings.memoryMiB,
      ...confinement(this, 'Linux'),
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
    if (administrator) {
      const { database } = settings
      prepareDatabase(task, container, {
        ...{ image, environment, administrator, database, upgrade },
        logGroup: this.logGroup,
      })
    }
    container.addUlimits({ name: ecs.UlimitName.NOFILE, softLimit: 16_384, hardLimit: 16_384 })
  }
}
