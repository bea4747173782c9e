import { type Expression, type SqlBool, sql } from 'kysely'
import type { Int64 } from '../wire.ts'
import type { Dialect } from './dialect.ts'

export interface NumberTest {
  readonly type: 'number'
  readonly operator: '>' | '>=' | '<' | '<=' | '=' | '!='
  readonly value: Int64
}

/** Nothing compares with NaN, and MySQL has no infinity: all it keeps is less, or more. */
export function numberMatches(
  dialect: Dialect,
  column: Expression<number | null>,
  test: NumberTest,
): Expression<SqlBool> {
  if (Number.isNaN(test.value)) return sql<SqlBool>`1 = 0`
  if (dialect === 'mysql' && Math.abs(Number(test.value)) === Number.POSITIVE_INFINITY) {
    const always = test.operator === '!=' || test.operator.startsWith(test.value > 0 ? '<' : '>')
    return always ? sql<SqlBool>`${column} is not null` : sql<SqlBool>`1 = 0`
  }
  return sql<SqlBool>`${column} ${sql.raw(test.operator)} ${test.value}`
}

/** Compares whole numbers with one that need not be: PostgreSQL takes no fraction where a column has none. */
export function integerMatches(
  dialect: Dialect,
  column: Expression<Int64 | null>,
  { operator, value }: NumberTest,
): Expression<SqlBool> {
  if (Number.isSafeInteger(value) || (typeof value === 'bigint' && BigInt.asIntN(64, value) === value)) {
    return sql<SqlBool>`${column} ${sql.raw(operator)} ${asBigint(dialect, value)}`
  }
  const [above, below] = [value < MOST, value > -MOST]
  if (Number.isNaN(value) || operator === '=') return sql<SqlBool>`1 = 0`
  if (operator === '!=' || !above || !below) {
    const always = operator === '!=' || (operator.startsWith('<') ? !above : !below)
    return always ? sql<SqlBool>`${column} is not null` : sql<SqlBool>`1 = 0`
  }
  return operator.startsWith('>')
    ? sql<SqlBool>`${column} > ${asBigint(dialect, Math.floor(Number(value)))}`
    : sql<SqlBool>`${column} < ${asBigint(dialect, Math.ceil(Number(value)))}`
}

/** PostgreSQL takes a value for what the column beside it is, and refuses one that is too large for that. */
function asBigint(dialect: Dialect, value: Int64) {
  return dialect === 'postgres' ? sql`cast(${value} as bigint)` : sql`${value}`
}

/** Beyond every time and version there is. */
const MOST = Number.MAX_SAFE_INTEGER

/** Whether a column holds one of any number of ids, in one variable where a long list would be too many. */
export function isOneOf(
  dialect: Dialect,
  column: Expression<number | null>,
  ids: readonly number[],
): Expression<SqlBool> {
  if (ids.length === 0) return sql<SqlBool>`1 = 0`
  const listed = sql<SqlBool>`${column} in (${sql.join(ids)})`
  if (ids.length <= 100) return listed
  switch (dialect) {
    case 'mysql':
      return listed
    case 'sqlite':
      return sql<SqlBool>`${column} in (select value from json_each(${JSON.stringify(ids)}))`
    case 'postgres':
      return sql<SqlBool>`${column} = any(cast(${ids} as bigint[]))`
  }
}
