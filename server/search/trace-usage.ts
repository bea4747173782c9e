/** Tokens and cost as metadata to search by: MLflow keeps them in columns. */
import { type Expression, expressionBuilder, type SqlBool } from 'kysely'
import type { Database } from '../db/schema/index.ts'
import type { TextTest } from '../db/text-match.ts'
import { invalidParameter } from '../errors.ts'
import {
  COST_COLUMNS,
  COST_KEY,
  columnsOf,
  metadataOf,
  TOKEN_COLUMNS,
  TOKEN_USAGE_KEY,
  type TraceRow,
} from '../store/trace-columns.ts'
import type { NullTest } from './grammar.ts'

const COLUMNS: Record<string, readonly (keyof TraceRow & keyof Database['trace_info'])[]> = {
  [TOKEN_USAGE_KEY]: TOKEN_COLUMNS,
  [COST_KEY]: COST_COLUMNS,
}

export function isUsage(key: string): boolean {
  return Object.hasOwn(COLUMNS, key)
}

export function usageCondition(key: string, test: TextTest | NullTest): Expression<SqlBool> {
  const eb = expressionBuilder<Database, 'trace_info'>()
  const columns = COLUMNS[key] ?? []
  const isThere = eb.or(columns.map((column) => eb(`trace_info.${column}`, 'is not', null)))
  if (test.type === 'null') return test.operator === 'IS NULL' ? eb.not(isThere) : isThere
  if (test.type === 'list' || test.operator.endsWith('LIKE')) {
    throw invalidParameter(
      `Comparator '${test.operator}' is not supported for reserved metadata '${key}'. Only '=', '!=', 'IS NULL', and 'IS NOT NULL' are supported.`,
    )
  }
  const equal = isEqual(key, test.value)
  return test.operator === '=' ? equal : eb.and([isThere, eb.not(equal)])
}

/** Only the very text that an answer has is equal. */
function isEqual(key: string, value: string): Expression<SqlBool> {
  const eb = expressionBuilder<Database, 'trace_info'>()
  const columns = COLUMNS[key] ?? []
  const unset = Object.fromEntries(
    [...TOKEN_COLUMNS, ...COST_COLUMNS].map((column) => [column, null]),
  ) as unknown as TraceRow
  const wanted = { ...unset, session_id: null, ...columnsOf(new Map([[key, value]])) } as TraceRow
  if (metadataOf(wanted)[key] !== value) return eb.lit(false)
  return eb.and(
    columns.map((column) =>
      wanted[column] === null
        ? eb(`trace_info.${column}`, 'is', null)
        : eb(`trace_info.${column}`, '=', wanted[column] as number),
    ),
  )
}
