/** How a drill destroys what it has restored, and reports. */
import type { DrillPlan } from './restore-drill-plan.ts'
import { call, expression, RETRY, type State, WAIT_SECONDS } from './state-language.ts'

/** Keys of a `DeleteObjects`: with ever so long names they fit into what a state may hold. */
const KEYS_AT_A_TIME = 200

/** Each is 12 of the 25,000 events that an execution has, and it must not end without a report. */
const MOST_ROUNDS = 1000

/** S3 answers 200 to who may delete nothing. */
const REFUSED = '$states.result.Errors'

/** In its own order: a job that still runs would restore what has just been deleted. */
export function destroyingStates({ instanceName, targetBucket: Bucket }: DrillPlan): Record<string, State> {
  const stillThere = expression(
    "$failure & ($failure = '' ? '' : '; ') & 'not destroyed: ' & $states.errorOutput.Error & ': ' & $states.errorOutput.Cause",
  )
  const goOn = (Next: string) => ({ ErrorEquals: ['States.ALL'], Assign: { failure: stillThere }, Next })
  const awaitEnd = (name: string, job: string, Next: string): Record<string, State> => ({
    [`Has${name}Job`]: {
      Type: 'Choice',
      Choices: [{ Condition: expression(`$${job} = ''`), Next }],
      Default: `AskFor${name}Job`,
    },
    [`AskFor${name}Job`]: call('backup', 'describeRestoreJob', {
      Arguments: { RestoreJobId: expression(`$${job}`) },
      Assign: { status: expression('$states.result.Status') },
      Retry: RETRY,
      Catch: [goOn(Next)],
      Next: `Ended${name}Job`,
    }),
    [`Ended${name}Job`]: {
      Type: 'Choice',
      Choices: [{ Condition: expression("$status in ['PENDING', 'RUNNING']"), Next: `WaitFor${name}Job` }],
      Default: Next,
    },
    [`WaitFor${name}Job`]: { Type: 'Wait', Seconds: WAIT_SECONDS, Next: `AskFor${name}Job` },
  })
  return {
    ...awaitEnd('Database', 'databaseJob', 'DestroyDatabase'),
    DestroyDatabase: call('rds', 'deleteDBInstance', {
      Arguments: {
        DbInstanceIdentifier: instanceName,
        SkipFinalSnapshot: true,
        DeleteAutomatedBackups: true,
      },
      Retry: [
        // Not while it is being changed.
        {
          ErrorEquals: ['Rds.InvalidDbInstanceStateException'],
          IntervalSeconds: 60,
          MaxAttempts: 60,
          BackoffRate: 1,
        },
      ],
      Catch: [
        { ErrorEquals: ['Rds.DbInstanceNotFoundException'], Next: 'HasArtifactsJob' },
        goOn('HasArtifactsJob'),
      ],
      Next: 'HasArtifactsJob',
    }),
    ...awaitEnd('Artifacts', 'bucketJob', 'ListRestored'),
    ListRestored: call('s3', 'listObjectsV2', {
      Arguments: { Bucket, MaxKeys: KEYS_AT_A_TIME },
      Assign: { keys: expression('[$states.result.Contents.{"Key": Key}]') },
      Retry: RETRY,
      Catch: [goOn('Report')],
      Next: 'IsEmpty',
    }),
    IsEmpty: {
      Type: 'Choice',
      Choices: [
        { Condition: expression('$count($keys) = 0'), Next: 'Report' },
        {
          Condition: expression(`$rounds = ${MOST_ROUNDS}`),
          Assign: { rest: ' What is left in the bucket of the drill goes by its lifecycle.' },
          Next: 'Report',
        },
      ],
      Default: 'DestroyRestored',
    },
    DestroyRestored: call('s3', 'deleteObjects', {
      Arguments: { Bucket, Delete: { Objects: expression('$keys'), Quiet: true } },
      Assign: {
        rounds: expression(
          `$count(${REFUSED}) = 0 ? $rounds + 1 : $error(${REFUSED}[0].(Key & ': ' & Code))`,
        ),
      },
      Retry: RETRY,
      Catch: [goOn('Report')],
      Next: 'ListRestored',
    }),
  }
}

export function reportingStates({ topicArn: TopicArn }: DrillPlan): Record<string, State> {
  return {
    Report: call('sns', 'publish', {
      Arguments: {
        TopicArn,
        Subject: expression("$failure = '' ? 'Restore drill passed' : 'Restore drill FAILED'"),
        Message: expression(
          "$failure = '' ? 'The newest backups were restored, verified and destroyed: ' & $states.context.Execution.Id & '. The log of the servers has the report.' & $rest : $failure & ' (' & $states.context.Execution.Id & ')' & $rest",
        ),
      },
      Retry: RETRY,
      Next: 'HasPassed',
    }),
    HasPassed: {
      Type: 'Choice',
      Choices: [{ Condition: expression("$failure = ''"), Next: 'Passed' }],
      Default: 'Failed',
    },
    Passed: { Type: 'Succeed' },
    Failed: { Type: 'Fail', Error: 'RestoreDrillFailed', Cause: expression('$substring($failure, 0, 8000)') },
  }
}
