/** Assessments of traces on the wire. */
import { z } from 'zod'
import { invalidParameter } from '../errors.ts'
import type { AssessmentValue, NewAssessment } from '../operations/assessments.ts'
import { PythonFloat } from '../python-json.ts'
import type { AssessmentRow } from '../store/assessments.ts'
import { parseObject } from '../store/trace-columns.ts'
import { enumeration, isDeeperThan, message, orUnset, parseJson, parseRequest, text } from '../wire.ts'
import { checkLength } from './limits.ts'
import { timestamp, wireTimestamp } from './proto-time.ts'

const JSON_FORMAT = 'JSON_FORMAT'
/** As many as protobuf reads. */
const MOST_LEVELS = 100

const anyJson = z.unknown().refine((value) => !isDeeperThan(value, MOST_LEVELS))

const sourceType = enumeration({
  SOURCE_TYPE_UNSPECIFIED: 0,
  HUMAN: 1,
  LLM_JUDGE: 2,
  CODE: 3,
})

export const assessmentMessage = message({
  assessment_id: text().optional(),
  assessment_name: text().optional(),
  span_id: text().optional(),
  source: message({ source_type: sourceType, source_id: text().optional() }).optional(),
  create_time: timestamp().optional(),
  last_update_time: timestamp().optional(),
  feedback: message({
    value: anyJson.optional(),
    error: message({
      error_code: text().optional(),
      error_message: text().optional(),
      stack_trace: text().optional(),
    }).optional(),
  }).optional(),
  expectation: message({
    value: anyJson.optional(),
    serialized_value: message({
      serialization_format: text().optional(),
      value: text().default(''),
    }).optional(),
  }).optional(),
  issue: message({ issue_name: text().default('') }).optional(),
  rationale: text().optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  overrides: text().optional(),
})

export type AssessmentMessage = z.output<typeof assessmentMessage>

export function toNewAssessment(sent: AssessmentMessage): NewAssessment {
  const { assessment_name: name = '', source } = sent
  const value = saidIn(sent)
  if (!value) throw invalidParameter('Unknown assessment type: None')
  checkAssessment(sent)
  const metadata = sent.metadata ?? {}
  return {
    id: sent.assessment_id,
    name,
    value,
    sourceType: source?.source_type ?? 'SOURCE_TYPE_UNSPECIFIED',
    sourceId: source?.source_id ?? null,
    runId: null,
    spanId: sent.span_id ?? null,
    rationale: sent.rationale ?? null,
    metadata,
    overrides: sent.overrides || null,
    createdMs: sent.create_time,
    updatedMs: sent.last_update_time,
  }
}

/** What columns take, which PostgreSQL enforces. */
export function checkAssessment(sent: AssessmentMessage): void {
  checkLength('assessment_id', 50, sent.assessment_id ?? '')
  checkLength('assessment_name', 250, sent.assessment_name ?? '')
  checkLength('span_id', 50, sent.span_id ?? '')
  checkLength('overrides', 50, sent.overrides ?? '')
  checkLength('source_id', 250, sent.source?.source_id ?? '')
}

/** What an assessment says; undefined where it says nothing. */
export function saidIn({ feedback, expectation, issue }: AssessmentMessage): AssessmentValue | undefined {
  if (feedback) {
    const { value = null, error } = feedback
    return { type: 'feedback', value: withFloats(value), error: error && keptError(error) }
  }
  if (issue) return { type: 'issue', value: issue }
  if (!expectation) return undefined
  const { value, serialized_value } = expectation
  if (!serialized_value) return { type: 'expectation', value: withFloats(value ?? null) }
  const { serialization_format = JSON_FORMAT } = serialized_value
  if (serialization_format !== JSON_FORMAT) {
    throw invalidParameter(`Unknown serialization format: ${serialization_format}`)
  }
  return { type: 'expectation', value: parseRequest(anyJson, parseJson(serialized_value.value)) }
}

export function toWireAssessment(row: AssessmentRow) {
  return {
    assessment_id: row.assessment_id,
    assessment_name: row.name,
    trace_id: row.trace_id,
    span_id: orUnset(row.span_id),
    source: { source_type: row.source_type, source_id: row.source_id || undefined },
    create_time: wireTimestamp(Number(row.created_timestamp)),
    last_update_time: wireTimestamp(Number(row.last_updated_timestamp)),
    ...wireValue(row),
    rationale: orUnset(row.rationale),
    metadata: row.assessment_metadata ? texts(parseObject(row.assessment_metadata)) : undefined,
    overrides: row.overrides || undefined,
    valid: Boolean(row.valid),
  }
}

function wireValue(row: AssessmentRow): object {
  const value = parseJson(row.value)
  switch (row.assessment_type) {
    case 'expectation':
      // Only a plain value stands as it is: what holds others goes as the text it is.
      return value !== null && typeof value === 'object'
        ? { expectation: { serialized_value: { serialization_format: JSON_FORMAT, value: row.value } } }
        : { expectation: { value } }
    case 'issue':
      return { issue: value }
    default:
      return { feedback: { value, error: row.error ? withoutNulls(parseObject(row.error)) : undefined } }
  }
}

function keptError(error: { error_code?: string; error_message?: string; stack_trace?: string }) {
  return {
    error_code: error.error_code ?? '',
    error_message: error.error_message || null,
    stack_trace: error.stack_trace || null,
  }
}

function withoutNulls(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null))
}

/** Protobuf has no whole numbers among the values of any type. */
function withFloats(value: unknown): unknown {
  if (typeof value === 'number' || typeof value === 'bigint') return new PythonFloat(Number(value))
  if (Array.isArray(value)) return value.map(withFloats)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withFloats(one)]))
}

function texts(metadata: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, String(value)]))
}
