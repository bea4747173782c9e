/** What people, code and models say of traces: feedback, what was expected, issues. */
import type { Insertable, Updateable } from 'kysely'
import type { Db } from '../db/index.ts'
import type { Database } from '../db/schema/index.ts'
import { invalidParameter, notFound } from '../errors.ts'
import { PythonFloat, pythonJson } from '../python-json.ts'
import {
  type AssessmentRow,
  deleteAssessmentRow,
  findAssessment,
  insertAssessments,
  setAssessmentValid,
  updateAssessmentRow,
} from '../store/assessments.ts'
import { parseObject } from '../store/trace-columns.ts'
import { getTraceRow, type TraceRow } from '../store/traces.ts'
import { newHexId } from './ids.ts'

export type AssessmentType = 'feedback' | 'expectation' | 'issue'

export interface AssessmentValue {
  readonly type: AssessmentType
  /** Any JSON; a number is a float to MLflow, unless it came as JSON text. */
  readonly value: unknown
  /** Why there is no feedback, as an object. */
  readonly error?: object | undefined
}

export interface NewAssessment {
  readonly id?: string | undefined
  readonly name: string
  readonly value: AssessmentValue
  readonly sourceType: string
  readonly sourceId: string | null
  readonly runId: string | null
  readonly spanId: string | null
  readonly rationale: string | null
  readonly metadata: Readonly<Record<string, string>>
  /** The id of the one that this takes the place of. */
  readonly overrides: string | null
  readonly createdMs?: number | undefined
  readonly updatedMs?: number | undefined
}

export interface AssessmentChange {
  readonly name?: string | undefined
  readonly value?: AssessmentValue | undefined
  readonly rationale?: string | undefined
  /** Added to what there is. */
  readonly metadata?: Readonly<Record<string, string>> | undefined
}

export async function createAssessment(
  db: Db,
  traceId: string,
  assessment: NewAssessment,
  now: number,
): Promise<AssessmentRow> {
  return db.transaction().execute(async (tx) => {
    const trace = await getTraceRow(tx, traceId)
    const { overrides } = assessment
    if (overrides && !(await setAssessmentValid(tx, traceId, overrides, false))) {
      throw missing(traceId, overrides)
    }
    const row = rowOf(assessment, trace, now)
    await insertAssessments(tx, [row])
    return getAssessment(tx, traceId, row.assessment_id)
  })
}

/** @throws ApiError RESOURCE_DOES_NOT_EXIST */
export async function getAssessment(db: Db, traceId: string, id: string): Promise<AssessmentRow> {
  const found = await findAssessment(db, traceId, id)
  if (found) return found
  await getTraceRow(db, traceId)
  throw missing(traceId, id)
}

export async function updateAssessment(
  db: Db,
  traceId: string,
  id: string,
  { name, value, rationale, metadata }: AssessmentChange,
  now: number,
): Promise<AssessmentRow> {
  return db.transaction().execute(async (tx) => {
    const before = await getAssessment(tx, traceId, id)
    if (value && value.type !== before.assessment_type) {
      throw invalidParameter(
        `Cannot update ${value.type} value on an assessment that is ${before.assessment_type}.`,
      )
    }
    const merged = { ...parseObject(before.assessment_metadata ?? undefined), ...metadata }
    const change: Updateable<Database['assessments']> = {
      last_updated_timestamp: now,
      ...(name !== undefined && { name }),
      ...(value && valueColumns(value)),
      ...(rationale !== undefined && before.assessment_type !== 'expectation' && { rationale }),
      ...(metadata && { assessment_metadata: metadataJson(merged) }),
    }
    await updateAssessmentRow(tx, id, change)
    return getAssessment(tx, traceId, id)
  })
}

/** Deletes one, if it is there; the one it took the place of counts again. */
export async function deleteAssessment(db: Db, traceId: string, id: string): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const found = await findAssessment(tx, traceId, id)
    if (!found) return
    if (found.overrides) await setAssessmentValid(tx, traceId, found.overrides, true)
    await deleteAssessmentRow(tx, id)
  })
}

/** Adds what came with a trace. */
export async function addAssessments(
  db: Db,
  trace: TraceRow,
  assessments: readonly NewAssessment[],
  now: number,
): Promise<void> {
  await insertAssessments(
    db,
    assessments.map((one) => rowOf(one, trace, now)),
  )
}

function rowOf(
  one: NewAssessment,
  trace: TraceRow,
  now: number,
): Insertable<Database['assessments']> & { assessment_id: string } {
  return {
    assessment_id: one.id || `a-${newHexId()}`,
    trace_id: trace.request_id,
    name: one.name,
    assessment_type: one.value.type,
    ...valueColumns(one.value),
    created_timestamp: one.createdMs || now,
    last_updated_timestamp: one.updatedMs || now,
    source_type: one.sourceType,
    source_id: one.sourceId,
    run_id: one.runId,
    span_id: one.spanId,
    rationale: one.rationale,
    overrides: one.overrides,
    valid: true,
    assessment_metadata: metadataJson(one.metadata),
    experiment_id: trace.experiment_id,
    trace_timestamp_ms: trace.timestamp_ms,
  }
}

function valueColumns({ value, error }: AssessmentValue) {
  const number = value instanceof PythonFloat ? value.value : value
  return {
    value: pythonJson(value),
    error: error ? pythonJson(error) : null,
    aggregate_value: aggregateOf(number),
    is_numeric_value: typeof number === 'number' && Number.isFinite(number),
  }
}

/** The number that averages are made of: yes and true count as 1. */
function aggregateOf(value: unknown): number | null {
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  const word = typeof value === 'string' ? value.trim().toLowerCase() : ''
  return word === 'yes' ? 1 : word === 'no' ? 0 : null
}

function metadataJson(metadata: object): string | null {
  return Object.keys(metadata).length > 0 ? pythonJson(metadata) : null
}

function missing(traceId: string, id: string): Error {
  return notFound(`Assessment with ID '${id}' not found for trace '${traceId}'`)
}
