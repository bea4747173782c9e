/** Brings a database to the schema this server speaks, or refuses it untouched. */
import { type Kysely, sql } from 'kysely'
import { MLFLOW_VERSION, SCHEMA_REVISION } from '../version.ts'
import { createTableSql } from './ddl.ts'
import { dialectOf } from './dialect.ts'
import { reasonOf } from './faults.ts'
import { type DatabaseOptions, type Db, openDatabase } from './index.ts'
import { migrationsFrom } from './migrations/index.ts'
import type { Migration } from './migrations/migration.ts'
import { alembicVersion, type Database, OWN_TABLES } from './schema/index.ts'
import { schemaSql, tablesSql } from './schema-sql.ts'
import { requireServerVersion } from './server-version.ts'
import type { Table } from './table.ts'
import { findTables, withSchemaLock } from './tables.ts'
import { upsert } from './upsert.ts'
import { redactUri } from './uri.ts'

/** The database is not one this server may use; the message says what to do. */
export class SchemaError extends Error {
  override name = 'SchemaError'
}

/**
 * Creates MLflow's whole schema in an empty database, which only one of several servers starting at once gets to do;
 * to a database at the right revision it adds the `trackyard_` tables that are not there yet, and nothing else.
 * @throws SchemaError for any other database, which stays as it is
 */
export async function migrate(db: Kysely<Database>): Promise<'created' | 'current'> {
  if (!(await isUnmade(db))) {
    await requireRevision(db)
    await addOwnTables(db)
    return 'current'
  }
  return withSchemaLock(db, async (locked) => {
    if (await isUnmade(locked)) {
      await createSchema(locked)
      return 'created'
    }
    await requireRevision(locked)
    await createMissing(locked)
    return 'current'
  })
}

/**
 * Opens the database a URI names and migrates it.
 * @throws SchemaError in one line that names the database when it cannot be used
 */
export async function openMigrated(
  uri: string,
  options?: DatabaseOptions,
): Promise<{ db: Db; outcome: 'created' | 'current' }> {
  const { db, result } = await openWith(uri, options, migrate)
  return { db, outcome: result }
}

/**
 * `trackyard db upgrade`.
 * @returns what there was to do, for a person
 * @throws SchemaError as `openMigrated`, for a revision from which no migrations lead here too
 */
export async function upgradeDatabase(uri: string, options?: DatabaseOptions): Promise<string> {
  const { db, result } = await openWith(uri, options, async (opened) => ({
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

async function openWith<T>(
  uri: string,
  options: DatabaseOptions | undefined,
  prepare: (db: Db) => Promise<T>,
): Promise<{ db: Db; result: T }> {
  const db = openDatabase(uri, options)
  try {
    await requireServerVersion(db)
    return { db, result: await prepare(db) }
  } catch (cause) {
    await db.destroy()
    throw new SchemaError(`MLFLOW_BACKEND_STORE_URI names ${redactUri(uri)}: ${reasonOf(cause)}`, { cause })
  }
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
  return migrationsFrom(await revisionOf(db))
}

async function revisionOf(db: Kysely<Database>): Promise<string> {
  const versions = await db.selectFrom('alembic_version').select('version_num').execute()
  return versions.map((row) => row.version_num).join(', ') || 'none'
}

const DEFAULT_WORKSPACE = 'Default workspace for legacy resources'

/** Stands in the place of the revision while MySQL, which cannot take back a table, is being given its tables. */
const UNFINISHED = `unfinished ${SCHEMA_REVISION}`

/** Whether the database is empty, or this server was ended while it made the schema. */
async function isUnmade(db: Kysely<Database>): Promise<boolean> {
  const tables = await findTables(db)
  if (tables.length === 0) return true
  if (dialectOf(db) !== 'mysql' || !tables.includes('alembic_version')) return false
  const revision = await revisionOf(db)
  return revision === UNFINISHED || (revision === 'none' && tables.length === 1)
}

/** What is there already on MySQL, where it is of an attempt that was ended, stays. */
async function createSchema(db: Kysely<Database>): Promise<void> {
  const dialect = dialectOf(db)
  if (dialect === 'mysql') {
    await sql.raw(createTableSql(dialect, alembicVersion)).execute(db)
    await upsert(db, 'alembic_version', [{ version_num: UNFINISHED }], ['version_num'], [])
  }
  for (const statement of schemaSql(dialect)) await sql.raw(statement).execute(db)
  await createMissing(db)
  await upsert(db, 'workspaces', [{ name: 'default', description: DEFAULT_WORKSPACE }], ['name'], [])
  if (dialect === 'mysql')
    await db.updateTable('alembic_version').set({ version_num: SCHEMA_REVISION }).execute()
  else await db.insertInto('alembic_version').values({ version_num: SCHEMA_REVISION }).execute()
}

/** A database of MLflow's gets them at the first start of this server. */
async function addOwnTables(db: Kysely<Database>): Promise<void> {
  if ((await missingTables(db)).length === 0) return
  await withSchemaLock(db, createMissing)
}

async function createMissing(tx: Kysely<Database>): Promise<void> {
  const statements = tablesSql(dialectOf(tx), await missingTables(tx))
  for (const statement of statements) await sql.raw(statement).execute(tx)
}

async function missingTables(db: Kysely<Database>): Promise<Table[]> {
  const there = await findTables(db)
  return OWN_TABLES.filter(({ name }) => !there.includes(name))
}

/**
 * Checks a database that this server only reads, so that nobody else can make what it lacks.
 * @throws SchemaError when it is at another revision, or without the `trackyard_` tables
 */
export async function requireSchema(db: Kysely<Database>): Promise<void> {
  await requireRevision(db)
  const missing = await missingTables(db)
  if (missing.length === 0) return
  throw new SchemaError(`the database lacks the tables ${missing.map(({ name }) => name).join(', ')}`)
}

async function requireRevision(db: Kysely<Database>): Promise<void> {
  const tables = await findTables(db)
  if (!tables.includes('alembic_version')) {
    throw new SchemaError(
      "the database has tables and is not MLflow's; name an empty one, or the tracking database of an MLflow server",
    )
  }
  const found = await revisionOf(db)
  if (found === SCHEMA_REVISION) return
  const command =
    migrationsFrom(found).length > 0
      ? 'trackyard db upgrade'
      : `pip install mlflow==${MLFLOW_VERSION} && mlflow db upgrade`
  throw new SchemaError(
    `the database is at schema revision ${found}, and this server needs ${SCHEMA_REVISION} (MLflow ${MLFLOW_VERSION}); ` +
      `nothing was changed. An older one is brought forward, after a backup, by: ${command} <the database's URI>`,
  )
}
