/** How a drill looks at what it has restored: by a task of the servers' image, with a password that RDS makes. */
import { CAUGHT, MOST_WAITS } from './restore-drill-faults.ts'
import type { DrillPlan } from './restore-drill-plan.ts'
import { call, expression, orNothing, RETRY, type State, WAIT_SECONDS } from './state-language.ts'

const INSTANCE = '$states.result.DbInstances[0]'

/** The passwords of that day are not known any more: RDS makes a new one, in a secret. */
export function verifyingStates(plan: DrillPlan): Record<string, State> {
  const { instanceName: DBInstanceIdentifier, task, targetBucket, prefix } = plan
  return {
    TakePassword: call('rds', 'modifyDBInstance', {
      Arguments: {
        DbInstanceIdentifier: DBInstanceIdentifier,
        ManageMasterUserPassword: true,
        MasterUserSecretKmsKeyId: plan.secretKeyArn,
        BackupRetentionPeriod: 0,
        ApplyImmediately: true,
      },
      Retry: RETRY,
      Catch: CAUGHT,
      Next: 'WaitForPassword',
    }),
    WaitForPassword: { Type: 'Wait', Seconds: WAIT_SECONDS, Next: 'AskForPassword' },
    AskForPassword: call('rds', 'describeDBInstances', {
      Arguments: { DbInstanceIdentifier: DBInstanceIdentifier },
      Assign: {
        isReady: expression(
          `${INSTANCE}.DbInstanceStatus = 'available' and ${INSTANCE}.MasterUserSecret.SecretStatus = 'active'`,
        ),
        host: expression(orNothing(`${INSTANCE}.Endpoint.Address`)),
        secret: expression(orNothing(`${INSTANCE}.MasterUserSecret.SecretArn`)),
        waits: expression('$waits + 1'),
      },
      Retry: RETRY,
      Catch: CAUGHT,
      Next: 'HasPassword',
    }),
    HasPassword: {
      Type: 'Choice',
      Choices: [
        { Condition: expression('$isReady'), Next: 'Verify' },
        { Condition: expression(`$waits < ${MOST_WAITS}`), Next: 'WaitForPassword' },
      ],
      Default: 'NoPassword',
    },
    NoPassword: {
      Type: 'Pass',
      Assign: { failure: 'the restored database did not get ready' },
      Next: 'HasDatabaseJob',
    },
    Verify: {
      Type: 'Task',
      Resource: 'arn:aws:states:::ecs:runTask.sync',
      TimeoutSeconds: 6 * 3600,
      Arguments: {
        Cluster: task.clusterArn,
        TaskDefinition: task.definitionArn,
        CapacityProviderStrategy: [{ CapacityProvider: task.capacityProvider, Weight: 1 }],
        NetworkConfiguration: {
          AwsvpcConfiguration: { Subnets: task.subnets, SecurityGroups: task.securityGroups },
        },
        Overrides: {
          TaskRoleArn: task.roleArn,
          ContainerOverrides: [
            {
              Name: task.container,
              Command: [
                'verify',
                '--live-host',
                plan.liveHost,
                '--restored-host',
                expression('$host'),
                '--restored-secret',
                expression('$secret'),
                '--restored-artifacts',
                `s3://${[targetBucket, prefix].filter(Boolean).join('/')}`,
              ],
              // Counting all rows takes longer than any request may.
              Environment: [{ Name: 'TRACKYARD_DATABASE_STATEMENT_SECONDS', Value: '3600' }],
            },
          ],
        },
      },
      Catch: CAUGHT,
      Next: 'HasDatabaseJob',
    },
  }
}
