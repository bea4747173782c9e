/** Comparisons of spans as SQL: all of a filter's are about one and the same span. */
import { type Expression, expressionBuilder, type SqlBool } from 'kysely'
import type { Dialect } from '../db/dialect.ts'
import type { Database } from '../db/schema/index.ts'
import { type TextTest, textMatches } from '../db/text-match.ts'
import { invalidParameter } from '../errors.ts'
import type { Comparison } from './grammar.ts'

type SpanColumn = 'name' | 'type' | 'status' | 'content'

const COLUMNS: readonly string[] = ['name', 'type', 'status', 'content'] satisfies SpanColumn[]
const ATTRIBUTE = 'attributes.'

export function spanConditions(dialect: Dialect, comparisons: readonly Comparison[]): Expression<SqlBool>[] {
  if (comparisons.length === 0) return []
  const trace = expressionBuilder<Database, 'trace_info'>()
  const tests = comparisons.map(readSpanTest)
  return [
    trace.exists(
      trace
        .selectFrom('spans')
        .select('spans.span_id')
        .whereRef('spans.trace_id', '=', 'trace_info.request_id')
        .where((eb) =>
          eb.and(tests.map(({ column, test }) => textMatches(dialect, eb.ref(`spans.${column}`), test))),
        ),
    ),
  ]
}

function readSpanTest({ key: { name }, test }: Comparison): { column: SpanColumn; test: TextTest } {
  if (test.type !== 'text' && test.type !== 'list') throw notComparable(name)
  const isPattern = test.operator === 'LIKE' || test.operator === 'ILIKE'
  if (name.startsWith(ATTRIBUTE)) {
    const attribute = name.slice(ATTRIBUTE.length).replace(/^`+|`+$/g, '')
    if (attribute === '' || test.type === 'list' || !isPattern) throw notComparable(name)
    return { column: 'content', test: { ...test, value: `%"${attribute}"${test.value}%` } }
  }
  if (!COLUMNS.includes(name)) {
    throw invalidParameter(
      `Invalid span attribute '${name}'. Supported attributes: name, status, type, attributes.<attribute_name>.`,
    )
  }
  if (name === 'content' && !isPattern) throw notComparable(name)
  return { column: name as SpanColumn, test }
}

function notComparable(name: string): Error {
  return invalidParameter(`span.${name} cannot be compared like that; LIKE and ILIKE are supported for it.`)
}
