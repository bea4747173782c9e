import { CompiledQuery } from 'kysely'
import type { Db } from './index.ts'
import { LATEST_ON_SQLITE } from './latest-metrics.ts'
import type { RunWrite } from './run-write.ts'
import type { Handle, Turn } from './sqlite-handle.ts'
import { insertText, onConflict } from './sqlite-upsert.ts'

const POINT = ['key', 'value', 'timestamp', 'step', 'is_nan', 'run_uuid'] as const
const KEY = ['key', 'run_uuid'] as const

const STAGE = 'select lifecycle_stage from runs where run_uuid = ?'
const NAME = 'update runs set name = ? where run_uuid = ?'
const INSERT_POINT = insertText('metrics', POINT, 'do nothing')
const INSERT_LATEST = insertText('latest_metrics', POINT, LATEST_ON_SQLITE)
const INSERT_TAG = insertText('tags', ['key', 'value', 'run_uuid'], onConflict(KEY, ['value']))
// Another value for a key becomes NULL, which the column refuses, and with it the whole turn.
const INSERT_PARAM = insertText(
  'params',
  ['key', 'value', 'run_uuid'],
  `(key, run_uuid) do update set value = null where params.value <> excluded.value`,
)

/** `writeRun` in one call of the driver: what Kysely adds to a transaction takes longer than SQLite for a row. */
export async function writeRunOnSqlite(
  db: Db,
  runId: string,
  write: RunWrite,
): Promise<string | null | undefined> {
  const turn: Turn<string | null | undefined> = {
    ...CompiledQuery.raw(''),
    run: (handle) => [writeRows(handle, runId, write)],
  }
  const { rows } = await db.executeQuery<string | null | undefined>(turn)
  return rows[0]
}

function writeRows(handle: Handle, runId: string, { params, points, latest, tags, name }: RunWrite) {
  const [run] = handle.execute<{ lifecycle_stage: string | null }>(CompiledQuery.raw(STAGE, [runId])).rows
  if (run?.lifecycle_stage !== 'active') return run?.lifecycle_stage
  const keyed = ({ key, value }: { key: string; value: string | null }) => [key, value, runId]
  const point = (row: RunWrite['points'][number]) => [
    row.key,
    row.value,
    row.timestamp,
    row.step,
    row.is_nan,
    runId,
  ]
  handle.runEach(INSERT_PARAM, params.map(keyed))
  handle.runEach(INSERT_POINT, points.map(point))
  handle.runEach(INSERT_LATEST, points.filter((row) => latest.has(row)).map(point))
  if (name !== undefined) handle.runEach(NAME, [[name, runId]])
  handle.runEach(INSERT_TAG, tags.map(keyed))
  return 'active'
}

/** Whether a turn failed of a parameter that is there with another value. */
export function isParamRefused(error: unknown): boolean {
  const { errcode, message } = error as { errcode?: number; message?: string }
  return errcode === 1299 && message === 'NOT NULL constraint failed: params.value'
}
