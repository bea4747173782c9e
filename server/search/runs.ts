import { type Access, readableExperiments } from '../access/access.ts'
import { dialectOf } from '../db/dialect.ts'
import type { Db } from '../db/index.ts'
import { isOneOf } from '../db/number-match.ts'
import type { RunRow } from '../store/runs.ts'
import { type Grammar, parseFilter, type ValueType } from './grammar.ts'
import { parseOrders } from './order-by.ts'
import { type Page, type Search, toPage } from './page.ts'
import { parsePageToken } from './page-token.ts'
import { type RunAttribute, runCondition } from './run-conditions.ts'
import { inRunOrder } from './run-orders.ts'
import { checkSiblings, tagSibling } from './siblings.ts'
import { STAGES_BY_VIEW, type ViewType } from './view-type.ts'

export type { RunRow, ViewType }

export interface RunSearch extends Search {
  readonly experimentIds: readonly number[]
  readonly viewType: ViewType
}

const ATTRIBUTES = {
  artifact_uri: 'text',
  end_time: 'integer',
  run_id: 'text',
  run_name: 'text',
  start_time: 'integer',
  status: 'text',
  user_id: 'text',
} as const satisfies Record<RunAttribute, ValueType>

const GRAMMAR: Grammar = {
  prefixes: {
    attribute: 'attribute',
    attributes: 'attribute',
    attr: 'attribute',
    run: 'attribute',
    metric: 'metric',
    metrics: 'metric',
    parameter: 'parameter',
    parameters: 'parameter',
    param: 'parameter',
    params: 'parameter',
    tag: 'tag',
    tags: 'tag',
    dataset: 'dataset',
    datasets: 'dataset',
  },
  prefixHint: "Valid values are ['metric', 'parameter', 'tag', 'attribute', 'dataset']",
  attributes: ATTRIBUTES,
  aliases: {
    created: 'start_time',
    Created: 'start_time',
    'run name': 'run_name',
    'Run name': 'run_name',
    'Run Name': 'run_name',
  },
  orderAttributes: [...Object.keys(ATTRIBUTES), 'created', 'Created'],
  lists: ['run_id'],
  nullTests: ['tag', 'parameter'],
  anyCase: true,
  quotedAttributes: true,
  looseValues: false,
}

/** The runs of some experiments that pass a filter and the caller may read, in order. */
export async function searchRuns(
  db: Db,
  { experimentIds, filter, viewType, orderBy, maxResults, pageToken }: RunSearch,
  access: Access,
): Promise<Page<RunRow>> {
  const dialect = dialectOf(db)
  const readable = readableExperiments(access, 'run', experimentIds)
  const comparisons = parseFilter(GRAMMAR, filter)
  const conditions = comparisons.map((one) => runCondition(dialect, one))
  const orders = parseOrders(GRAMMAR, orderBy)
  checkSiblings(access, tagSibling, comparisons, orders)
  const offset = parsePageToken(pageToken)
  const found = db
    .selectFrom('runs')
    .selectAll('runs')
    .where((eb) => isOneOf(dialect, eb.ref('runs.experiment_id'), readable))
    .where('runs.lifecycle_stage', 'in', STAGES_BY_VIEW[viewType])
    .where((eb) => eb.and(conditions))
  const rows = await inRunOrder(dialect, found, orders, orderBy)
    .limit(maxResults + 1)
    .offset(offset)
    .execute()
  return toPage(rows, offset, maxResults)
}
