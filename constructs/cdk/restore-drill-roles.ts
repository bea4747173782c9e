/** What a drill may do: its task reads, and its state machine restores, destroys and reports. */
import { Stack } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import type * as kms from 'aws-cdk-lib/aws-kms'
import type * as s3 from 'aws-cdk-lib/aws-s3'
import type * as sns from 'aws-cdk-lib/aws-sns'
import type { Construct } from 'constructs'
import { actionsOf, READING_FEATURES } from './artifact-permissions.ts'
import { allow, arn } from './backup-roles.ts'
import type { TaskPlace } from './garbage-collection.ts'
import type { RestoreDrillProps } from './restore-drill.ts'
import type { DrillPlan } from './restore-drill-plan.ts'

interface Restored {
  readonly instanceName: string
  readonly target: s3.IBucket
}

/** It reads: both databases, and what was restored. */
export function drillTaskRole(
  scope: Construct,
  props: RestoreDrillProps,
  { instanceName, target }: Restored,
): iam.Role {
  const { database, databaseCredentials, encryptionKey } = props
  const role = new iam.Role(scope, 'TaskRole', {
    description: 'Looks at what the drill has restored',
    assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com'),
  })
  const { region } = Stack.of(scope)
  const through = (service: string) => ({
    StringEquals: { 'kms:ViaService': `${service}.${region}.amazonaws.com` },
  })
  const secret = ['secretsmanager:GetSecretValue']
  database.grantLoginPastProxy(role)
  if (databaseCredentials) allow(role, [databaseCredentials.secretArn], secret)
  allow(role, [arn(scope, 'secretsmanager', 'secret', 'rds!db-*')], secret, {
    StringEquals: { 'aws:ResourceTag/aws:rds:primaryDBInstanceArn': arn(scope, 'rds', 'db', instanceName) },
  })
  const liveKey = databaseCredentials?.encryptionKey
  const keys = [encryptionKey, ...(liveKey ? [liveKey] : [])].map(({ keyArn }) => keyArn)
  allow(role, keys, ['kms:Decrypt'], through('secretsmanager'))
  allow(role, [target.bucketArn], actionsOf(READING_FEATURES, 'bucket'))
  allow(role, [target.arnForObjects('*')], actionsOf(READING_FEATURES, 'objects'))
  allow(role, [encryptionKey.keyArn], actionsOf(READING_FEATURES, 'key'), through('s3'))
  return role
}

/** What the state machine itself asks of AWS. */
export function allowDrill(
  scope: Construct,
  role: iam.Role,
  props: RestoreDrillProps,
  plan: DrillPlan,
  target: s3.IBucket,
): void {
  const { encryptionKey, taskDefinition, topic, vault } = props
  const restored = arn(scope, 'rds', 'db', plan.instanceName)
  allow(role, [vault.backupVaultArn], ['backup:ListRecoveryPointsByBackupVault'])
  const snapshots = arn(scope, 'rds', 'snapshot', 'awsbackup:*')
  allow(role, [snapshots], ['backup:GetRecoveryPointRestoreMetadata'])
  allow(role, [snapshots, arn(scope, 'backup', 'recovery-point', '*')], ['backup:StartRestoreJob'])
  // A job has no ARN.
  allow(role, ['*'], ['backup:DescribeRestoreJob'])
  allow(role, [plan.restoreRoleArn], ['iam:PassRole'], {
    StringEquals: { 'iam:PassedToService': 'backup.amazonaws.com' },
  })
  allow(role, [restored], ['rds:ModifyDBInstance', 'rds:DescribeDBInstances', 'rds:DeleteDBInstance'])
  // Of the caller RDS wants these rights itself, to keep the password.
  allow(
    role,
    [arn(scope, 'secretsmanager', 'secret', 'rds!db-*')],
    ['secretsmanager:CreateSecret', 'secretsmanager:TagResource'],
  )
  allow(
    role,
    [encryptionKey.keyArn],
    ['kms:CreateGrant', 'kms:Decrypt', 'kms:DescribeKey', 'kms:GenerateDataKey'],
  )
  allow(role, [target.bucketArn], ['s3:ListBucket'])
  allow(role, [target.arnForObjects('*')], ['s3:DeleteObject'])
  allowReport(scope, role, topic, encryptionKey)
  allowTask(scope, role, taskDefinition, plan)
}

/** Who publishes to an encrypted topic needs its key, which SNS then uses for him. */
function allowReport(scope: Construct, role: iam.Role, topic: sns.ITopic, encryptionKey: kms.IKey): void {
  allow(role, [topic.topicArn], ['sns:Publish'])
  const { masterKey } = topic
  if (!masterKey || masterKey === encryptionKey) return
  allow(role, [masterKey.keyArn], ['kms:Decrypt', 'kms:GenerateDataKey'], {
    StringEquals: { 'kms:ViaService': `sns.${Stack.of(scope).region}.amazonaws.com` },
  })
}

/** `runTask.sync` hears of the end of a task by a rule of its own. */
function allowTask(
  scope: Construct,
  role: iam.Role,
  taskDefinition: TaskPlace['taskDefinition'],
  { task }: DrillPlan,
): void {
  const ofCluster = { ArnEquals: { 'ecs:cluster': task.clusterArn } }
  allow(role, [task.definitionArn], ['ecs:RunTask'], ofCluster)
  allow(role, [arn(scope, 'ecs', 'task', '*', '/')], ['ecs:StopTask', 'ecs:DescribeTasks'], ofCluster)
  const rule = 'StepFunctionsGetEventsForECSTaskRule'
  allow(
    role,
    [arn(scope, 'events', 'rule', rule, '/')],
    ['events:PutTargets', 'events:PutRule', 'events:DescribeRule'],
  )
  const execution = taskDefinition.executionRole ? [taskDefinition.executionRole.roleArn] : []
  allow(role, [task.roleArn, ...execution], ['iam:PassRole'], {
    StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' },
  })
}
