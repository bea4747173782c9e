/** Comparisons of traces as SQL: each EXISTS below finds its rows by an index. */
import { type Expression, expressionBuilder, type SqlBool } from 'kysely'
import type { Dialect } from '../db/dialect.ts'
import { integerMatches } from '../db/number-match.ts'
import type { Database } from '../db/schema/index.ts'
import { equalsText, type TextTest, textMatches } from '../db/text-match.ts'
import { invalidParameter } from '../errors.ts'
import { SESSION_KEY, TRACE_NAME_TAG } from '../store/trace-columns.ts'
import type { Comparison, Key, NullTest } from './grammar.ts'
import {
  LINKED_PROMPTS,
  OF_ASSESSMENT,
  OF_LOGGED_MODEL,
  OF_RUN,
  type Sibling,
  tagSibling,
} from './siblings.ts'
import { assessmentCondition } from './trace-assessments.ts'
import { endTime } from './trace-times.ts'
import { isUsage, usageCondition } from './trace-usage.ts'

/** The metadata that names the run a trace was made in. */
export const SOURCE_RUN = 'mlflow.sourceRun'
/** The metadata that names the logged model that was traced. */
export const TRACED_MODEL = 'mlflow.modelId'

const trace = () => expressionBuilder<Database, 'trace_info'>()

type Attribute = 'client_request_id' | 'request_id' | 'status'

/** What a comparison of a trace tells of. */
export function traceSibling(key: Key): Sibling | undefined {
  switch (key.kind) {
    case 'feedback':
    case 'expectation':
    case 'issue':
      return OF_ASSESSMENT
    case 'metadata':
      return { [SOURCE_RUN]: OF_RUN, [TRACED_MODEL]: OF_LOGGED_MODEL }[key.name]
    default:
      return tagSibling(key)
  }
}

export function traceCondition(
  dialect: Dialect,
  experimentIds: readonly number[],
  comparison: Comparison,
): Expression<SqlBool> {
  const { key, test } = comparison
  if (key.kind === 'issue') return hasIssue(key.name, test)
  if (key.kind === 'feedback' || key.kind === 'expectation') {
    return assessmentCondition(dialect, experimentIds, key.kind, key.name, test)
  }
  if (test.type === 'number') {
    if (key.name === 'end_time_ms') return integerMatches(dialect, endTime(), test)
    const column = key.name as 'timestamp_ms' | 'execution_time_ms'
    return integerMatches(dialect, trace().ref(`trace_info.${column}`), test)
  }
  if (key.kind === 'attribute') {
    return textMatches(dialect, trace().ref(`trace_info.${key.name as Attribute}`), test as TextTest)
  }
  return pairCondition(dialect, key, test)
}

function pairCondition(dialect: Dialect, key: Key, test: TextTest | NullTest): Expression<SqlBool> {
  if (key.kind === 'tag' && key.name === TRACE_NAME_TAG) return columnMatches(dialect, 'trace_name', test)
  if (key.kind === 'tag' && key.name === LINKED_PROMPTS) return isLinkedToPrompt(test)
  if (key.kind === 'metadata' && key.name === SESSION_KEY) return columnMatches(dialect, 'session_id', test)
  if (key.kind === 'metadata' && isUsage(key.name)) return usageCondition(key.name, test)
  const table = key.kind === 'tag' ? 'trace_tags' : 'trace_request_metadata'
  const kept = keptText(dialect, table, key.name)
  if (test.type === 'null') {
    const found = trace().exists(kept)
    return test.operator === 'IS NULL' ? trace().not(found) : found
  }
  const found = trace().exists(kept.where((eb) => textMatches(dialect, eb.ref('kept.value'), test)))
  const isRun = key.name === SOURCE_RUN && test.type === 'text' && test.operator === '='
  return isRun ? trace().or([found, isLinked('run', test.value)]) : found
}

function columnMatches(
  dialect: Dialect,
  column: 'trace_name' | 'session_id',
  test: TextTest | NullTest,
): Expression<SqlBool> {
  const value = trace().ref(`trace_info.${column}`)
  if (test.type !== 'null') return textMatches(dialect, value, test)
  return trace()(value, test.operator === 'IS NULL' ? 'is' : 'is not', null)
}

function keptText(dialect: Dialect, table: 'trace_tags' | 'trace_request_metadata', key: string) {
  return trace()
    .selectFrom(`${table} as kept` as 'trace_tags as kept')
    .select('kept.key')
    .whereRef('kept.request_id', '=', 'trace_info.request_id')
    .where((eb) => equalsText(dialect, eb.ref('kept.key'), key))
}

function isLinkedToPrompt(test: TextTest | NullTest): Expression<SqlBool> {
  if (test.type !== 'text' || test.operator !== '=') {
    throw invalidParameter(
      `Invalid comparator '${test.operator}' for prompts filter. Only '=' is supported with format: prompt = "name/version"`,
    )
  }
  if (test.value.split('/').length !== 2) {
    throw invalidParameter(
      `Invalid prompts filter value '${test.value}'. Expected format: prompt = "name/version"`,
    )
  }
  return isLinked('prompt_version', test.value)
}

function isLinked(type: 'run' | 'prompt_version', id: string): Expression<SqlBool> {
  return trace().exists(
    trace()
      .selectFrom('entity_associations as link')
      .select('link.association_id')
      .where('link.source_type', '=', 'trace')
      .whereRef('link.source_id', '=', 'trace_info.request_id')
      .where('link.destination_type', '=', type)
      .where('link.destination_id', '=', id),
  )
}

function hasIssue(name: string, test: Comparison['test']): Expression<SqlBool> {
  if (name !== 'id') {
    throw invalidParameter(`Invalid issue attribute '${name}'. Supported attributes: id`)
  }
  if (test.type !== 'text' || test.operator !== '=') {
    throw invalidParameter(`issue.id comparator '${test.operator}' not one of '{'='}'`)
  }
  return trace().exists(
    trace()
      .selectFrom('assessments as said')
      .select('said.assessment_id')
      .whereRef('said.trace_id', '=', 'trace_info.request_id')
      .where('said.assessment_type', '=', 'issue')
      .where('said.name', '=', test.value),
  )
}
