/** Filters of the figures of traces: one comparison each, `trace.tag.k = 'v'`, and nothing but equality. */

import { type Expression, type SqlBool, sql } from 'kysely'
import type { Access } from '../access/access.ts'
import type { Dialect } from '../db/dialect.ts'
import { equalsText } from '../db/text-match.ts'
import { invalidParameter } from '../errors.ts'
import type { Comparison, Key } from './grammar.ts'
import { checkSiblings } from './siblings.ts'
import { parseComparisons } from './syntax.ts'
import { traceCondition, traceSibling } from './trace-conditions.ts'
import { shown, type View } from './trace-metric-views.ts'
import { readText } from './values.ts'

/** SQLite takes no deeper expression than some hundred. */
const MOST_FILTERS = 64

const TRACE_ENTITIES: Readonly<Record<string, Key['kind']>> = {
  status: 'attribute',
  tag: 'tag',
  metadata: 'metadata',
}
const COLUMNS: Readonly<Record<string, { readonly view: View; readonly columns: Record<string, string> }>> = {
  span: { view: 'SPANS', columns: { name: 'spans.name', status: 'spans.status', type: 'spans.type' } },
  assessment: {
    view: 'ASSESSMENTS',
    columns: { name: 'assessments.name', type: 'assessments.assessment_type' },
  },
}

/** @throws ApiError for a filter that cannot be read, or is of another view */
export function metricConditions(
  dialect: Dialect,
  view: View,
  experimentIds: readonly number[],
  filters: readonly string[],
  access: Access,
): Expression<SqlBool>[] {
  if (filters.length > MOST_FILTERS) throw invalidParameter(`At most ${MOST_FILTERS} filters are taken.`)
  return filters.map((filter) => {
    const { subject, entity, key, value } = readFilter(filter)
    if (subject !== 'trace') return equalsText(dialect, sql.ref(columnOf(view, subject, entity)), value)
    const kind = own(TRACE_ENTITIES, entity) ?? 'attribute'
    const name = key ?? entity
    const comparison: Comparison = { key: { kind, name }, test: { type: 'text', operator: '=', value } }
    checkSiblings(access, traceSibling, [comparison])
    return traceCondition(dialect, experimentIds, comparison)
  })
}

interface MetricFilter {
  readonly subject: string
  readonly entity: string
  readonly key: string | undefined
  readonly value: string
}

function readFilter(filter: string): MetricFilter {
  const [node, ...more] = parseComparisons(filter)
  if (more.length > 0) throw invalidParameter('Invalid clause(s) in filter string: AND')
  if (!node) throw invalidParameter(`Invalid filter: '${filter}'. Expected one filter clause.`)
  const { left, operator, right } = node
  const [subject = '', entity, ...rest] = left.text.split('.')
  if (left.kind !== 'identifier' || entity === undefined) {
    throw invalidParameter(
      `Invalid identifier '${left.text}'. Columns should be specified as 'trace.<key>', 'span.<key>', 'assessment.<key>'.`,
    )
  }
  const key = rest.length > 0 ? unquoted(rest.join('.')) : undefined
  checkEntity(unquoted(subject), entity, key)
  if (operator !== '=' || !right) {
    throw invalidParameter(`Invalid comparator: '${operator}', only '=' operator is supported`)
  }
  if (right.kind !== 'string' && right.kind !== 'identifier') {
    throw invalidParameter(
      `Expected a quoted string value for ${entity} value (e.g. 'my-value'). Got value ${right.text}`,
    )
  }
  const value = readText({ kind: 'attribute', name: entity }, right)
  return { subject: unquoted(subject), entity, key, value }
}

function checkEntity(subject: string, entity: string, key: string | undefined): void {
  const entities = subject === 'trace' ? TRACE_ENTITIES : own(COLUMNS, subject)?.columns
  if (!entities) {
    throw invalidParameter(
      `Invalid view type '${subject}'. Valid values are dict_keys(['trace', 'span', 'assessment'])`,
    )
  }
  if (!Object.hasOwn(entities, entity)) {
    throw invalidParameter(
      `Invalid entity '${entity}' specified for view type '${subject}'. Valid entities are ${shown(Object.keys(entities))}`,
    )
  }
  const needsKey = entity === 'tag' || entity === 'metadata'
  if (needsKey && !key) {
    throw invalidParameter(
      `Filtering by ${entity} requires a key, e.g. '${subject}.${entity}.<key> = <value>'`,
    )
  }
  if (!needsKey && key !== undefined) {
    throw invalidParameter(
      `Filtering by ${entity} does not require a key, use '${subject}.${entity}' instead`,
    )
  }
}

function columnOf(view: View, subject: string, entity: string): string {
  const of = own(COLUMNS, subject)
  if (of?.view !== view) {
    throw invalidParameter(`Filtering by ${subject} is only supported for ${of?.view} view type, got ${view}`)
  }
  return of.columns[entity] as string
}

function own<V>(of: Readonly<Record<string, V>>, name: string): V | undefined {
  return Object.hasOwn(of, name) ? of[name] : undefined
}

function unquoted(text: string): string {
  return text.replace(/^(['"`])(.*)\1$/s, '$2')
}
