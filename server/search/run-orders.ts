/** Orders of runs as SQL: missing values last in both directions, NaN just before them. */
import { type Expression, sql } from 'kysely'
import type { Dialect } from '../db/dialect.ts'
import { invalidParameter } from '../errors.ts'
import type { Key } from './grammar.ts'
import { type Order, refuseDuplicates } from './order-by.ts'
import { metricOf, RUN_COLUMNS, type RunAttribute, run, textOf } from './run-conditions.ts'

type OrderTerm = readonly [Expression<unknown>, 'asc' | 'desc']

/** The latest first where nothing else decides. */
export function runOrders(
  dialect: Dialect,
  orders: readonly Order[],
  orderBy: readonly string[],
): OrderTerm[] {
  const keys = orders.map(({ key }) => `${key.kind}.${key.name}`)
  refuseDuplicates(keys, orderBy)
  const terms = orders.flatMap(({ key, ascending }): OrderTerm[] => {
    const { rank, value } = sortValue(dialect, key)
    return [
      [rank, 'asc'],
      [value, ascending ? 'asc' : 'desc'],
    ]
  })
  if (!keys.includes('attribute.start_time')) terms.push([run().ref('runs.start_time'), 'desc'])
  return [...terms, [run().ref('runs.run_uuid'), 'asc']]
}

function sortValue(
  dialect: Dialect,
  { kind, name }: Key,
): { rank: Expression<unknown>; value: Expression<unknown> } {
  if (kind === 'dataset') throw invalidParameter(`Invalid identifier type '${kind}'`)
  if (kind === 'metric') {
    const nan = metricOf(dialect, name).select(
      sql<number>`case when ${sql.ref('logged.is_nan')} = true then 1 else 0 end`.as('rank'),
    )
    return { rank: sql`coalesce(${nan}, 2)`, value: metricOf(dialect, name).select('logged.value') }
  }
  const value =
    kind === 'attribute'
      ? run().ref(RUN_COLUMNS[name as RunAttribute])
      : textOf(dialect, kind === 'tag' ? 'tags' : 'params', name)
  return { rank: sql`${value} is null`, value }
}
