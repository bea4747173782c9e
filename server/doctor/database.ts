import { stat } from 'node:fs/promises'
import { reasonOf } from '../db/faults.ts'
import { readFigures } from '../db/figures.ts'
import { requireSchema } from '../db/migrate.ts'
import { findTables } from '../db/tables.ts'
import { parseDatabaseUri, redactUri } from '../db/uri.ts'
import { SCHEMA_REVISION } from '../version.ts'
import { clockFinding } from './clock.ts'
import { type Finding, failed, ok, skipped, warning } from './finding.ts'
import type { Inside } from './inside.ts'

const GIB = 1024 ** 3
/** Beyond it one file and one writer are what every request waits for. */
const LARGE_SQLITE_GIB = 20
const MOST_USED = 0.8

/** What a message of a database means, the most telling ones first. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [
    /password authentication failed|Access denied|no password supplied|SASL/i,
    'user or password is wrong: compare MLFLOW_BACKEND_STORE_URI and TRACKYARD_DATABASE_PASSWORD_FILE with the role',
  ],
  [/ENOTFOUND|EAI_AGAIN/, 'the name of its host is not known here: correct it in MLFLOW_BACKEND_STORE_URI'],
  [
    /ECONNREFUSED|ETIMEDOUT|timeout|EHOSTUNREACH/i,
    'start the database (docker compose ps database), or correct host and port in MLFLOW_BACKEND_STORE_URI',
  ],
  [
    /does not exist|Unknown database/i,
    'create the database, or correct its name in MLFLOW_BACKEND_STORE_URI',
  ],
  [/too many (clients|connections)/i, 'raise max_connections, or lower MLFLOW_SQLALCHEMYSTORE_POOL_SIZE'],
  [/SSL|TLS|certificate/i, 'correct sslmode and sslrootcert in MLFLOW_BACKEND_STORE_URI'],
  [/not a database|malformed|corrupt/i, 'the file is damaged or something else: restore a backup'],
]

export async function checkDatabase({ config, database }: Inside): Promise<Finding> {
  const { backendStoreUri: uri } = config
  const location = parseDatabaseUri(uri)
  if (location.dialect === 'sqlite' && !(await isThere(location.path)))
    return skipped(`${location.path} is not there yet: the first start makes it`)
  try {
    const { version } = await readFigures(database(), uri)
    return ok(`${redactUri(uri)} answers, ${version}`)
  } catch (error) {
    const reason = reasonOf(error)
    const advice = ADVICE.find(([pattern]) => pattern.test(reason))?.[1]
    return failed(
      `${redactUri(uri)}: ${reason}`,
      advice ?? 'the log of the database may say more; docs/operations.md lists what its answers mean',
    )
  }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

export async function checkRevision({ database }: Inside): Promise<Finding> {
  if ((await findTables(database())).length === 0)
    return ok('the database is empty: the first start makes the schema')
  try {
    await requireSchema(database())
    return ok(`schema revision ${SCHEMA_REVISION}`)
  } catch (error) {
    return failed(reasonOf(error), 'make a backup, then run trackyard db upgrade')
  }
}

export async function checkSize({ config, database }: Inside): Promise<Finding> {
  const { sizeBytes, connections } = await readFigures(database(), config.backendStoreUri)
  const found = `${(sizeBytes / GIB).toFixed(2)} GiB`
  return !connections && sizeBytes > LARGE_SQLITE_GIB * GIB
    ? warning(found, 'remove what was deleted with trackyard gc --delete, or move to PostgreSQL')
    : ok(found)
}

export async function checkConnections({ config, database }: Inside): Promise<Finding> {
  const { connections } = await readFigures(database(), config.backendStoreUri)
  if (!connections) return skipped('SQLite has none')
  const { open, most } = connections
  const found = `${open} of ${most} are open`
  return open > most * MOST_USED
    ? warning(
        found,
        'raise max_connections of the database, or lower the pools: servers × workers × (size + overflow)',
      )
    : ok(found)
}

export async function checkDatabaseClock({ config, database }: Inside): Promise<Finding> {
  const { now } = await readFigures(database(), config.backendStoreUri)
  return now === undefined
    ? skipped("SQLite has this machine's")
    : clockFinding(Date.now() - now, "the database's")
}
