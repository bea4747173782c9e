import { type Access, readableExperiments } from '../access/access.ts'
import { dialectOf } from '../db/dialect.ts'
import type { Db } from '../db/index.ts'
import { isOneOf } from '../db/number-match.ts'
import { TRACE_NAME_TAG } from '../store/trace-columns.ts'
import type { TraceRow } from '../store/traces.ts'
import { type Comparison, type Grammar, parseFilter } from './grammar.ts'
import { parseOrders } from './order-by.ts'
import { type Page, type Search, toPage } from './page.ts'
import { parsePageToken } from './page-token.ts'
import { checkSiblings, LINKED_PROMPTS } from './siblings.ts'
import { SOURCE_RUN, traceCondition, traceSibling } from './trace-conditions.ts'
import { inTraceOrder } from './trace-orders.ts'
import { spanConditions } from './trace-spans.ts'

export interface TraceSearch extends Search {
  readonly experimentIds: readonly number[]
}

const GRAMMAR: Grammar = {
  prefixes: {
    attribute: 'attribute',
    attributes: 'attribute',
    trace: 'attribute',
    tag: 'tag',
    tags: 'tag',
    metadata: 'metadata',
    request_metadata: 'metadata',
    span: 'span',
    feedback: 'feedback',
    expectation: 'expectation',
    issue: 'issue',
  },
  prefixHint:
    "Valid values are ['attribute', 'expectation', 'feedback', 'issue', 'metadata', 'request_metadata', 'span', 'tag', 'trace']",
  attributes: {
    client_request_id: 'text',
    end_time_ms: 'integer',
    execution_time_ms: 'integer',
    name: 'text',
    prompt: 'text',
    request_id: 'text',
    run_id: 'text',
    status: 'text',
    text: 'text',
    timestamp_ms: 'integer',
  },
  aliases: { end_time: 'end_time_ms', execution_time: 'execution_time_ms', timestamp: 'timestamp_ms' },
  standFor: {
    name: { kind: 'tag', name: TRACE_NAME_TAG },
    prompt: { kind: 'tag', name: LINKED_PROMPTS },
    run_id: { kind: 'metadata', name: SOURCE_RUN },
    text: { kind: 'span', name: 'content' },
  },
  orderAttributes: [
    'end_time',
    'end_time_ms',
    'execution_time',
    'execution_time_ms',
    'experiment_id',
    'name',
    'request_id',
    'run_id',
    'status',
    'timestamp',
    'timestamp_ms',
  ],
  lists: ['client_request_id', 'request_id', 'status'],
  nullTests: ['tag', 'metadata', 'feedback', 'expectation'],
  anyCase: true,
  quotedAttributes: true,
  looseValues: false,
}

/** The traces of some experiments that pass a filter and the caller may read, in order. */
export async function searchTraces(db: Db, search: TraceSearch, access: Access): Promise<Page<TraceRow>> {
  const dialect = dialectOf(db)
  const orders = parseOrders(GRAMMAR, search.orderBy)
  checkSiblings(access, traceSibling, [], orders)
  const offset = parsePageToken(search.pageToken)
  const rows = await inTraceOrder(
    dialect,
    matchingTraces(db, search, access).selectAll('trace_info'),
    orders,
    search.orderBy,
  )
    .limit(search.maxResults + 1)
    .offset(offset)
    .execute()
  return toPage(rows, offset, search.maxResults)
}

/** The query for the traces of some experiments that pass a filter and the caller may read. */
export function matchingTraces(
  db: Db,
  { experimentIds, filter }: Pick<TraceSearch, 'experimentIds' | 'filter'>,
  access: Access,
) {
  const dialect = dialectOf(db)
  const comparisons = parseFilter(GRAMMAR, filter)
  checkSiblings(access, traceSibling, comparisons)
  const readable = readableExperiments(access, 'trace', experimentIds)
  const [ofSpans, others] = partition(comparisons, ({ key }) => key.kind === 'span')
  const conditions = others.map((one) => traceCondition(dialect, readable, one))
  return db
    .selectFrom('trace_info')
    .where((eb) => isOneOf(dialect, eb.ref('trace_info.experiment_id'), readable))
    .where((eb) => eb.and([...conditions, ...spanConditions(dialect, ofSpans)]))
}

function partition(all: readonly Comparison[], test: (one: Comparison) => boolean) {
  return [all.filter(test), all.filter((one) => !test(one))] as const
}
