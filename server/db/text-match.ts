/** Comparisons of text that tell upper from lower case on every database, as MLflow's do. */
import { type Expression, type SqlBool, sql } from 'kysely'
import type { Dialect } from './dialect.ts'

export type TextTest =
  | { readonly type: 'text'; readonly operator: '=' | '!=' | 'LIKE' | 'ILIKE'; readonly value: string }
  | { readonly type: 'list'; readonly operator: 'IN' | 'NOT IN'; readonly values: readonly string[] }

export function textMatches(
  dialect: Dialect,
  column: Expression<string | null>,
  test: TextTest,
): Expression<SqlBool> {
  switch (dialect) {
    case 'sqlite':
      // Each session sets case_sensitive_like.
      return test.operator === 'ILIKE' ? matchesLowered(column, test.value) : matches(column, test)
    case 'postgres':
      // A backslash stands for itself, as in SQLite; to PostgreSQL's default it is an error at a pattern's end.
      return test.operator.endsWith('LIKE')
        ? sql<SqlBool>`${matches(column, test)} escape ''`
        : matches(column, test)
    case 'mysql':
      return matchesBinary(column, test)
  }
}

export function equalsText(
  dialect: Dialect,
  column: Expression<string | null>,
  value: string,
): Expression<SqlBool> {
  return textMatches(dialect, column, { type: 'text', operator: '=', value })
}

/** A number's digits, to be compared as text. */
export function asText(dialect: Dialect, column: Expression<number>): Expression<string> {
  switch (dialect) {
    case 'sqlite':
    case 'postgres':
      return sql<string>`cast(${column} as text)`
    case 'mysql':
      return sql<string>`cast(${column} as char)`
  }
}

function matches(column: Expression<string | null>, test: TextTest): Expression<SqlBool> {
  if (test.type === 'list')
    return sql<SqlBool>`${column} ${sql.raw(test.operator)} (${sql.join(test.values)})`
  return sql<SqlBool>`${column} ${sql.raw(test.operator)} ${test.value}`
}

function matchesLowered(column: Expression<string | null>, pattern: string): Expression<SqlBool> {
  return sql<SqlBool>`lower(${column}) like lower(${pattern})`
}

/**
 * The plain comparison stands beside the binary one because only it can use an index. Patterns are compared by
 * character, so that `_` is one, and a backslash stands for itself.
 */
function matchesBinary(column: Expression<string | null>, test: TextTest): Expression<SqlBool> {
  const binary = sql<string>`cast(${column} as binary)`
  switch (test.operator) {
    case '=':
      return sql<SqlBool>`(${matches(column, test)} and ${matches(binary, test)})`
    case 'LIKE':
      return sql<SqlBool>`${byCharacter(column)} like ${withoutEscapes(test.value)}`
    case 'ILIKE':
      return sql<SqlBool>`lower(${byCharacter(column)}) like lower(${withoutEscapes(test.value)})`
    case '!=':
    case 'IN':
    case 'NOT IN':
      return matches(binary, test)
  }
}

/** MariaDB knows no pattern without an escape. */
function withoutEscapes(pattern: string): string {
  return pattern.replaceAll('\\', '\\\\')
}

function byCharacter(column: Expression<string | null>): Expression<string> {
  return sql<string>`convert(${column} using utf8mb4) collate utf8mb4_bin`
}

/** The `length` characters after the first `mark` in a text. */
export function textAfter(
  dialect: Dialect,
  column: Expression<string | null>,
  mark: string,
  length: number,
): Expression<string> {
  const position = sql.raw(dialect === 'postgres' ? 'strpos' : 'instr')
  return sql<string>`substr(${column}, ${position}(${column}, ${mark}) + ${sql.lit(mark.length)}, ${sql.lit(length)})`
}
