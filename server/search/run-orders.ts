/** Orders of runs as SQL: missing values last in both directions, NaN just before them. */
import { type Expression, type SelectQueryBuilder, sql } from 'kysely'
import type { Dialect } from '../db/dialect.ts'
import type { Database } from '../db/schema/index.ts'
import { equalsText } from '../db/text-match.ts'
import { invalidParameter } from '../errors.ts'
import type { Key, Kind } from './grammar.ts'
import { type Order, refuseDuplicates } from './order-by.ts'
import { RUN_COLUMNS, type RunAttribute } from './run-conditions.ts'

type RunQuery<O> = SelectQueryBuilder<Database, 'runs', O>

const TABLES = { metric: 'latest_metrics', parameter: 'params', tag: 'tags' } as const

/** Puts runs in order, the latest first where nothing else decides. */
export function inRunOrder<O>(
  dialect: Dialect,
  query: RunQuery<O>,
  orders: readonly Order[],
  orderBy: readonly string[],
): RunQuery<O> {
  const keys = orders.map(({ key }) => `${key.kind}.${key.name}`)
  refuseDuplicates(keys, orderBy)
  let ordered = query
  for (const [index, { key, ascending }] of orders.entries()) {
    const alias = `order_${index}`
    if (key.kind !== 'attribute') ordered = withLogged(dialect, ordered, key, alias)
    const value = sql.ref(key.kind === 'attribute' ? RUN_COLUMNS[key.name as RunAttribute] : `${alias}.value`)
    ordered = ordered.orderBy(rankOf(key.kind, alias, value)).orderBy(value, ascending ? 'asc' : 'desc')
  }
  if (!keys.includes('attribute.start_time')) ordered = ordered.orderBy('runs.start_time', 'desc')
  return ordered.orderBy('runs.run_uuid')
}

/**
 * Joins what runs logged under a key, by its primary key, and keeps those that logged nothing. Kysely knows no
 * aliases that are counted, so it checks the join on a table of the same columns.
 */
function withLogged<O>(
  dialect: Dialect,
  query: RunQuery<O>,
  { kind, name }: Key,
  alias: string,
): RunQuery<O> {
  if (kind !== 'metric' && kind !== 'parameter' && kind !== 'tag')
    throw invalidParameter(`Invalid identifier type '${kind}'`)
  return query.leftJoin(`${TABLES[kind]} as ${alias}` as 'tags', (join) =>
    join
      .onRef(`${alias}.run_uuid` as 'tags.run_uuid', '=', 'runs.run_uuid')
      .on((eb) => equalsText(dialect, eb.ref(`${alias}.key` as 'tags.key'), name)),
  ) as unknown as RunQuery<O>
}

function rankOf(kind: Kind, alias: string, value: Expression<unknown>): Expression<unknown> {
  if (kind !== 'metric') return sql`${value} is null`
  return sql`case when ${sql.ref(`${alias}.is_nan`)} = true then 1 when ${value} is null then 2 else 0 end`
}
