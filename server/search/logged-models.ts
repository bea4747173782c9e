import { type Access, readableExperiments } from '../access/access.ts'
import { dialectOf } from '../db/dialect.ts'
import type { Db } from '../db/index.ts'
import { isOneOf } from '../db/number-match.ts'
import { invalidParameter } from '../errors.ts'
import { type Grammar, type Key, parseFilter, type ValueType } from './grammar.ts'
import {
  type DatasetFilter,
  hasMetricOnDataset,
  type LoggedModelRow,
  loggedModelCondition,
} from './logged-model-conditions.ts'
import { type LoggedModelOrder, loggedModelOrders } from './logged-model-orders.ts'
import type { Page } from './page.ts'
import { decodePageToken, parseOffset } from './page-token.ts'
import { checkSiblings, OF_RUN, type Sibling, tagSibling } from './siblings.ts'

export type { DatasetFilter, LoggedModelOrder, LoggedModelRow }

export interface LoggedModelSearch {
  readonly experimentIds: readonly number[]
  readonly filter: string
  /** Only models with a metric on one of these; a metric in the filter counts on these only. */
  readonly datasets: readonly DatasetFilter[]
  readonly orderBy: readonly LoggedModelOrder[]
  readonly maxResults: number
  readonly pageToken?: string | undefined
}

const ATTRIBUTES: Record<keyof LoggedModelRow, ValueType> = {
  artifact_location: 'text',
  creation_timestamp_ms: 'integer',
  experiment_id: 'text',
  last_updated_timestamp_ms: 'integer',
  lifecycle_stage: 'text',
  model_id: 'text',
  model_type: 'text',
  name: 'text',
  source_run_id: 'text',
  status: 'text',
  status_message: 'text',
}

const ALIASES = {
  creation_time: 'creation_timestamp_ms',
  creation_timestamp: 'creation_timestamp_ms',
  last_updated_time: 'last_updated_timestamp_ms',
  last_updated_timestamp: 'last_updated_timestamp_ms',
} as const

const GRAMMAR: Grammar = {
  prefixes: { attributes: 'attribute', metrics: 'metric', params: 'parameter', tags: 'tag' },
  prefixHint: "Expected one of ['attributes', 'metrics', 'params', 'tags'].",
  attributes: ATTRIBUTES,
  aliases: ALIASES,
  orderAttributes: [],
  lists: 'any',
  nullTests: [],
  anyCase: true,
  quotedAttributes: true,
  looseValues: true,
}

const ORDER_COLUMNS: Record<string, keyof LoggedModelRow> = {
  ...ALIASES,
  ...Object.fromEntries(Object.keys(ATTRIBUTES).map((name) => [name, name as keyof LoggedModelRow])),
}

/** The logged models of some experiments that pass a filter and the caller may read, in order. */
export async function searchLoggedModels(
  db: Db,
  search: LoggedModelSearch,
  access: Access,
): Promise<Page<LoggedModelRow>> {
  const { experimentIds, filter, datasets, orderBy, maxResults } = search
  const dialect = dialectOf(db)
  const comparisons = parseFilter(GRAMMAR, filter)
  checkSiblings(access, loggedModelSibling, comparisons, ordersOf(orderBy))
  const readable = readableExperiments(access, 'logged_model', experimentIds)
  const conditions = comparisons.map((one) => loggedModelCondition(dialect, one, datasets))
  if (datasets.length > 0 && !comparisons.some(({ key }) => key.kind === 'metric')) {
    conditions.push(hasMetricOnDataset(dialect, datasets))
  }
  const offset = parseModelToken(search)
  let query = db
    .selectFrom('logged_models')
    .selectAll()
    .where((eb) => isOneOf(dialect, eb.ref('experiment_id'), readable))
    .where('lifecycle_stage', '!=', 'deleted')
    .where((eb) => eb.and(conditions))
  for (const [value, direction] of loggedModelOrders(dialect, ORDER_COLUMNS, orderBy)) {
    query = query.orderBy(value, direction)
  }
  const rows = await query
    .limit(maxResults + 1)
    .offset(offset)
    .execute()
  if (rows.length <= maxResults) return { rows }
  return { rows: rows.slice(0, maxResults), nextPageToken: createModelToken(search, offset + maxResults) }
}

/** What a comparison of a logged model tells of. */
function loggedModelSibling(key: Key): Sibling | undefined {
  return key.kind === 'attribute' && key.name === 'source_run_id' ? OF_RUN : tagSibling(key)
}

function ordersOf(orderBy: readonly LoggedModelOrder[]): { key: Key }[] {
  return orderBy.map(({ field_name: name }) => ({ key: { kind: 'attribute', name } }))
}

/** Tokens hold what they page through, so that one is refused where it would skip or repeat models. */
function createModelToken(search: LoggedModelSearch, offset: number): string {
  return Buffer.from(JSON.stringify({ ...pagedSearch(search), offset })).toString('base64')
}

function parseModelToken(search: LoggedModelSearch): number {
  if (!search.pageToken) return 0
  const token = decodePageToken(search.pageToken)
  for (const [field, requested] of Object.entries(pagedSearch(search))) {
    if (canonical(token[field] || null) === canonical(requested)) continue
    throw invalidParameter(`The page token was made for a search with another ${field}.`)
  }
  return parseOffset(token.offset ?? 0)
}

function pagedSearch({ experimentIds, filter, orderBy }: LoggedModelSearch) {
  const orders = orderBy.map((order) => ({
    field_name: order.field_name,
    ascending: order.ascending ?? true,
    dataset_name: order.dataset_name || null,
    dataset_digest: order.dataset_digest || null,
  }))
  return {
    experiment_ids: experimentIds.map(String),
    filter_string: filter || null,
    order_by: orders.length > 0 ? orders : null,
  }
}

/** JSON in one spelling: objects with their keys in order. */
function canonical(json: unknown): string {
  return JSON.stringify(json, (_key, value) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort())
      : value,
  )
}
