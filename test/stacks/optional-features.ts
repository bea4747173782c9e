/** Why roles that only a setting makes may do what they may, and what only a setting lets the others do. */
import { type Feature, keyRequests, logRequests, reference, requests } from './role-requests.ts'

export const REPLICA_BUCKET = 'arn:aws:s3:::copies'
export const TOKEN_SECRET = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:canary-AbCdEf'
export const TOPIC = 'arn:aws:sns:eu-central-1:123456789012:given'
export const COPY_VAULT = 'arn:aws:backup:eu-west-1:123456789012:backup-vault:copies'

/** A key that the stack is given. */
export function givenKey(id: string, region = 'eu-central-1'): string {
  return `arn:aws:kms:${region}:123456789012:key/${id}`
}

function givenKeyRequests(key: string, via: string, ...actions: string[]) {
  const context = { 'kms:ViaService': `${via}.amazonaws.com` }
  return requests(key, ...actions).map((request) => ({ ...request, context }))
}

/** A topic of the organisation's own that is encrypted. */
export const GIVEN_TOPIC_FEATURE: Feature = {
  name: 'Report: tell a given topic, with its key',
  needs: [
    ...requests(TOPIC, 'sns:Publish'),
    ...givenKeyRequests(
      givenKey('topic'),
      `sns.${reference('AWS::Region')}`,
      'kms:Decrypt',
      'kms:GenerateDataKey',
    ),
  ],
  profiles: ['internet-facing'],
}

/** A vault of another region. */
export const COPY_FEATURE: Feature = {
  name: 'copy backups to the vault of another region',
  needs: [
    ...requests(COPY_VAULT, 'backup:CopyIntoBackupVault'),
    ...requests(givenKey('vault', 'eu-west-1'), 'kms:DescribeKey', 'kms:GenerateDataKey'),
    ...requests(givenKey('vault', 'eu-west-1'), 'kms:CreateGrant').map((request) => ({
      ...request,
      context: { 'kms:GrantIsForAWSResource': 'true' },
    })),
  ],
  profiles: ['internet-facing'],
}

const OBJECT = '1/0a1b/artifacts/model.pkl'

export const OPTIONAL_FEATURES: Readonly<Record<string, readonly Feature[]>> = {
  ArtifactsReplicationRole: [
    {
      name: 'find what is to be copied',
      needs: requests(reference('ArtifactsBucket.Arn'), 's3:GetReplicationConfiguration', 's3:ListBucket'),
    },
    {
      name: 'read versions of artifacts, with all that is said of them',
      needs: [
        ...requests(
          `${reference('ArtifactsBucket.Arn')}/${OBJECT}`,
          's3:GetObjectVersionForReplication',
          's3:GetObjectVersionAcl',
          's3:GetObjectVersionTagging',
        ),
        ...keyRequests('ArtifactsKey', 's3', 'kms:Decrypt'),
      ],
    },
    {
      name: 'write them, and that they were deleted, to the replica',
      needs: [
        ...requests(
          `${REPLICA_BUCKET}/${OBJECT}`,
          's3:ReplicateObject',
          's3:ReplicateDelete',
          's3:ReplicateTags',
        ),
        ...givenKeyRequests(givenKey('copies'), 's3.eu-central-1', 'kms:Encrypt', 'kms:GenerateDataKey'),
      ],
    },
  ],
  CanaryTaskExecutionRole: [
    { name: 'write the log of the canary', needs: logRequests('CanaryLog') },
    {
      name: 'give the canary its token',
      needs: [
        ...requests(TOKEN_SECRET, 'secretsmanager:GetSecretValue'),
        ...givenKeyRequests(givenKey('token'), `secretsmanager.${reference('AWS::Region')}`, 'kms:Decrypt'),
      ],
    },
  ],
  // CDK names it: one role for all schedules that run a task in the same cluster.
  SchedulerRoleForTargetfece0b: [
    {
      name: 'run the canary and the collection of garbage, each with its roles',
      needs: [
        ...requests(reference('CanaryTask'), 'ecs:RunTask'),
        ...requests(reference('ServiceTask'), 'ecs:RunTask'),
        ...[
          'CanaryTaskExecutionRole',
          'CanaryTaskTaskRole',
          'ServiceTaskExecutionRole',
          'ServiceTaskTaskRole',
        ].flatMap(passedToTask),
      ],
    },
  ],
}

function passedToTask(role: string) {
  const context = { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' }
  return requests(reference(`${role}.Arn`), 'iam:PassRole').map((request) => ({ ...request, context }))
}
