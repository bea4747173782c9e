/**
 * Metadata and a tag of traces that MLflow keeps in columns of their own, to compute with: the session, the tokens,
 * the cost, the name. Clients see them among the metadata and the tags.
 */
import type { Selectable, Updateable } from 'kysely'
import type { Database } from '../db/schema/index.ts'
import { PythonFloat, pythonJson } from '../python-json.ts'
import type { Int64 } from '../wire.ts'

export type TraceRow = Selectable<Database['trace_info']>
export type TraceColumns = Updateable<Database['trace_info']>

export const TRACE_NAME_TAG = 'mlflow.traceName'
export const SESSION_KEY = 'mlflow.trace.session'
export const TOKEN_USAGE_KEY = 'mlflow.trace.tokenUsage'
export const COST_KEY = 'mlflow.trace.cost'

export const TOKEN_COLUMNS = [
  'input_tokens',
  'output_tokens',
  'total_tokens',
  'cache_read_input_tokens',
  'cache_creation_input_tokens',
  'cache_creation_input_tokens_above_1hr',
] as const
export const COST_COLUMNS = ['input_cost', 'output_cost', 'total_cost'] as const

const IN_COLUMNS: readonly string[] = [SESSION_KEY, TOKEN_USAGE_KEY, COST_KEY]

/** Whether a key of the metadata is kept in columns. */
export function isInColumns(key: string): boolean {
  return IN_COLUMNS.includes(key)
}

/** The columns that metadata fills; a column it says nothing of is left out. */
export function columnsOf(metadata: ReadonlyMap<string, string>): TraceColumns {
  return {
    ...(metadata.has(SESSION_KEY) && { session_id: metadata.get(SESSION_KEY) ?? null }),
    ...tokenColumnsOf(parseObject(metadata.get(TOKEN_USAGE_KEY))),
    ...costColumnsOf(parseObject(metadata.get(COST_KEY))),
  }
}

export function tokenColumnsOf(usage: Record<string, unknown>): TraceColumns {
  return pick(TOKEN_COLUMNS, usage, toCount)
}

export function costColumnsOf(cost: Record<string, unknown>): TraceColumns {
  return pick(COST_COLUMNS, cost, toFinite)
}

/** What the columns of a trace say, as metadata. */
export function metadataOf(row: TraceRow): Record<string, string> {
  const tokens = TOKEN_COLUMNS.flatMap((name) => (row[name] === null ? [] : [[name, row[name]] as const]))
  const costs = COST_COLUMNS.flatMap((name) =>
    row[name] === null ? [] : [[name, new PythonFloat(row[name])] as const],
  )
  return {
    ...(row.session_id !== null && { [SESSION_KEY]: row.session_id }),
    ...(tokens.length > 0 && { [TOKEN_USAGE_KEY]: pythonJson(Object.fromEntries(tokens)) }),
    ...(costs.length > 0 && { [COST_KEY]: pythonJson(Object.fromEntries(costs)) }),
  }
}

/** The object that JSON text holds, or an empty one. */
export function parseObject(json: string | undefined): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(json ?? '{}')
    return parsed !== null && typeof parsed === 'object' && !Array.isArray(parsed)
      ? (parsed as Record<string, unknown>)
      : {}
  } catch {
    return {}
  }
}

function pick<K extends string, V>(
  columns: readonly K[],
  from: Record<string, unknown>,
  read: (value: unknown) => V | null,
): Partial<Record<K, V | null>> {
  const found = columns.filter((column) => Object.hasOwn(from, column))
  return Object.fromEntries(found.map((column) => [column, read(from[column])])) as Partial<
    Record<K, V | null>
  >
}

function toCount(value: unknown): Int64 | null {
  const count = toFinite(value)
  return count !== null && Number.isSafeInteger(count) ? count : null
}

export function toFinite(value: unknown): number | null {
  if (typeof value !== 'number' && typeof value !== 'string') return null
  const number = value === '' ? Number.NaN : Number(value)
  return Number.isFinite(number) ? number : null
}
