/** Orders of traces as SQL: missing values last in both directions. */
import { type Expression, type SelectQueryBuilder, sql } from 'kysely'
import type { Dialect } from '../db/dialect.ts'
import type { Database } from '../db/schema/index.ts'
import { equalsText } from '../db/text-match.ts'
import { invalidParameter } from '../errors.ts'
import { SESSION_KEY, TRACE_NAME_TAG } from '../store/trace-columns.ts'
import type { Key } from './grammar.ts'
import { type Order, refuseDuplicates } from './order-by.ts'
import { endTime } from './trace-times.ts'
import { isUsage } from './trace-usage.ts'

type TraceQuery<O> = SelectQueryBuilder<Database, 'trace_info', O>

/** Puts traces in order, the latest first where nothing else decides. */
export function inTraceOrder<O>(
  dialect: Dialect,
  query: TraceQuery<O>,
  orders: readonly Order[],
  orderBy: readonly string[],
): TraceQuery<O> {
  const keys = orders.map(({ key }) => `${key.kind}.${key.name}`)
  refuseDuplicates(keys, orderBy)
  let ordered = query
  for (const [index, { key, ascending }] of orders.entries()) {
    const alias = `order_${index}`
    const column = columnOf(key)
    if (!column) ordered = withKept(dialect, ordered, key, alias)
    const value = column ?? sql.ref(`${alias}.value`)
    ordered = ordered.orderBy(sql`${value} is null`).orderBy(value, ascending ? 'asc' : 'desc')
  }
  if (!keys.includes('attribute.timestamp_ms')) ordered = ordered.orderBy('trace_info.timestamp_ms', 'desc')
  return keys.includes('attribute.request_id') ? ordered : ordered.orderBy('trace_info.request_id')
}

function columnOf({ kind, name }: Key): Expression<unknown> | undefined {
  if (kind === 'attribute') return name === 'end_time_ms' ? endTime() : sql.ref(`trace_info.${name}`)
  if (kind === 'tag' && name === TRACE_NAME_TAG) return sql.ref('trace_info.trace_name')
  return kind === 'metadata' && name === SESSION_KEY ? sql.ref('trace_info.session_id') : undefined
}

/** Joins what traces have under a key, by its primary key, and keeps those that have nothing. */
function withKept<O>(
  dialect: Dialect,
  query: TraceQuery<O>,
  { kind, name }: Key,
  alias: string,
): TraceQuery<O> {
  if (kind !== 'tag' && kind !== 'metadata') throw invalidParameter(`Invalid identifier type '${kind}'`)
  if (kind === 'metadata' && isUsage(name)) {
    throw invalidParameter(
      `Ordering by reserved metadata '${name}' is not supported because it is represented by multiple columns.`,
    )
  }
  const table = kind === 'tag' ? 'trace_tags' : 'trace_request_metadata'
  return query.leftJoin(`${table} as ${alias}` as 'trace_tags', (join) =>
    join
      .onRef(`${alias}.request_id` as 'trace_tags.request_id', '=', 'trace_info.request_id')
      .on((eb) => equalsText(dialect, eb.ref(`${alias}.key` as 'trace_tags.key'), name)),
  ) as unknown as TraceQuery<O>
}
