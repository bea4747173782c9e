/**
 * How a drill restores. Whatever fails is remembered, and the drill goes on with what destroys: no way ends before that.
 */

import { CAUGHT, MOST_WAITS } from './restore-drill-faults.ts'
import type { DrillPlan } from './restore-drill-plan.ts'
import { call, expression, orNothing, RETRY, type State, WAIT_SECONDS } from './state-language.ts'

const newest = expression(
  "$sort($states.result.RecoveryPoints[Status = 'COMPLETED'], function($a, $b) { $a.CreationDate < $b.CreationDate })[0].RecoveryPointArn",
)

export function restoringStates(plan: DrillPlan): Record<string, State> {
  const { vaultName: BackupVaultName, databaseArn, bucketArn, restoreRoleArn: IamRoleArn } = plan
  const find = (resource: string, variable: string, Next: string) =>
    call('backup', 'listRecoveryPointsByBackupVault', {
      Arguments: { BackupVaultName, ByResourceArn: resource, MaxResults: 1000 },
      Assign: { [variable]: newest },
      Retry: RETRY,
      Catch: CAUGHT,
      Next,
    })
  const start = (point: string, job: string, ResourceType: string, Metadata: unknown, Next: string) =>
    call('backup', 'startRestoreJob', {
      Arguments: {
        RecoveryPointArn: expression(`$${point}`),
        IamRoleArn,
        ResourceType,
        IdempotencyToken: expression(`$states.context.Execution.Name & '-${ResourceType}'`),
        Metadata,
      },
      Assign: { [job]: expression('$states.result.RestoreJobId') },
      Retry: RETRY,
      Catch: CAUGHT,
      Next,
    })
  return {
    Begin: {
      Type: 'Pass',
      Assign: { failure: '', databaseJob: '', bucketJob: '', waits: 0, rounds: 0, rest: '' },
      Next: 'FindDatabase',
    },
    FindDatabase: find(databaseArn, 'databasePoint', 'FindArtifacts'),
    FindArtifacts: find(bucketArn, 'bucketPoint', 'DescribeDatabase'),
    DescribeDatabase: call('backup', 'getRecoveryPointRestoreMetadata', {
      Arguments: { BackupVaultName, RecoveryPointArn: expression('$databasePoint') },
      Assign: { metadata: restoredInstance(plan) },
      Retry: RETRY,
      Catch: CAUGHT,
      Next: 'RestoreDatabase',
    }),
    RestoreDatabase: start(
      'databasePoint',
      'databaseJob',
      'RDS',
      expression('$metadata'),
      'RestoreArtifacts',
    ),
    RestoreArtifacts: start(
      'bucketPoint',
      'bucketJob',
      'S3',
      {
        DestinationBucketName: plan.targetBucket,
        NewBucket: 'false',
        Encrypted: 'true',
        EncryptionType: 'SSE-KMS',
        KMSKey: plan.targetKeyArn,
        CreationToken: expression('$states.context.Execution.Name'),
      },
      'AskForDatabase',
    ),
    ...waitingForJob('Database', 'databaseJob', 'AskForArtifacts'),
    ...waitingForJob('Artifacts', 'bucketJob', 'TakePassword'),
  }
}

/** As the database was, but small, alone and easy to delete; in its own subnets, with nobody let in but the drill. */
function restoredInstance({ instanceName, instanceClass, securityGroupId }: DrillPlan): string {
  const changed = [
    `'DBInstanceIdentifier': '${instanceName}'`,
    `'DBInstanceClass': '${instanceClass}'`,
    `'VpcSecurityGroupIds': '["${securityGroupId}"]'`,
    "'MultiAZ': 'false'",
    "'PubliclyAccessible': 'false'",
    "'DeletionProtection': 'false'",
  ]
  return expression(`$merge([$states.result.RestoreMetadata, { ${changed.join(', ')} }])`)
}

function waitingForJob(what: string, job: string, Next: string): Record<string, State> {
  return {
    [`AskFor${what}`]: call('backup', 'describeRestoreJob', {
      Arguments: { RestoreJobId: expression(`$${job}`) },
      Assign: {
        status: expression('$states.result.Status'),
        reason: expression(orNothing('$states.result.StatusMessage')),
        waits: expression('$waits + 1'),
      },
      Retry: RETRY,
      Catch: CAUGHT,
      Next: `Has${what}`,
    }),
    [`Has${what}`]: {
      Type: 'Choice',
      Choices: [
        { Condition: expression("$status = 'COMPLETED'"), Assign: { waits: 0 }, Next },
        {
          Condition: expression(`$status in ['PENDING', 'RUNNING'] and $waits < ${MOST_WAITS}`),
          Next: `WaitFor${what}`,
        },
      ],
      Default: `No${what}`,
    },
    [`WaitFor${what}`]: { Type: 'Wait', Seconds: WAIT_SECONDS, Next: `AskFor${what}` },
    [`No${what}`]: {
      Type: 'Pass',
      Assign: { failure: expression(`'${what} not restored: ' & $status & ' ' & $reason`) },
      Next: 'HasDatabaseJob',
    },
  }
}
