import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import { type Alarm, Metric } from 'aws-cdk-lib/aws-cloudwatch'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as ecs from 'aws-cdk-lib/aws-ecs'
import type * as kms from 'aws-cdk-lib/aws-kms'
import * as logs from 'aws-cdk-lib/aws-logs'
import { Schedule, ScheduleExpression } from 'aws-cdk-lib/aws-scheduler'
import { EcsRunEc2Task } from 'aws-cdk-lib/aws-scheduler-targets'
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager'
import type { ITopic } from 'aws-cdk-lib/aws-sns'
import { Construct } from 'constructs'
import { newAlarm, SILENCE_IS_BAD } from './alarm.ts'
import { confinement } from './confined-container.ts'
import { metricNamespace } from './log-metrics.ts'
import { containerSecret } from './secret-value.ts'

export interface CanaryProps {
  readonly cluster: ecs.ICluster
  /** Capacity provider of the cluster that it runs on. */
  readonly capacityProviderName: string
  /** @default the private ones with a way out */
  readonly vpcSubnets?: ec2.SubnetSelection
  /** The image of the servers: it has the command. */
  readonly image: ecs.ContainerImage
  /** What clients use, static prefix included. */
  readonly url: string
  /** The load balancer's listener that is at this URL. */
  readonly listener: ec2.IConnectable
  /**
   * Whether the URL leads out of the VPC and in again, as that of a load balancer on the internet does; the VPC's own
   * addresses on the internet must be among those who may connect then.
   * @default false
   */
  readonly throughInternet?: boolean
  /**
   * A secret that is nothing but a token with the scope `write`. `trackyard tokens create canary --user canary --scope
   * write --expires 366d` prints one, for a user that has no other rights.
   */
  readonly token: ISecret
  /** Told when it fails twice within three times, or does not come. */
  readonly topic: ITopic
  /**
   * How often, in minutes.
   * @default 5
   */
  readonly everyMinutes?: number
  /** @default CloudWatch's own */
  readonly logEncryptionKey?: kms.IKey
  /** @default one month */
  readonly logRetention?: logs.RetentionDays
}

/** Logs a run and an artifact through the load balancer every few minutes, reads them back, and says when it cannot. */
export class Canary extends Construct implements ec2.IConnectable {
  readonly connections: ec2.Connections
  readonly logGroup: logs.LogGroup
  readonly alarm: Alarm

  constructor(scope: Construct, id: string, props: CanaryProps) {
    super(scope, id)
    const { everyMinutes = 5, logRetention = logs.RetentionDays.ONE_MONTH, logEncryptionKey } = props
    // Metrics of a minute or more; a canary takes seconds, and a minute when the stack hangs.
    if (!(everyMinutes >= 2 && everyMinutes <= 60 && 60 % everyMinutes === 0)) {
      throw new Error(`everyMinutes must divide an hour and be at least 2, got ${everyMinutes}`)
    }
    this.logGroup = new logs.LogGroup(this, 'Log', {
      retention: logRetention,
      ...(logEncryptionKey && { encryptionKey: logEncryptionKey }),
      removalPolicy: RemovalPolicy.DESTROY,
    })
    const securityGroup = this.ownSecurityGroup(props)
    this.connections = securityGroup.connections
    new Schedule(this, 'Schedule', {
      description: 'Logs a run and an artifact, and reads them back',
      schedule: ScheduleExpression.rate(Duration.minutes(everyMinutes)),
      target: new EcsRunEc2Task(props.cluster, {
        taskDefinition: this.task(props),
        capacityProviderStrategies: [{ capacityProvider: props.capacityProviderName, weight: 1 }],
        vpcSubnets: props.vpcSubnets ?? { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS },
        securityGroups: [securityGroup],
        // The next one comes soon enough; one that is late would be counted in its place.
        retryAttempts: 0,
        maxEventAge: Duration.minutes(1),
      }),
    })
    this.alarm = newAlarm(this, 'Alarm', this.failures(everyMinutes), props.topic)
  }

  private ownSecurityGroup({ cluster, listener, throughInternet }: CanaryProps): ec2.SecurityGroup {
    const group = new ec2.SecurityGroup(this, 'SecurityGroup', {
      vpc: cluster.vpc,
      description: 'The canary: nothing comes in, it goes to the load balancer only',
      allowAllOutbound: false,
    })
    if (throughInternet) group.connections.allowTo(ec2.Peer.anyIpv4(), ec2.Port.tcp(443), 'As clients do')
    else group.connections.allowToDefaultPort(listener, 'The canary')
    return group
  }

  private task({ image, url, token }: CanaryProps): ecs.Ec2TaskDefinition {
    const task = new ecs.Ec2TaskDefinition(this, 'Task', { networkMode: ecs.NetworkMode.AWS_VPC })
    task.addContainer('canary', {
      image,
      command: ['canary', '--url', url, '--json'],
      memoryLimitMiB: 192,
      ...confinement(this, 'Linux'),
      secrets: { MLFLOW_TRACKING_TOKEN: containerSecret(token) },
      logging: ecs.LogDrivers.awsLogs({ streamPrefix: 'canary', logGroup: this.logGroup }),
    })
    return task
  }

  private failures(everyMinutes: number) {
    const metricNames = { failed: 'CanaryFailed', ms: 'CanaryMilliseconds' }
    for (const [field, metricName] of Object.entries(metricNames)) {
      new logs.MetricFilter(this, metricName, {
        logGroup: this.logGroup,
        filterPattern: logs.FilterPattern.numberValue(`$.canary.${field}`, '>=', 0),
        metricNamespace: metricNamespace(this),
        metricName,
        metricValue: `$.canary.${field}`,
      })
    }
    return {
      metric: new Metric({
        namespace: metricNamespace(this),
        metricName: metricNames.failed,
        statistic: 'Maximum',
        period: Duration.minutes(everyMinutes),
      }),
      threshold: 1,
      evaluationPeriods: 3,
      datapointsToAlarm: 2,
      ...SILENCE_IS_BAD,
      alarmDescription: `Twice within ${3 * everyMinutes} minutes the canary could not log a run and an artifact and read them back, or did not run. Next: its log group says which step failed, and why; an answer 401 is a token that has expired: make a new one and put it into its secret. Without any line, look at the schedule and at room on the instances.`,
    }
  }
}
