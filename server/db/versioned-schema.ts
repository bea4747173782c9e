/** What both of MLflow's schemas have in common: Alembic says at which revision a database is, in a table of its own. */
import { type Kysely, sql } from 'kysely'
import { createTableSql } from './ddl.ts'
import { type Dialect, dialectOf } from './dialect.ts'
import { reasonOf } from './faults.ts'
import { type DatabaseOptions, openDatabase } from './index.ts'
import { tablesSql } from './schema-sql.ts'
import { requireServerVersion } from './server-version.ts'
import type { Table } from './table.ts'
import { findTables, withSchemaLock } from './tables.ts'
import { redactUri } from './uri.ts'

/** The database is not one this server may use; the message says what to do. */
export class SchemaError extends Error {
  override name = 'SchemaError'
}

export interface VersionedSchema<D> {
  readonly versionTable: Table
  readonly revision: string
  /** What makes MLflow's tables. */
  statements(dialect: Dialect): string[]
  /** The tables of this server's own, which stand beside them. */
  readonly ownTables: readonly Table[]
  /** Writes the rows that it begins with, where they are not there yet. */
  seed(db: Kysely<D>): Promise<void>
  /** Whether a table is none of another schema's, which may share the database. */
  claims(table: string): boolean
  /** Why a database cannot be used. @param found its revision, undefined where it has none */
  refusal(found: string | undefined): string
}

/**
 * Opens the database a URI names and has `prepare` make or check what is in it.
 * @param setting what gave the URI
 * @throws SchemaError in one line that names the database when it cannot be used
 */
export async function openWith<D, T>(
  uri: string,
  options: DatabaseOptions | undefined,
  setting: string,
  prepare: (db: Kysely<D>) => Promise<T>,
): Promise<{ db: Kysely<D>; result: T }> {
  const db = openDatabase<D>(uri, options, setting)
  try {
    await requireServerVersion(db)
    return { db, result: await prepare(db) }
  } catch (cause) {
    await db.destroy()
    throw new SchemaError(`${setting} names ${redactUri(uri)}: ${reasonOf(cause)}`, { cause })
  }
}

/**
 * Creates the whole schema where there is none of it, which only one of several servers starting at once gets to do; to
 * one at the right revision it adds the `trackyard_` tables that are not there yet, and nothing else.
 * @throws SchemaError for any other database, which stays as it is
 */
export async function makeOrCheck<D>(
  db: Kysely<D>,
  schema: VersionedSchema<D>,
): Promise<'created' | 'current'> {
  if (!(await isUnmade(db, schema))) {
    await requireRevision(db, schema)
    if ((await missingTables(db, schema)).length > 0) {
      await withSchemaLock(db, (locked) => createMissing(locked, schema))
    }
    return 'current'
  }
  return withSchemaLock(db, async (locked) => {
    if (await isUnmade(locked, schema)) {
      await createSchema(locked, schema)
      return 'created'
    }
    await requireRevision(locked, schema)
    await createMissing(locked, schema)
    return 'current'
  })
}

/**
 * Checks a database that this server only reads, so that nobody else can make what it lacks.
 * @throws SchemaError when it is at another revision, or without the `trackyard_` tables
 */
export async function requireWhole<D>(db: Kysely<D>, schema: VersionedSchema<D>): Promise<void> {
  if ((await tablesOf(db, schema)).length === 0) throw new SchemaError(`it has no tables${HOW_TO_MAKE}`)
  await requireRevision(db, schema)
  const missing = await missingTables(db, schema)
  if (missing.length === 0) return
  throw new SchemaError(
    `the database lacks the tables ${missing.map(({ name }) => name).join(', ')}${HOW_TO_MAKE}`,
  )
}

const HOW_TO_MAKE = '; a server that writes makes them when it starts'

/** `none` for a table of versions without a row. */
export async function revisionOf<D>(
  db: Kysely<D>,
  { versionTable }: Pick<VersionedSchema<D>, 'versionTable'>,
): Promise<string> {
  // By the builder: SQLite's driver takes raw text for a write, and changes the file for it.
  const versions = db as unknown as Kysely<Record<string, { version_num: string }>>
  const rows = await versions.selectFrom(versionTable.name).select('version_num').execute()
  return rows.map((row) => row.version_num).join(', ') || 'none'
}

/** Stands in the place of the revision while MySQL, which cannot take back a table, is being given its tables. */
const unfinished = (revision: string) => `unfinished ${revision}`

/** Whether there is none of the schema, or this server was ended while it made it. */
async function isUnmade<D>(db: Kysely<D>, schema: VersionedSchema<D>): Promise<boolean> {
  const tables = await tablesOf(db, schema)
  if (tables.length === 0) return true
  if (dialectOf(db) !== 'mysql' || !tables.includes(schema.versionTable.name)) return false
  const revision = await revisionOf(db, schema)
  return revision === unfinished(schema.revision) || (revision === 'none' && tables.length === 1)
}

/** What is there already on MySQL, where it is of an attempt that was ended, stays. */
async function createSchema<D>(db: Kysely<D>, schema: VersionedSchema<D>): Promise<void> {
  const dialect = dialectOf(db)
  const version = sql.table(schema.versionTable.name)
  if (dialect === 'mysql') {
    await sql.raw(createTableSql(dialect, schema.versionTable)).execute(db)
    const begun = unfinished(schema.revision)
    if ((await revisionOf(db, schema)) !== begun) {
      await sql`insert into ${version} (version_num) values (${begun})`.execute(db)
    }
  }
  for (const statement of schema.statements(dialect)) await sql.raw(statement).execute(db)
  await createMissing(db, schema)
  await schema.seed(db)
  if (dialect === 'mysql') await sql`update ${version} set version_num = ${schema.revision}`.execute(db)
  else await sql`insert into ${version} (version_num) values (${schema.revision})`.execute(db)
}

async function createMissing<D>(tx: Kysely<D>, schema: VersionedSchema<D>): Promise<void> {
  const statements = tablesSql(dialectOf(tx), await missingTables(tx, schema))
  for (const statement of statements) await sql.raw(statement).execute(tx)
}

async function missingTables<D>(db: Kysely<D>, { ownTables }: VersionedSchema<D>): Promise<Table[]> {
  const there = await findTables(db)
  return ownTables.filter(({ name }) => !there.includes(name))
}

async function requireRevision<D>(db: Kysely<D>, schema: VersionedSchema<D>): Promise<void> {
  const tables = await tablesOf(db, schema)
  const found = tables.includes(schema.versionTable.name) ? await revisionOf(db, schema) : undefined
  if (found !== schema.revision) throw new SchemaError(schema.refusal(found))
}

async function tablesOf<D>(db: Kysely<D>, schema: VersionedSchema<D>): Promise<string[]> {
  return (await findTables(db)).filter((name) => schema.claims(name))
}
