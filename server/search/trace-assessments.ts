/** What was said of traces, as conditions on them. */
import { type Expression, expressionBuilder, type SqlBool, sql } from 'kysely'
import type { Dialect } from '../db/dialect.ts'
import { isOneOf, type NumberTest, numberMatches } from '../db/number-match.ts'
import type { Database } from '../db/schema/index.ts'
import { type TextTest, textMatches } from '../db/text-match.ts'
import { invalidParameter } from '../errors.ts'
import { pythonJson } from '../python-json.ts'
import { SESSION_KEY } from '../store/trace-columns.ts'
import type { NullTest } from './grammar.ts'

type Test = TextTest | NumberTest | NullTest

/** Said of a trace, or of the whole session it belongs to. */
export function assessmentCondition(
  dialect: Dialect,
  experimentIds: readonly number[],
  type: 'feedback' | 'expectation',
  name: string,
  test: Test,
): Expression<SqlBool> {
  if (name === '') throw invalidParameter('Assessment field name cannot be empty')
  const trace = expressionBuilder<Database, 'trace_info'>()
  const matching = saidOf(type, name, (said) => valueMatches(dialect, said, test))
  const direct = trace.exists(matching.whereRef('said.trace_id', '=', 'trace_info.request_id'))
  const ofSession = trace(
    'trace_info.session_id',
    'in',
    matching
      .innerJoin('trace_info as sibling', 'sibling.request_id', 'said.trace_id')
      .clearSelect()
      .select('sibling.session_id')
      .where('sibling.session_id', 'is not', null)
      .where((eb) => isOneOf(dialect, eb.ref('sibling.experiment_id'), experimentIds))
      .where('said.assessment_metadata', 'like', `%"${SESSION_KEY}":%`),
  )
  // A trace without a session is in none: NOT IN would drop it.
  const found = trace.or([direct, trace.and([trace('trace_info.session_id', 'is not', null), ofSession])])
  return test.type === 'null' && test.operator === 'IS NULL' ? trace.not(found) : found
}

type Said = ReturnType<typeof said>

function said() {
  return expressionBuilder<{ said: Database['assessments'] }, 'said'>()
}

function saidOf(type: string, name: string, matches: (eb: Said) => Expression<SqlBool>) {
  return expressionBuilder<Database, 'trace_info'>()
    .selectFrom('assessments as said')
    .select('said.assessment_id')
    .where('said.assessment_type', '=', type)
    .where('said.name', '=', name)
    .where('said.valid', '=', sql<boolean>`true`)
    .where(matches(said()))
}

/** Values are JSON: a text may be meant as it stands, `true`, or as the string it is. */
function valueMatches(dialect: Dialect, eb: Said, test: Test): Expression<SqlBool> {
  if (test.type === 'null') return eb.lit(true)
  if (test.type === 'number') {
    const isNumber = eb('said.is_numeric_value', '=', sql<boolean>`true`)
    return eb.and([isNumber, numberMatches(dialect, eb.ref('said.aggregate_value'), test)])
  }
  if (test.type === 'list') throw invalidParameter(`Invalid comparator '${test.operator}' for an assessment`)
  const value = eb.ref('said.value')
  if (test.operator.endsWith('LIKE')) return textMatches(dialect, value, test)
  const equal = [test.value, pythonJson(test.value)].map((text) =>
    textMatches(dialect, value, { type: 'text', operator: '=', value: text }),
  )
  return test.operator === '=' ? eb.or(equal) : eb.not(eb.or(equal))
}
