/** A trace as its client tells of it when it is over: MLflow calls that its start. */
import type { Insertable } from 'kysely'
import { type Access, mayOnPart } from '../access/access.ts'
import type { Db } from '../db/index.ts'
import type { Database } from '../db/schema/index.ts'
import { ApiError, invalidParameter } from '../errors.ts'
import { getExperiment } from '../store/experiments.ts'
import {
  columnsOf,
  isInColumns,
  TRACE_NAME_TAG,
  type TraceColumns,
  type TraceRow,
} from '../store/trace-columns.ts'
import {
  ARTIFACT_LOCATION_TAG,
  getTrace,
  getTraceRow,
  IN_DATABASE,
  insertTraceRow,
  nextGeneration,
  SPANS_LOCATION_TAG,
  setTracePairs,
  type Trace,
  updateTraceRow,
} from '../store/traces.ts'
import type { Int64 } from '../wire.ts'
import { addAssessments, type NewAssessment } from './assessments.ts'

export interface NewTrace {
  readonly traceId: string
  readonly experimentId: number
  readonly requestTime: Int64
  /** Milliseconds, once it is known. */
  readonly executionTime: Int64 | undefined
  readonly state: string
  readonly clientRequestId?: string | undefined
  readonly requestPreview?: string | undefined
  readonly responsePreview?: string | undefined
  readonly metadata: ReadonlyMap<string, string>
  readonly tags: ReadonlyMap<string, string>
  readonly assessments: readonly NewAssessment[]
}

/** Says that spans that come later must not change what the client said of the whole trace. */
export const FINALIZED_KEY = 'mlflow.trace.infoFinalized'

/**
 * Records a trace, over what its spans told of it if they came first.
 * @throws ApiError PERMISSION_DENIED for the id of a trace that is in another experiment and not the caller's to change
 */
export async function startTrace(
  db: Db,
  trace: NewTrace,
  { access, now }: { access: Access; now: number },
): Promise<Trace> {
  return db.transaction().execute(async (tx) => {
    const location = await traceLocation(tx, trace.experimentId, trace.traceId)
    const { traceId } = trace
    if (!(await insertTraceRow(tx, { request_id: traceId, ...rowOf(trace) }))) {
      await updateTrace(tx, trace, access)
    }
    await setTracePairs(tx, 'trace_tags', traceId, [...inTags(trace.tags), [ARTIFACT_LOCATION_TAG, location]])
    const metadata = [...inMetadata(trace.metadata), [FINALIZED_KEY, 'true'] as const]
    await setTracePairs(tx, 'trace_request_metadata', traceId, metadata)
    if (trace.assessments.length > 0) {
      await addAssessments(tx, await getTraceRow(tx, traceId), trace.assessments, now)
    }
    return getTrace(tx, traceId)
  })
}

/** Where the artifacts of a trace of an active experiment are. */
export async function traceLocation(db: Db, experimentId: number, traceId: string): Promise<string> {
  const { artifact_location, lifecycle_stage } = await getExperiment(db, experimentId)
  if (lifecycle_stage !== 'active') {
    throw invalidParameter(
      `The experiment ${experimentId} must be in the 'active' state. Current state is ${lifecycle_stage}.`,
    )
  }
  return `${(artifact_location ?? '').replace(/\/+$/, '')}/traces/${traceId}/artifacts`
}

/** The tags that are rows and a client's: the name is a column, and where the artifacts are is not its to say. */
export function inTags(tags: ReadonlyMap<string, string>): [string, string][] {
  return [...tags].filter(([key]) => key !== TRACE_NAME_TAG && key !== ARTIFACT_LOCATION_TAG)
}

/** The metadata that is rows. */
export function inMetadata(metadata: ReadonlyMap<string, string>): [string, string][] {
  return [...metadata].filter(([key]) => !isInColumns(key))
}

/** @throws ApiError for a trace whose spans have left the database */
export async function refuseArchived(db: Db, traceIds: readonly string[]): Promise<void> {
  const moved = await db
    .selectFrom('trace_tags')
    .select('request_id')
    .where('request_id', 'in', traceIds)
    .where('key', '=', SPANS_LOCATION_TAG)
    .where('value', '!=', IN_DATABASE)
    .limit(1)
    .executeTakeFirst()
  if (moved) throw invalidParameter(`Trace '${moved.request_id}' is archived and cannot be changed.`)
}

/**
 * A client chooses the ids of traces, so it may name one that is there, in an experiment that it has no say in.
 * @throws ApiError PERMISSION_DENIED
 */
export function checkMayJoin(access: Access, { experiment_id }: TraceRow, experimentId: number): void {
  if (experiment_id === experimentId) return
  if (mayOnPart(access, 'update', 'trace', 'experiment', String(experiment_id))) return
  throw new ApiError('PERMISSION_DENIED', 'Permission denied')
}

async function updateTrace(db: Db, trace: NewTrace, access: Access): Promise<void> {
  const { traceId, experimentId, requestTime, tags, requestPreview, responsePreview } = trace
  await nextGeneration(db, [traceId])
  checkMayJoin(access, await getTraceRow(db, traceId), experimentId)
  await refuseArchived(db, [traceId])
  const { trace_name, request_preview, response_preview, ...row } = rowOf(trace)
  await updateTraceRow(db, traceId, {
    ...row,
    ...(tags.has(TRACE_NAME_TAG) && { trace_name: trace_name ?? null }),
    ...(requestPreview !== undefined && { request_preview: request_preview ?? null }),
    ...(responsePreview !== undefined && { response_preview: response_preview ?? null }),
  })
  await db.updateTable('spans').set({ experiment_id: experimentId }).where('trace_id', '=', traceId).execute()
  await db
    .updateTable('assessments')
    .set({ experiment_id: experimentId, trace_timestamp_ms: requestTime })
    .where('trace_id', '=', traceId)
    .execute()
}

function rowOf(trace: NewTrace): Omit<Insertable<Database['trace_info']>, 'request_id'> & TraceColumns {
  return {
    experiment_id: trace.experimentId,
    timestamp_ms: trace.requestTime,
    execution_time_ms: trace.executionTime ?? null,
    status: trace.state,
    client_request_id: trace.clientRequestId ?? null,
    request_preview: trace.requestPreview ?? null,
    response_preview: trace.responsePreview ?? null,
    trace_name: trace.tags.get(TRACE_NAME_TAG) ?? null,
    ...columnsOf(trace.metadata),
  }
}
