/** Traces of clients before MLflow 3, which tell of a trace twice: when it starts and when it ends. */
import type { Db } from '../db/index.ts'
import { columnsOf, TRACE_NAME_TAG } from '../store/trace-columns.ts'
import {
  ARTIFACT_LOCATION_TAG,
  getTrace,
  getTraceRow,
  insertTraceRow,
  setTracePairs,
  type Trace,
  updateTraceRow,
} from '../store/traces.ts'
import type { Int64 } from '../wire.ts'
import { newHexId } from './ids.ts'
import { inMetadata, inTags, type NewTrace, traceLocation } from './start-trace.ts'

type Pairs = Pick<NewTrace, 'metadata' | 'tags'>

export async function startTraceV2(
  db: Db,
  { experimentId, requestTime, metadata, tags }: Pairs & Pick<NewTrace, 'experimentId' | 'requestTime'>,
): Promise<Trace> {
  const traceId = newHexId()
  return db.transaction().execute(async (tx) => {
    const location = await traceLocation(tx, experimentId, traceId)
    await insertTraceRow(tx, {
      request_id: traceId,
      experiment_id: experimentId,
      timestamp_ms: requestTime,
      status: 'IN_PROGRESS',
      trace_name: tags.get(TRACE_NAME_TAG) ?? null,
      ...columnsOf(metadata),
    })
    await setTracePairs(tx, 'trace_tags', traceId, [...inTags(tags), [ARTIFACT_LOCATION_TAG, location]])
    await setTracePairs(tx, 'trace_request_metadata', traceId, inMetadata(metadata))
    return getTrace(tx, traceId)
  })
}

export async function endTrace(
  db: Db,
  traceId: string,
  { endTime, state, metadata, tags }: Pairs & { endTime: Int64; state: string },
): Promise<Trace> {
  return db.transaction().execute(async (tx) => {
    const { timestamp_ms } = await getTraceRow(tx, traceId)
    await updateTraceRow(tx, traceId, {
      execution_time_ms: BigInt(endTime) - BigInt(timestamp_ms),
      status: state,
      ...(tags.has(TRACE_NAME_TAG) && { trace_name: tags.get(TRACE_NAME_TAG) ?? null }),
      ...columnsOf(metadata),
    })
    await setTracePairs(tx, 'trace_tags', traceId, inTags(tags))
    await setTracePairs(tx, 'trace_request_metadata', traceId, inMetadata(metadata))
    return getTrace(tx, traceId)
  })
}
