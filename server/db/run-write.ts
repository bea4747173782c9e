import { CompiledQuery, type Insertable } from 'kysely'
import { arrayOf } from './arrays.ts'
import { dialectOf } from './dialect.ts'
import type { Db } from './index.ts'
import { isNullRefused } from './postgres-errors.ts'
import type { Database } from './schema/index.ts'
import { isParamRefused, writeRunOnSqlite } from './sqlite-run-write.ts'

/** What one or several requests log to one run; no key of a parameter or a tag twice. */
export interface RunWrite {
  readonly params: readonly { readonly key: string; readonly value: string }[]
  readonly points: readonly Omit<Insertable<Database['metrics']>, 'run_uuid'>[]
  /** Of the points the last of each key. */
  readonly latest: ReadonlySet<object>
  readonly tags: readonly { readonly key: string; readonly value: string | null }[]
  readonly name: string | undefined
}

/** A parameter is there with another value. */
export class ParamChanged extends Error {
  override name = 'ParamChanged'
}

/** Whether `writeRun` can be asked: not where several tables need several ways to the database. */
export function canWriteRun(db: Db): boolean {
  return dialectOf(db) !== 'mysql'
}

/** Whether several requests gain by sharing a `writeRun`: those on SQLite share a commit as it is. */
export function sharesRunWrites(db: Db): boolean {
  return dialectOf(db) === 'postgres'
}

/**
 * Writes to an active run at once: all or nothing, one way to the database, and its locks are held no longer than the
 * commit takes.
 * @returns the run's stage; to one that is not active nothing has been written
 * @throws ParamChanged
 */
export async function writeRun(db: Db, runId: string, write: RunWrite): Promise<string | null | undefined> {
  try {
    if (dialectOf(db) === 'sqlite') return await writeRunOnSqlite(db, runId, write)
    const { text, values } = statement(runId, write)
    const { rows } = await db.executeQuery<{ lifecycle_stage: string | null }>(
      CompiledQuery.raw(text, values),
    )
    return rows[0]?.lifecycle_stage
  } catch (error) {
    if (isNullRefused(error, 'params', 'value') || isParamRefused(error))
      throw new ParamChanged('a parameter has changed', { cause: error })
    throw error
  }
}

// PostgreSQL runs the parts that write from the last to the first: params, metrics, latest metrics, run, tags, as the
// transactions do that write the same tables. Rows go in one order of keys, so that no two writers wait for each other.
function statement(runId: string, { params, points, latest, tags, name }: RunWrite) {
  const values: unknown[] = [runId]
  const bind = (value: unknown) => `$${values.push(value)}`
  const column = (rows: readonly object[], name: string, type: string) =>
    `${bind(arrayOf(rows.map((row) => (row as Record<string, unknown>)[name])))}::${type}[]`
  const parts = [`run as (select run_uuid, lifecycle_stage from runs where run_uuid = $1)`]
  if (tags.length > 0) {
    const rows = `unnest(${column(tags, 'key', 'varchar')}, ${column(tags, 'value', 'varchar')})`
    parts.push(`tag as (insert into tags (key, value, run_uuid)
      select key, value, run_uuid from ${rows} as row (key, value), ${ACTIVE} order by ${KEY}
      on conflict (key, run_uuid) do update set value = excluded.value)`)
  }
  if (name !== undefined) {
    parts.push(
      `named as (update runs set name = ${bind(name)} from ${ACTIVE} where runs.run_uuid = run.run_uuid)`,
    )
  }
  if (points.length > 0) {
    const lasts = points.map((point) => latest.has(point))
    const rows = [
      ...POINT.map(([name, type]) => column(points, name, type)),
      `${bind(arrayOf(lasts))}::boolean[]`,
    ]
    parts.push(
      `point as materialized (select * from unnest(${rows.join(', ')}) as row (${POINT_COLUMNS}, is_last))`,
      `latest as (insert into latest_metrics (${POINT_COLUMNS}, run_uuid)
      select ${POINT_COLUMNS}, run_uuid from point, ${ACTIVE} where is_last order by ${KEY}
      on conflict (key, run_uuid) do update
      set value = excluded.value, timestamp = excluded.timestamp, step = excluded.step, is_nan = excluded.is_nan
      where (excluded.step, excluded.timestamp, excluded.value)
        > (latest_metrics.step, latest_metrics.timestamp, latest_metrics.value))`,
      `history as (insert into metrics (${POINT_COLUMNS}, run_uuid)
      select ${POINT_COLUMNS}, run_uuid from point, ${ACTIVE} order by ${KEY}, timestamp, step, value
      on conflict do nothing)`,
    )
  }
  if (params.length > 0) {
    const rows = `unnest(${column(params, 'key', 'varchar')}, ${column(params, 'value', 'varchar')})`
    // Another value for a key becomes NULL, which the column refuses, and with it the whole statement.
    parts.push(`param as (insert into params (key, value, run_uuid)
      select key, value, run_uuid from ${rows} as row (key, value), ${ACTIVE} order by ${KEY}
      on conflict (key, run_uuid) do update set value = null where params.value <> excluded.value)`)
  }
  return { text: `with ${parts.join(', ')} select lifecycle_stage from run`, values }
}

const POINT = [
  ['key', 'varchar'],
  ['value', 'double precision'],
  ['timestamp', 'bigint'],
  ['step', 'bigint'],
  ['is_nan', 'boolean'],
] as const
const POINT_COLUMNS = POINT.map(([name]) => name).join(', ')

/** The order in which JavaScript sorts, whatever the database's. */
const KEY = 'key collate "C"'
const ACTIVE = "(select run_uuid from run where lifecycle_stage = 'active') as run"
