import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Db, openDatabase } from '../../server/db/index.ts'
import { openMigrated, upgradeDatabase } from '../../server/db/migrate.ts'
import { MIGRATIONS } from '../../server/db/migrations/index.ts'
import { TABLES } from '../../server/db/schema/index.ts'
import { MLFLOW_VERSION, SCHEMA_REVISION } from '../../server/version.ts'
import { mlflowEnvironment, run } from '../support/mlflow.ts'
import { emptyDatabase, hasPostgres } from '../support/postgres.ts'
import { readPostgresSchema } from './postgres-schema.ts'
import { readSchema } from './sqlite-schema.ts'

const mlflow = await mlflowEnvironment()

it('migrations are a chain that ends at the revision of this server', () => {
  const ends = MIGRATIONS.map(({ to }) => to)
  expect(MIGRATIONS.slice(1).map(({ from }) => from)).toEqual(ends.slice(0, -1))
  expect(ends.at(-1)).toBe(SCHEMA_REVISION)
})

/** Rows that migrations change, and some that they must leave alone; they fit every revision of the chain. */
const ROWS = [
  "insert into experiments (experiment_id, name, lifecycle_stage, workspace) values (7, 'kept', 'active', 'default')",
  `insert into runs (run_uuid, name, source_type, status, lifecycle_stage, experiment_id)
    values ('r', 'n', 'UNKNOWN', 'RUNNING', 'active', 7)`,
  "insert into metrics (key, value, timestamp, run_uuid, step, is_nan) values ('m', 0.1, 5, 'r', 1, false)",
  ...[0, 1, 2, 3, 4, 5].map(
    (status) =>
      `insert into jobs (id, creation_time, job_name, params, status, retry_count, last_update_time)
        values ('j${status}', 1, 'n', '{}', ${status}, 0, 9)`,
  ),
]

const BACKENDS = ['sqlite', 'postgres'] as const
const CASES = BACKENDS.flatMap((backend) => MIGRATIONS.map(({ from }) => ({ backend, from })))

describe.skipIf(!mlflow || !hasPostgres())('trackyard db upgrade, beside mlflow db upgrade', () => {
  const made = new Map<string, { ours: string; theirs: string }>()
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'trackyard-migrations-'))
    const make = async (backend: string, name: string) =>
      backend === 'sqlite' ? `sqlite:///${join(folder, name)}.db` : emptyDatabase()
    for (const { backend, from } of CASES) {
      const pair = {
        ours: await make(backend, `ours-${from}`),
        theirs: await make(backend, `theirs-${from}`),
      }
      made.set(backend + from, pair)
    }
    for (const { from } of MIGRATIONS) {
      const uris = BACKENDS.flatMap((backend) => Object.values(made.get(backend + from) ?? {}))
      await bring(from, uris)
      for (const uri of uris) await withDatabase(uri, insertRows)
    }
    await bring(
      'heads',
      [...made.values()].map(({ theirs }) => theirs),
    )
  }, 240_000)
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it.each(CASES)('brings $backend from $from to the same schema and rows', async ({ backend, from }) => {
    const { ours = '', theirs = '' } = made.get(backend + from) ?? {}
    const before = await schemaOf(ours)
    await expect(openMigrated(ours)).rejects.toThrow(
      new RegExp(`revision ${from}, .*nothing was changed.*: trackyard db upgrade <`),
    )
    expect(await schemaOf(ours)).toEqual(before)

    expect(await upgradeDatabase(ours)).toBe(
      `brought from revision ${from} to ${SCHEMA_REVISION} (MLflow ${MLFLOW_VERSION})`,
    )
    expect(await upgradeDatabase(ours)).toMatch(/already/)
    expect(await schemaOf(ours)).toEqual(await schemaOf(theirs))
    const rows = await withDatabase(ours, rowsOf)
    expect(rows).toEqual(await withDatabase(theirs, rowsOf))
    expect(rows.experiments).toMatchObject([{ name: 'kept' }])
    expect(rows.jobs?.map(({ status }) => status)).toEqual([5, 5, 2, 3, 4, 5])
  })

  async function bring(revision: string, uris: readonly string[]): Promise<void> {
    await run(mlflow?.python ?? '', [join(import.meta.dirname, 'at-revision.py'), revision, ...uris])
  }
})

async function withDatabase<T>(uri: string, use: (db: Db) => Promise<T>): Promise<T> {
  const db = openDatabase(uri)
  try {
    return await use(db)
  } finally {
    await db.destroy()
  }
}

async function insertRows(db: Db): Promise<void> {
  for (const row of ROWS) await sql.raw(row).execute(db)
}

/** Every row of MLflow's tables; of a changed job the time, which is that of the migration, says only that it is one. */
async function rowsOf(db: Db): Promise<Record<string, Record<string, unknown>[]>> {
  const rows: Record<string, Record<string, unknown>[]> = {}
  for (const { name } of TABLES) {
    const found = await sql<Record<string, unknown>>`select * from ${sql.table(name)} order by 1`.execute(db)
    rows[name] = found.rows
  }
  const jobs = rows.jobs?.map((job) => ({ ...job, last_update_time: Number(job.last_update_time) > 9 }))
  return { ...rows, jobs: jobs ?? [] }
}

async function schemaOf(uri: string): Promise<unknown> {
  return uri.startsWith('sqlite') ? readSchema(uri.slice('sqlite:///'.length)) : readPostgresSchema(uri)
}
