/** Brings a database to the schema this server speaks, or refuses it untouched. */
import type { Kysely } from 'kysely'
import { MLFLOW_VERSION, SCHEMA_REVISION } from '../version.ts'
import { type DatabaseOptions, type Db, isOnlyRead } from './index.ts'
import { migrationsFrom } from './migrations/index.ts'
import type { Migration } from './migrations/migration.ts'
import { alembicVersion, type Database, OWN_TABLES } from './schema/index.ts'
import { isLoginTable } from './schema/login-index.ts'
import { schemaSql } from './schema-sql.ts'
import { findTables, withSchemaLock } from './tables.ts'
import { upsert } from './upsert.ts'
import {
  makeOrCheck,
  openWith,
  requireWhole,
  revisionOf,
  SchemaError,
  type VersionedSchema,
} from './versioned-schema.ts'

export { SchemaError }

const SETTING = 'MLFLOW_BACKEND_STORE_URI'

const DEFAULT_WORKSPACE = 'Default workspace for legacy resources'

const TRACKING: VersionedSchema<Database> = {
  versionTable: alembicVersion,
  revision: SCHEMA_REVISION,
  statements: schemaSql,
  ownTables: OWN_TABLES,
  async seed(db) {
    await upsert(db, 'workspaces', [{ name: 'default', description: DEFAULT_WORKSPACE }], ['name'], [])
  },
  claims: (table) => !isLoginTable(table),
  refusal,
}

/**
 * Creates MLflow's whole tracking schema, or checks it, as `makeOrCheck`.
 * @throws SchemaError for a database this server may not use
 */
export async function migrate(db: Kysely<Database>): Promise<'created' | 'current'> {
  return makeOrCheck(db, TRACKING)
}

/**
 * Opens the database a URI names and migrates it, or checks it where it is only read.
 * @throws SchemaError in one line that names the database when it cannot be used
 */
export async function openMigrated(
  uri: string,
  options?: DatabaseOptions,
): Promise<{ db: Db; outcome: 'created' | 'current' }> {
  const prepare = options && isOnlyRead(uri, options) ? checked : migrate
  const { db, result } = await openWith(uri, options, SETTING, prepare)
  return { db, outcome: result }
}

async function checked(db: Kysely<Database>): Promise<'current'> {
  await requireSchema(db)
  return 'current'
}

/**
 * `trackyard db upgrade`.
 * @returns what there was to do, for a person
 * @throws SchemaError as `openMigrated`, for a revision from which no migrations lead here too
 */
export async function upgradeDatabase(uri: string, options?: DatabaseOptions): Promise<string> {
  const { db, result } = await openWith(uri, options, SETTING, async (opened: Db) => ({
    walked: await bringForward(opened),
    outcome: await migrate(opened),
  }))
  await db.destroy()
  const { walked, outcome } = result
  if (walked.length > 0)
    return `brought from revision ${walked[0]?.from} to ${walked.at(-1)?.to} (MLflow ${MLFLOW_VERSION})`
  return outcome === 'created'
    ? `created the schema of MLflow ${MLFLOW_VERSION} (revision ${SCHEMA_REVISION})`
    : `is at revision ${SCHEMA_REVISION} already, which this server needs`
}

/** Walks all the steps in one transaction: the database is at its old revision or at the newest, never between. */
async function bringForward(db: Kysely<Database>): Promise<readonly Migration[]> {
  if ((await migrationsOf(db)).length === 0) return []
  return withSchemaLock(db, async (tx) => {
    const steps = await migrationsOf(tx)
    for (const { to, up } of steps) {
      await up(tx)
      await tx.updateTable('alembic_version').set({ version_num: to }).execute()
    }
    return steps
  })
}

async function migrationsOf(db: Kysely<Database>): Promise<readonly Migration[]> {
  if (!(await findTables(db)).includes('alembic_version')) return []
  return migrationsFrom(await revisionOf(db, TRACKING))
}

/**
 * Checks a database that this server only reads, so that nobody else can make what it lacks.
 * @throws SchemaError when it is at another revision, or without the `trackyard_` tables
 */
export async function requireSchema(db: Kysely<Database>): Promise<void> {
  await requireWhole(db, TRACKING)
}

function refusal(found: string | undefined): string {
  if (found === undefined) {
    return "the database has tables and is not MLflow's; name an empty one, or the tracking database of an MLflow server"
  }
  const command =
    migrationsFrom(found).length > 0
      ? 'trackyard db upgrade'
      : `pip install mlflow==${MLFLOW_VERSION} && mlflow db upgrade`
  return (
    `the database is at schema revision ${found}, and this server needs ${SCHEMA_REVISION} (MLflow ${MLFLOW_VERSION}); ` +
    `nothing was changed. An older one is brought forward, after a backup, by: ${command} <the database's URI>`
  )
}
