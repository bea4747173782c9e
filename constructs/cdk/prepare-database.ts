import { Duration } from 'aws-cdk-lib'
import * as ecs from 'aws-cdk-lib/aws-ecs'
import type * as logs from 'aws-cdk-lib/aws-logs'
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager'
import { ADMINISTRATOR, SETTINGS } from '../../server/config-settings.ts'
import { CONTAINER_USER } from '../container.ts'
import type { TrackingSettingsInput } from '../settings.ts'
import { containerSecret } from './secret-value.ts'

export interface PrepareDatabaseProps {
  readonly image: ecs.ContainerImage
  /** That of the server, of which it takes what is about the database. */
  readonly environment: Readonly<Record<string, string>>
  /** JSON with `username` and `password` of who may make roles and databases. */
  readonly administrator: secretsmanager.ISecret
  readonly database: TrackingSettingsInput['database']
  readonly logGroup: logs.ILogGroup
}

const NEEDED = [
  SETTINGS.backendStoreUri.env,
  SETTINGS.authDatabaseUri.env,
  SETTINGS.databaseIamAuth.env,
  SETTINGS.databaseSecret.env,
  SETTINGS.databasePooler.env,
  'AWS_REGION',
]

/**
 * A container that runs before the server's in each task, with the same image, and makes the role and the databases the
 * server needs. ECS hands the administrator's password to it alone, as it is at that moment.
 */
export function prepareDatabase(
  task: ecs.TaskDefinition,
  server: ecs.ContainerDefinition,
  { image, environment, administrator, database, logGroup }: PrepareDatabaseProps,
): ecs.ContainerDefinition {
  const linuxParameters = new ecs.LinuxParameters(task, 'PrepareLinux')
  linuxParameters.dropCapabilities(ecs.Capability.ALL)
  const container = task.addContainer('prepare', {
    image,
    command: ['db', 'prepare'],
    essential: false,
    environment: {
      ...Object.fromEntries(NEEDED.flatMap((name) => pairOf(environment, name))),
      ...pastProxy(database),
    },
    secrets: {
      [ADMINISTRATOR.user]: containerSecret(administrator, 'username'),
      [ADMINISTRATOR.password]: containerSecret(administrator, 'password'),
    },
    // It has ended before the server needs memory.
    memoryReservationMiB: 16,
    memoryLimitMiB: 256,
    cpu: 0,
    user: CONTAINER_USER,
    readonlyRootFilesystem: true,
    dockerSecurityOptions: ['no-new-privileges'],
    linuxParameters,
    startTimeout: Duration.minutes(3),
    logging: ecs.LogDrivers.awsLogs({ streamPrefix: 'prepare', logGroup }),
  })
  server.addContainerDependencies({ container, condition: ecs.ContainerDependencyCondition.SUCCESS })
  return container
}

function pairOf(environment: Readonly<Record<string, string>>, name: string): [string, string][] {
  const value = environment[name]
  return value === undefined ? [] : [[name, value]]
}

/** A proxy knows the servers' role only. */
function pastProxy(database: PrepareDatabaseProps['database']): Record<string, string> {
  return database?.kind === 'postgres' && database.proxyHost !== undefined
    ? { [ADMINISTRATOR.host]: database.host }
    : {}
}
