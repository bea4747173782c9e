/** Spans as they end, in any order and in several requests: each adds to what is known of its trace. */
import type { Access } from '../access/access.ts'
import type { Db } from '../db/index.ts'
import { readJson, readText, type Span } from '../otlp/span.ts'
import { pythonJson } from '../python-json.ts'
import { listSpanUse, putSpans } from '../store/spans.ts'
import {
  COST_COLUMNS,
  costColumnsOf,
  parseObject,
  TOKEN_COLUMNS,
  TRACE_NAME_TAG,
  type TraceColumns,
  type TraceRow,
  tokenColumnsOf,
} from '../store/trace-columns.ts'
import {
  ARTIFACT_LOCATION_TAG,
  getTrace,
  IN_DATABASE,
  insertTraceRow,
  nextGeneration,
  SPANS_LOCATION_TAG,
  setTracePairs,
  updateTraceRow,
} from '../store/traces.ts'
import { previewOf } from './preview.ts'
import { type SpanNode, totalUsed } from './span-totals.ts'
import { checkMayJoin, FINALIZED_KEY, refuseArchived, traceLocation } from './start-trace.ts'

const TOKEN_USAGE = 'mlflow.chat.tokenUsage'
const COST = 'mlflow.llm.cost'
const USER = 'mlflow.trace.user'
const TRACE_TAG = 'mlflow.traceTag.'
const MODEL_NAME = 500
const TAG_KEY = 250
const TAG_VALUE = 8_000
/** One request may bring thousands; others are served between two transactions. */
const TRACES_AT_ONCE = 50

/**
 * Writes spans to the traces they belong to, which it makes in the experiment where they are not there yet.
 * @throws ApiError PERMISSION_DENIED for those of a trace that is not the caller's to change
 */
export async function logSpans(
  db: Db,
  experimentId: number,
  spans: readonly Span[],
  access: Access,
): Promise<void> {
  const byTrace = Map.groupBy(spans, ({ traceId }) => traceId)
  // One order for all writers: two that wait for each other's traces would never end.
  const traceIds = [...byTrace.keys()].sort()
  for (let at = 0; at < traceIds.length; at += TRACES_AT_ONCE) {
    await db.transaction().execute(async (tx) => {
      for (const traceId of traceIds.slice(at, at + TRACES_AT_ONCE)) {
        await logSpansOfTrace(tx, { experimentId, traceId, access }, byTrace.get(traceId) ?? [])
      }
    })
  }
}

async function logSpansOfTrace(
  db: Db,
  { experimentId, traceId, access }: { experimentId: number; traceId: string; access: Access },
  spans: readonly Span[],
): Promise<void> {
  await makeTrace(db, experimentId, traceId, spans)
  await nextGeneration(db, [traceId])
  const { row, metadata } = await getTrace(db, traceId)
  checkMayJoin(access, row, experimentId)
  await refuseArchived(db, [traceId])
  await putSpans(
    db,
    spans.map((span) => ({ experiment_id: row.experiment_id, ...spanRow(span) })),
  )
  const isFinal = Object.hasOwn(metadata, FINALIZED_KEY)
  const root = spans.find(({ parentId }) => parentId === null)
  const tags = root ? tagsOf(root) : new Map<string, string>()
  await updateTraceRow(db, traceId, {
    ...(!isFinal && timesWith(row, spans)),
    ...(root && rootColumns(row, root)),
    ...(row.session_id === null && { session_id: firstText(spans, 'session.id', 'gen_ai.conversation.id') }),
    ...(tags.has(TRACE_NAME_TAG) && { trace_name: tags.get(TRACE_NAME_TAG) ?? null }),
    ...(await usedColumns(db, row, spans, isFinal)),
  })
  const user = firstText(spans, 'user.id')
  if (user && !Object.hasOwn(metadata, USER)) {
    await setTracePairs(db, 'trace_request_metadata', traceId, [[USER, user.slice(0, TAG_VALUE)]])
  }
  tags.delete(TRACE_NAME_TAG)
  const all = new Map([...resourceTags(spans), ...tags, [SPANS_LOCATION_TAG, IN_DATABASE]])
  await setTracePairs(db, 'trace_tags', traceId, all)
}

async function makeTrace(
  db: Db,
  experimentId: number,
  traceId: string,
  spans: readonly Span[],
): Promise<void> {
  const location = await traceLocation(db, experimentId, traceId)
  const { start, end } = extent(spans)
  const root = spans.find(({ parentId }) => parentId === null)
  const isNew = await insertTraceRow(db, {
    request_id: traceId,
    experiment_id: experimentId,
    timestamp_ms: start,
    execution_time_ms: end === null ? null : end - start,
    status: root ? stateOf(root) : 'IN_PROGRESS',
  })
  if (isNew) await setTracePairs(db, 'trace_tags', traceId, [[ARTIFACT_LOCATION_TAG, location]])
}

/** The first start and the last end, in milliseconds. */
function extent(spans: readonly Span[]): { start: number; end: number | null } {
  const ends = spans.flatMap(({ endNs }) => (endNs === null ? [] : [toMs(endNs)]))
  return {
    start: spans.reduce((first, { startNs }) => Math.min(first, toMs(startNs)), Number.MAX_SAFE_INTEGER),
    end: ends.length > 0 ? ends.reduce((last, end) => Math.max(last, end)) : null,
  }
}

function toMs(nanoseconds: number | bigint): number {
  return Number(BigInt(nanoseconds) / 1_000_000n)
}

function timesWith(row: TraceRow, spans: readonly Span[]): TraceColumns {
  const { start, end } = extent(spans)
  const before = Number(row.timestamp_ms)
  const first = Math.min(before, start)
  if (end === null) return { timestamp_ms: first }
  const last = row.execution_time_ms === null ? end : Math.max(before + Number(row.execution_time_ms), end)
  return { timestamp_ms: first, execution_time_ms: last - first }
}

function rootColumns(row: TraceRow, root: Span): TraceColumns {
  const isOpen = row.status === 'IN_PROGRESS' || row.status === 'STATE_UNSPECIFIED'
  return {
    ...(isOpen && { status: stateOf(root) }),
    ...(row.request_preview === null && {
      request_preview: previewOf(root.attributes['mlflow.spanInputs'], 'user'),
    }),
    ...(row.response_preview === null && {
      response_preview: previewOf(root.attributes['mlflow.spanOutputs'], 'assistant'),
    }),
  }
}

function stateOf({ status }: Span): string {
  return status === 'ERROR' ? 'ERROR' : 'OK'
}

/** Tokens and cost of the whole trace, unless its client has told them. */
async function usedColumns(
  db: Db,
  row: TraceRow,
  spans: readonly Span[],
  isFinal: boolean,
): Promise<TraceColumns> {
  const isTold = (columns: readonly (keyof TraceRow)[]) => isFinal && columns.some((one) => row[one] !== null)
  const [ofTokens, ofCost] = [TOKEN_USAGE, COST].map((key) =>
    spans.some(({ attributes }) => key in attributes),
  )
  const wantsTokens = ofTokens && !isTold(TOKEN_COLUMNS)
  const wantsCost = ofCost && !isTold(COST_COLUMNS)
  if (!wantsTokens && !wantsCost) return {}
  const [tokens, costs]: [SpanNode[], SpanNode[]] = [[], []]
  for await (const { span_id, parent_span_id, content } of listSpanUse(db, row.request_id)) {
    const { attributes } = parseObject(content) as { attributes?: Record<string, string> }
    const place = { id: span_id, parentId: parent_span_id }
    tokens.push({ ...place, used: objectOf(attributes?.[TOKEN_USAGE]) })
    costs.push({ ...place, used: objectOf(attributes?.[COST]) })
  }
  const usage = totalUsed(tokens, TOKEN_COLUMNS.slice(0, 3), TOKEN_COLUMNS.slice(3))
  const cost = totalUsed(costs, COST_COLUMNS)
  return {
    ...(wantsTokens && usage && tokenColumnsOf(usage)),
    ...(wantsCost && cost && costColumnsOf(cost)),
  }
}

function objectOf(json: string | undefined): Record<string, unknown> | undefined {
  const value = readJson(json)
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : undefined
}

function spanRow(span: Span) {
  const cost = costColumnsOf(objectOf(span.attributes[COST]) ?? {})
  return {
    trace_id: span.traceId,
    span_id: span.spanId,
    parent_span_id: span.parentId,
    name: span.name,
    type: span.type?.slice(0, MODEL_NAME) ?? null,
    status: span.status,
    start_time_unix_nano: span.startNs,
    end_time_unix_nano: span.endNs,
    content: span.content,
    input_cost: cost.input_cost ?? null,
    output_cost: cost.output_cost ?? null,
    total_cost: cost.total_cost ?? null,
    model_name: readText(span.attributes['mlflow.llm.model'])?.slice(0, MODEL_NAME) ?? null,
    model_provider: readText(span.attributes['mlflow.llm.provider'])?.slice(0, MODEL_NAME) ?? null,
  }
}

function firstText(spans: readonly Span[], ...keys: readonly string[]): string | null {
  for (const { attributes } of spans) {
    for (const key of keys) {
      const text = attributes[key] === undefined ? null : (readText(attributes[key]) ?? attributes[key])
      if (text) return text.slice(0, TAG_KEY)
    }
  }
  return null
}

/** What only servers write: a client would have them read files of others. */
const SERVERS_TAGS: readonly string[] = [SPANS_LOCATION_TAG, ARTIFACT_LOCATION_TAG]

/** Tags that a client gave the trace, which the root span carries. */
function tagsOf(root: Span): Map<string, string> {
  const tags = Object.entries(root.attributes)
    .filter(([key]) => key.startsWith(TRACE_TAG))
    .map(([key, value]) => [key.slice(TRACE_TAG.length), readText(value) ?? value] as const)
  return fitting(tags)
}

/** What made the spans, but for what the library says of itself and what only servers write. */
function resourceTags(spans: readonly Span[]): Map<string, string> {
  const resource = spans.find((span) => Object.keys(span.resource).length > 0)?.resource ?? {}
  const tags = Object.entries(resource)
    .filter(([key]) => !key.startsWith('telemetry.sdk.') && !key.startsWith('mlflow.'))
    .map(([key, value]) => [key, typeof value === 'string' ? value : pythonJson(value)] as const)
  return fitting(tags)
}

function fitting(tags: readonly (readonly [string, string])[]): Map<string, string> {
  return new Map(
    tags
      .filter(([key]) => key !== '' && key.length <= TAG_KEY && !SERVERS_TAGS.includes(key))
      .map(([key, value]) => [key, value.slice(0, key === TRACE_NAME_TAG ? 4_096 : TAG_VALUE)]),
  )
}
