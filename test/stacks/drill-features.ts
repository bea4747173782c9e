/** Why the roles of a restore drill may do what they may: docs/decisions/049 has its steps. */
import { ARTIFACT_PERMISSIONS, READING_FEATURES } from '../../constructs/cdk/artifact-permissions.ts'
import { GIVEN_TOPIC_FEATURE } from './optional-features.ts'
import { artifactRequests, type Feature, keyRequests, ownArn, reference, requests } from './role-requests.ts'

const SNAPSHOT = ownArn('rds', 'snapshot:awsbackup:0a1b')
const INSTANCE = ownArn('rds', 'db:enterprisestack-keeping-drill-87be7ba8')
const PASSWORD = ownArn('secretsmanager', 'secret:rds!db-0a1b')
const BUCKET = reference('KeepingDrillRestored.Arn')
const OBJECT = `${BUCKET}/1/0a1b/artifacts/model.pkl`
const KEY = reference('KeepingKey.Arn')
const CLUSTER = { 'ecs:cluster': reference('Cluster.Arn') }

/** What AWS Backup does for the drill. */
const restoring: readonly Feature[] = [
  {
    name: 'restore the database from a snapshot, with the tags, subnets and parameters that it had',
    needs: [
      ...[INSTANCE, SNAPSHOT, ...['subgrp', 'pg', 'og'].map((kind) => ownArn('rds', `${kind}:0a1b`))].flatMap(
        (resource) => requests(resource, 'rds:RestoreDBInstanceFromDBSnapshot'),
      ),
      ...requests(INSTANCE, 'rds:AddTagsToResource', 'rds:DescribeDBInstances'),
      ...requests(SNAPSHOT, 'rds:DescribeDBSnapshots', 'rds:ListTagsForResource'),
    ],
  },
  {
    name: 'have RDS encrypt the restored database with the key of the backed up one',
    needs: withContext(
      { 'kms:GrantIsForAWSResource': 'true' },
      requests(reference('DatabaseKey.Arn'), 'kms:DescribeKey', 'kms:CreateGrant'),
    ),
  },
  {
    name: 'restore artifacts, with their tags, over nothing that is there',
    needs: [
      ...requests(
        BUCKET,
        's3:GetBucketLocation',
        's3:GetBucketOwnershipControls',
        's3:GetBucketVersioning',
        's3:ListBucket',
        's3:ListBucketVersions',
      ),
      ...requests(
        OBJECT,
        's3:DeleteObject',
        's3:GetObject',
        's3:GetObjectAcl',
        's3:GetObjectTagging',
        's3:GetObjectVersion',
        's3:GetObjectVersionAcl',
        's3:ListMultipartUploadParts',
        's3:PutObject',
        's3:PutObjectAcl',
        's3:PutObjectTagging',
        's3:PutObjectVersionAcl',
      ),
      ...keyRequests('KeepingKey', 's3', 'kms:Decrypt', 'kms:DescribeKey', 'kms:GenerateDataKey'),
    ],
  },
]

/** What `trackyard verify` does: it reads. */
const verifying: readonly Feature[] = [
  {
    name: 'log in to the live database with a token, to compare its counts',
    needs: requests(
      ownArn('rds-db', `dbuser:${reference('DatabaseInstance.DbiResourceId')}/trackyard`),
      'rds-db:connect',
    ),
  },
  {
    name: 'log in to the restored database with its new password',
    needs: [
      ...withContext(
        { 'aws:ResourceTag/aws:rds:primaryDBInstanceArn': INSTANCE },
        requests(PASSWORD, 'secretsmanager:GetSecretValue'),
      ),
      ...keyRequests('KeepingKey', 'secretsmanager', 'kms:Decrypt'),
    ],
  },
  ...READING_FEATURES.map((name) => ({
    name: `restored artifacts: ${name}`,
    needs: artifactRequests(ARTIFACT_PERMISSIONS[name], {
      bucket: 'KeepingDrillRestored',
      key: 'KeepingKey',
    }),
  })),
]

/** What the state machine itself asks of AWS, by the names of its states. */
const steps: readonly Feature[] = [
  {
    name: 'FindDatabase, FindArtifacts: look for the newest backups',
    needs: requests(
      reference('KeepingBackupsVault.BackupVaultArn'),
      'backup:ListRecoveryPointsByBackupVault',
    ),
  },
  {
    name: 'DescribeDatabase: ask how the database was, of a backup that RDS calls a snapshot',
    needs: requests(SNAPSHOT, 'backup:GetRecoveryPointRestoreMetadata'),
  },
  {
    name: 'RestoreDatabase, RestoreArtifacts: have AWS Backup restore both with the role for that',
    needs: [
      ...[SNAPSHOT, ownArn('backup', 'recovery-point:0a1b')].flatMap((point) =>
        requests(point, 'backup:StartRestoreJob'),
      ),
      ...passRole('KeepingDrillRestoreRole', 'backup'),
    ],
  },
  {
    name: 'AskForDatabase, AskForArtifacts: wait for the jobs',
    needs: requests('*', 'backup:DescribeRestoreJob'),
  },
  {
    name: 'TakePassword, AskForPassword: have RDS make a new password and keep it encrypted',
    needs: [
      ...requests(INSTANCE, 'rds:ModifyDBInstance', 'rds:DescribeDBInstances'),
      ...requests(PASSWORD, 'secretsmanager:CreateSecret', 'secretsmanager:TagResource'),
      ...requests(KEY, 'kms:CreateGrant', 'kms:Decrypt', 'kms:DescribeKey', 'kms:GenerateDataKey'),
    ],
  },
  {
    name: 'Verify: run a task with the role that reads, and hear of its end',
    needs: [
      ...withContext(CLUSTER, [
        ...requests(reference('ServiceTask'), 'ecs:RunTask'),
        ...requests(ownArn('ecs', 'task/0a1b/0a1b'), 'ecs:StopTask', 'ecs:DescribeTasks'),
      ]),
      ...requests(
        ownArn('events', 'rule/StepFunctionsGetEventsForECSTaskRule'),
        'events:PutTargets',
        'events:PutRule',
        'events:DescribeRule',
      ),
      ...['KeepingDrillTaskRole', 'ServiceTaskExecutionRole'].flatMap((role) => passRole(role, 'ecs-tasks')),
    ],
  },
  {
    name: 'DestroyDatabase',
    needs: requests(INSTANCE, 'rds:DeleteDBInstance'),
  },
  {
    name: 'ListRestored, DestroyRestored',
    needs: [...requests(BUCKET, 's3:ListBucket'), ...requests(OBJECT, 's3:DeleteObject')],
  },
  {
    name: 'Report: tell an encrypted topic',
    needs: [
      ...requests(reference('KeepingTopic'), 'sns:Publish'),
      ...requests(KEY, 'kms:Decrypt', 'kms:GenerateDataKey'),
    ],
    profiles: ['lean', 'standard', 'regulated'],
  },
  GIVEN_TOPIC_FEATURE,
  {
    name: 'log each state: Step Functions wants these rights of the role, and they know no resource',
    needs: requests(
      '*',
      'logs:CreateLogDelivery',
      'logs:DeleteLogDelivery',
      'logs:DescribeLogGroups',
      'logs:DescribeResourcePolicies',
      'logs:GetLogDelivery',
      'logs:ListLogDeliveries',
      'logs:PutResourcePolicy',
      'logs:UpdateLogDelivery',
    ),
  },
  {
    name: 'be traced by X-Ray, whose actions know no resource',
    needs: requests(
      '*',
      'xray:GetSamplingRules',
      'xray:GetSamplingTargets',
      'xray:PutTelemetryRecords',
      'xray:PutTraceSegments',
    ),
  },
]

const starting: readonly Feature[] = [
  { name: 'begin a drill', needs: requests(reference('KeepingDrillStateMachine'), 'states:StartExecution') },
]

export const DRILL_FEATURES: Readonly<Record<string, readonly Feature[]>> = {
  KeepingDrillRestoreRole: restoring,
  KeepingDrillTaskRole: verifying,
  KeepingDrillRole: steps,
  // CDK names it: one role for all schedules of the same state machine.
  SchedulerRoleForTarget218a46: starting,
}

function passRole(role: string, service: string) {
  return withContext(
    { 'iam:PassedToService': `${service}.amazonaws.com` },
    requests(reference(`${role}.Arn`), 'iam:PassRole'),
  )
}

function withContext(context: Readonly<Record<string, string>>, asked: ReturnType<typeof requests>) {
  return asked.map((request) => ({ ...request, context: { ...request.context, ...context } }))
}
