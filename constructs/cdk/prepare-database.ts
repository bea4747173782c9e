import { Duration } from 'aws-cdk-lib'
import * as ecs from 'aws-cdk-lib/aws-ecs'
import type * as logs from 'aws-cdk-lib/aws-logs'
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager'
import { ADMINISTRATOR, SETTINGS } from '../../server/config-settings.ts'
import type { TrackingSettingsInput } from '../settings.ts'
import { powerless } from './confined-container.ts'
import { containerSecret } from './secret-value.ts'

export interface PrepareDatabaseProps {
  readonly image: ecs.ContainerImage
  /** That of the server, of which it takes what is about the database. */
  readonly environment: Readonly<Record<string, string>>
  /** JSON with `username` and `password` of who may make roles and databases. */
  readonly administrator: secretsmanager.ISecret
  readonly database: TrackingSettingsInput['database']
  readonly logGroup: logs.ILogGroup
  /** Whether an older schema is brought forward, to that of the image. */
  readonly upgrade?: boolean | undefined
}

const { SUCCESS } = ecs.ContainerDependencyCondition

const NEEDED = [
  SETTINGS.backendStoreUri.env,
  SETTINGS.authDatabaseUri.env,
  SETTINGS.databaseIamAuth.env,
  SETTINGS.databaseSecret.env,
  SETTINGS.databasePooler.env,
  'AWS_REGION',
]

/** The longest that a statement of an upgrade may take, and the whole of it. */
const UPGRADE_WITHIN = Duration.hours(1)

/**
 * A container that runs before the server's in each task, with the same image, and makes the role and the databases the
 * server needs. ECS hands the administrator's password to it alone, as it is at that moment. Where an upgrade is asked
 * for, another one follows it.
 */
export function prepareDatabase(
  task: ecs.TaskDefinition,
  server: ecs.ContainerDefinition,
  props: PrepareDatabaseProps,
): void {
  const { administrator, database, upgrade } = props
  const prepare = addStep(task, 'prepare', props, {
    environment: pastProxy(database),
    secrets: {
      [ADMINISTRATOR.user]: containerSecret(administrator, 'username'),
      [ADMINISTRATOR.password]: containerSecret(administrator, 'password'),
    },
    startTimeout: Duration.minutes(3),
  })
  const last = upgrade ? addStep(task, 'upgrade', props, { startTimeout: UPGRADE_WITHIN }) : prepare
  if (last !== prepare) last.addContainerDependencies({ container: prepare, condition: SUCCESS })
  server.addContainerDependencies({ container: last, condition: SUCCESS })
}

/** `trackyard db <name>`, which ends before the server begins. */
function addStep(
  task: ecs.TaskDefinition,
  name: 'prepare' | 'upgrade',
  { image, environment, logGroup, upgrade }: PrepareDatabaseProps,
  step: Pick<ecs.ContainerDefinitionOptions, 'environment' | 'secrets' | 'startTimeout'>,
): ecs.ContainerDefinition {
  return task.addContainer(name, {
    image,
    command: ['db', name],
    essential: false,
    ...step,
    environment: {
      ...Object.fromEntries(NEEDED.flatMap((variable) => pairOf(environment, variable))),
      // Behind a proxy it is the role's, which the first step sets.
      ...(upgrade && { [SETTINGS.databaseStatementSeconds.env]: String(UPGRADE_WITHIN.toSeconds()) }),
      ...step.environment,
    },
    // It has ended before the server needs memory.
    memoryReservationMiB: 16,
    memoryLimitMiB: 256,
    cpu: 0,
    ...powerless(task, `${name === 'prepare' ? 'Prepare' : 'Upgrade'}Linux`),
    logging: ecs.LogDrivers.awsLogs({ streamPrefix: name, logGroup }),
  })
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
