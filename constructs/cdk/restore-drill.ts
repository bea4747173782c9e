import { Duration, Names, RemovalPolicy, Stack } from 'aws-cdk-lib'
import type * as backup from 'aws-cdk-lib/aws-backup'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as iam from 'aws-cdk-lib/aws-iam'
import type * as kms from 'aws-cdk-lib/aws-kms'
import * as logs from 'aws-cdk-lib/aws-logs'
import * as s3 from 'aws-cdk-lib/aws-s3'
import * as scheduler from 'aws-cdk-lib/aws-scheduler'
import * as targets from 'aws-cdk-lib/aws-scheduler-targets'
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager'
import type * as sns from 'aws-cdk-lib/aws-sns'
import * as sfn from 'aws-cdk-lib/aws-stepfunctions'
import { Construct } from 'constructs'
import { accessLogBucket } from './access-logs.ts'
import { type Kept, restoreRole } from './backup-roles.ts'
import { closedSecurityGroup } from './closed-security-group.ts'
import type { Database } from './database.ts'
import { containerOf, type TaskPlace } from './garbage-collection.ts'
import { newLogKey } from './log-key.ts'
import { PRIVATE_BUCKET } from './private-bucket.ts'
import { destroyingStates, reportingStates } from './restore-drill-end.ts'
import type { DrillPlan } from './restore-drill-plan.ts'
import { allowDrill, drillTaskRole } from './restore-drill-roles.ts'
import { restoringStates } from './restore-drill-states.ts'
import { verifyingStates } from './restore-drill-verify.ts'

export interface RestoreDrillProps extends Kept, Omit<TaskPlace, 'securityGroups'> {
  readonly vault: backup.IBackupVault
  /** Encrypts what is restored, and the password of the restored database. */
  readonly encryptionKey: kms.IKey
  /** Is told how the drill ended. */
  readonly topic: sns.ITopic
  /** The live database, with whose counts those of the restored one are compared. */
  readonly database: Pick<Database, 'instance' | 'host' | 'grantLoginPastProxy'>
  /** Who has a password logs in with it. @default none: tokens of IAM */
  readonly databaseCredentials?: secretsmanager.ISecret | undefined
  /**
   * Encrypts the log.
   * @default a new key, rotated every year
   */
  readonly logKey?: kms.IKey | undefined
  /** What the keys of artifacts begin with. @default the whole bucket */
  readonly prefix?: string | undefined
  /**
   * When, as EventBridge Scheduler has it, in UTC.
   * @default cron(0 6 1 * ? *): on the first of each month, at 06:00
   */
  readonly schedule?: string | undefined
  /**
   * Class of the restored database.
   * @default db.t4g.medium
   */
  readonly instanceClass?: string | undefined
}

/**
 * Restores the newest backups beside what runs, has `trackyard verify` look at them, reports, and destroys what it has
 * restored, whatever fails.
 */
export class RestoreDrill extends Construct {
  readonly stateMachine: sfn.StateMachine
  readonly #name: string

  constructor(scope: Construct, id: string, props: RestoreDrillProps) {
    super(scope, id)
    const { schedule = 'cron(0 6 1 * ? *)' } = props
    this.#name = Names.uniqueResourceName(this, { maxLength: 50, separator: '-' }).toLowerCase()
    const target = this.targetBucket(props.encryptionKey)
    const { task, restored } = this.securityGroups(props)
    const plan: DrillPlan = {
      vaultName: props.vault.backupVaultName,
      databaseArn: props.databaseArn,
      bucketArn: props.bucket.bucketArn,
      restoreRoleArn: restoreRole(this, 'RestoreRole', { ...props, instanceName: this.#name, target })
        .roleArn,
      instanceName: this.#name,
      instanceClass: props.instanceClass ?? 'db.t4g.medium',
      securityGroupId: restored.securityGroupId,
      liveHost: props.database.host,
      secretKeyArn: props.encryptionKey.keyArn,
      targetBucket: target.bucketName,
      targetKeyArn: props.encryptionKey.keyArn,
      prefix: props.prefix,
      topicArn: props.topic.topicArn,
      task: {
        clusterArn: props.cluster.clusterArn,
        definitionArn: props.taskDefinition.taskDefinitionArn,
        capacityProvider: props.capacityProviderName,
        container: containerOf(props.taskDefinition),
        roleArn: drillTaskRole(this, props, { instanceName: this.#name, target }).roleArn,
        subnets: props.cluster.vpc.selectSubnets(props.vpcSubnets).subnetIds,
        securityGroups: [task.securityGroupId],
      },
    }
    this.stateMachine = this.makeStateMachine(props, plan, target)
    new scheduler.Schedule(this, 'Schedule', {
      description: 'Restores the newest backups and looks at them',
      schedule: scheduler.ScheduleExpression.expression(schedule),
      target: new targets.StepFunctionsStartExecution(this.stateMachine, {}),
    })
  }

  /** All in it is of a drill; what a drill cannot delete goes after a day. */
  private targetBucket(encryptionKey: kms.IKey): s3.Bucket {
    return new s3.Bucket(this, 'Restored', {
      encryption: s3.BucketEncryption.KMS,
      encryptionKey,
      bucketKeyEnabled: true,
      ...PRIVATE_BUCKET,
      lifecycleRules: [
        { expiration: Duration.days(1), abortIncompleteMultipartUploadAfter: Duration.days(1) },
      ],
      serverAccessLogsBucket: accessLogBucket(this, 'AccessLogs', 365),
    })
  }

  private securityGroups({ cluster: { vpc }, database, httpsPeers }: RestoreDrillProps) {
    const group = (id: string, description: string, peers: readonly ec2.IPeer[] | undefined) =>
      closedSecurityGroup(this, id, { vpc, description, httpsPeers: peers })
    const task = group(
      'TaskSecurityGroup',
      'The drill: it reaches both databases and services of AWS',
      httpsPeers,
    )
    const restored = group('RestoredSecurityGroup', 'The restored database: only the drill comes in', [])
    const port = database.instance.connections.defaultPort ?? ec2.Port.tcp(5432)
    restored.connections.allowFrom(task, port)
    database.instance.connections.allowFrom(task, port)
    return { task, restored }
  }

  private makeStateMachine(props: RestoreDrillProps, plan: DrillPlan, target: s3.IBucket): sfn.StateMachine {
    const logGroup = new logs.LogGroup(this, 'Log', {
      retention: logs.RetentionDays.ONE_YEAR,
      encryptionKey: props.logKey ?? newLogKey(this, 'LogKey'),
      removalPolicy: RemovalPolicy.RETAIN,
    })
    const States = {
      ...restoringStates(plan),
      ...verifyingStates(plan),
      ...destroyingStates(plan),
      ...reportingStates(plan),
    }
    const definition = { QueryLanguage: 'JSONata', StartAt: 'Begin', States }
    const role = new iam.Role(this, 'Role', {
      description: 'Runs the restore drill',
      assumedBy: new iam.ServicePrincipal('states.amazonaws.com'),
    })
    const stateMachine = new sfn.StateMachine(this, 'StateMachine', {
      definitionBody: sfn.DefinitionBody.fromString(Stack.of(this).toJsonString(definition)),
      role,
      logs: { destination: logGroup, level: sfn.LogLevel.ALL },
      tracingEnabled: true,
    })
    allowDrill(this, role, props, plan, target)
    return stateMachine
  }
}
