/** What a caller may see, as conditions; who sees all needs none. Each set is one variable where that can be. */
import { type Expression, type SqlBool, sql } from 'kysely'
import type { Visible } from '../access/access.ts'
import type { Dialect } from './dialect.ts'
import { isOneOf } from './number-match.ts'

type Part = Exclude<Visible, 'all'>

/** The greatest id an experiment has: PostgreSQL refuses to compare its column with more. */
const GREATEST_ID = 2 ** 31 - 1

/** Whether a column holds the id of an experiment that is seen. */
export function isSeenId(
  dialect: Dialect,
  column: Expression<number | null>,
  seen: Part,
): Expression<SqlBool> {
  const { names, isListed } = listOf(seen)
  const ids = names.filter((name) => /^(0|[1-9]\d{0,9})$/.test(name)).map(Number)
  const found = isOneOf(
    dialect,
    column,
    ids.filter((id) => id <= GREATEST_ID),
  )
  return isListed ? found : sql<SqlBool>`not (${found})`
}

/** Whether a column holds a name that is seen, in the case it was granted in. */
export function isSeenName(dialect: Dialect, column: Expression<string>, seen: Part): Expression<SqlBool> {
  const { names, isListed } = listOf(seen)
  const found = isOneName(dialect, column, names)
  return isListed ? found : sql<SqlBool>`not (${found})`
}

function isOneName(
  dialect: Dialect,
  column: Expression<string>,
  names: readonly string[],
): Expression<SqlBool> {
  if (names.length === 0) return sql<SqlBool>`1 = 0`
  switch (dialect) {
    case 'sqlite':
      return sql<SqlBool>`${column} in (select value from json_each(${JSON.stringify(names)}))`
    case 'postgres':
      return sql<SqlBool>`${column} = any(cast(${names} as text[]))`
    case 'mysql':
      // Its collations take more than one name for the same; only the plain comparison can use an index.
      return sql<SqlBool>`(${column} in (${sql.join(names)}) and cast(${column} as binary) in (${sql.join(names)}))`
  }
}

function listOf(seen: Part): { names: string[]; isListed: boolean } {
  return 'only' in seen
    ? { names: [...seen.only], isListed: true }
    : { names: [...seen.except], isListed: false }
}
