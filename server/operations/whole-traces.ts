/** Traces with their spans, where those are in the database. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Access } from '../access/access.ts'
import type { Db } from '../db/index.ts'
import { invalidParameter, notFound } from '../errors.ts'
import { listSpanContents } from '../store/spans.ts'
import { parseObject } from '../store/trace-columns.ts'
import { getTrace, IN_DATABASE, listTraces, SPANS_LOCATION_TAG, type Trace } from '../store/traces.ts'

export interface WholeTrace {
  readonly trace: Trace
  /** Each is JSON. */
  readonly spans: readonly string[]
}

/** What one answer holds of spans at most, in characters of their JSON. */
const MOST_CHARACTERS = 64 * 1024 * 1024

/** Clients send a trace and its spans side by side: how long to wait for those that are missing. */
const WAITS_MS = [1_000, 2_000]

/** @throws ApiError RESOURCE_DOES_NOT_EXIST while spans are missing, unless `allowPartial` */
export async function getWholeTrace(db: Db, traceId: string, allowPartial: boolean): Promise<WholeTrace> {
  for (const wait of [...WAITS_MS, undefined]) {
    const whole = await withSpans(db, await getTrace(db, traceId), { left: MOST_CHARACTERS })
    if (allowPartial || isComplete(whole)) return whole
    if (wait !== undefined) await delay(wait)
  }
  throw notFound(`Trace with ID ${traceId} is not fully exported yet, please try again later.`)
}

/** Those of the traces that are there with all their spans and that the caller may read. */
export async function listWholeTraces(
  db: Db,
  traceIds: readonly string[],
  isWanted: (trace: Trace) => boolean,
  access: Access,
): Promise<WholeTrace[]> {
  const whole: WholeTrace[] = []
  const room = { left: MOST_CHARACTERS }
  for (const trace of (await listTraces(db, traceIds, access)).filter(isWanted)) {
    whole.push(await withSpans(db, trace, room))
  }
  return whole.filter(isComplete)
}

async function withSpans(db: Db, trace: Trace, room: { left: number }): Promise<WholeTrace> {
  const traceId = trace.row.request_id
  if (trace.tags[SPANS_LOCATION_TAG] !== IN_DATABASE) {
    throw notFound(`The spans of trace '${traceId}' are not in the database; they are among its artifacts.`)
  }
  const spans: string[] = []
  for await (const content of listSpanContents(db, traceId)) {
    room.left -= content.length
    if (room.left < 0) {
      throw invalidParameter(
        `The spans of trace '${traceId}' are too large for this answer; ask for fewer traces at once.`,
      )
    }
    spans.push(content)
  }
  return { trace, spans }
}

/** Whether there are as many spans as the client said, and one at least. */
function isComplete({ trace, spans }: WholeTrace): boolean {
  const { num_spans } = parseObject(trace.metadata['mlflow.trace.sizeStats'])
  return spans.length > 0 && spans.length >= (typeof num_spans === 'number' ? num_spans : 0)
}
