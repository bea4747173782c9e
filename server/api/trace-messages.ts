/** Traces on the wire, in the form of version 3 and in the one of version 2. */
import { z } from 'zod'
import type { Config } from '../config.ts'
import { invalidValue } from '../errors.ts'
import type { NewTrace } from '../operations/start-trace.ts'
import { TRACE_NAME_TAG } from '../store/trace-columns.ts'
import type { Trace } from '../store/traces.ts'
import { enumeration, list, message, orUnset, requiredText, text, unlessEmpty } from '../wire.ts'
import { assessmentMessage, toNewAssessment, toWireAssessment } from './assessment-messages.ts'
import { checkLength, fittedTag, parseExperimentId } from './limits.ts'
import { duration, timestamp, wireDuration, wireTimestamp } from './proto-time.ts'

const TRACE_ID = 50
const PREVIEW = 1_000
const TRACE_NAME = 4_096
const SESSION = 250
/** What an answer shows of a value at most; the database has more of it. */
const SHOWN_METADATA = 250
const SHOWN_TAG = 4_096

const SESSION_KEY = 'mlflow.trace.session'

const pairs = z.record(z.string(), z.string())

export const traceState = enumeration({ STATE_UNSPECIFIED: 0, OK: 1, ERROR: 2, IN_PROGRESS: 3 })

export const location = message({
  mlflow_experiment: message({ experiment_id: requiredText() }).optional(),
})

export const traceInfoMessage = message({
  trace_id: requiredText(),
  client_request_id: text().optional(),
  trace_location: message({ mlflow_experiment: message({ experiment_id: requiredText() }) }),
  request_preview: text().optional(),
  response_preview: text().optional(),
  request_time: timestamp().default(0),
  execution_duration: duration().optional(),
  state: traceState,
  trace_metadata: pairs.default({}),
  tags: pairs.default({}),
  assessments: list(assessmentMessage).default([]),
})

/** A new trace, held to what its columns take: PostgreSQL would refuse more, and MLflow's clients send no more. */
export function toNewTrace(info: z.output<typeof traceInfoMessage>, config: Config): NewTrace {
  checkLength('trace_id', TRACE_ID, info.trace_id)
  if (isPath(info.trace_id)) throw invalidValue('trace_id', info.trace_id, 'It must not be a path.')
  checkLength('client_request_id', TRACE_ID, info.client_request_id ?? '')
  return {
    traceId: info.trace_id,
    experimentId: parseExperimentId(info.trace_location.mlflow_experiment.experiment_id),
    requestTime: info.request_time,
    executionTime: info.execution_duration,
    state: info.state ?? 'STATE_UNSPECIFIED',
    clientRequestId: info.client_request_id,
    requestPreview: cut(info.request_preview, PREVIEW),
    responsePreview: cut(info.response_preview, PREVIEW),
    metadata: fittedPairs('trace_metadata', Object.entries(info.trace_metadata), config),
    tags: fittedPairs('tags', Object.entries(info.tags), config),
    assessments: info.assessments.map(toNewAssessment),
  }
}

/** The id names the folder of the trace's artifacts. */
function isPath(id: string): boolean {
  return id === '.' || id === '..' || /[/\\]|\p{Cc}/u.test(id)
}

export function fittedPairs(
  path: string,
  entries: Iterable<readonly [string, string]>,
  config: Config,
): Map<string, string> {
  const fitted = new Map<string, string>()
  for (const [key, value] of entries) {
    if (key === TRACE_NAME_TAG) checkLength('Trace name', TRACE_NAME, value)
    if (key === SESSION_KEY) checkLength('Session ID', SESSION, value)
    fitted.set(key, fittedTag(path, { key, value }, config).value)
  }
  return fitted
}

export function toWireTrace({ row, metadata, tags, assessments }: Trace) {
  return {
    trace_id: row.request_id,
    client_request_id: orUnset(row.client_request_id),
    trace_location: {
      type: 'MLFLOW_EXPERIMENT',
      mlflow_experiment: { experiment_id: String(row.experiment_id) },
    },
    request_preview: orUnset(row.request_preview),
    response_preview: orUnset(row.response_preview),
    request_time: wireTimestamp(Number(row.timestamp_ms)),
    execution_duration:
      row.execution_time_ms === null ? undefined : wireDuration(Number(row.execution_time_ms)),
    state: row.status,
    trace_metadata: shownPairs(metadata, SHOWN_METADATA),
    tags: shownPairs(tags, SHOWN_TAG),
    assessments: unlessEmpty(assessments.map(toWireAssessment)),
  }
}

export function toWireTraceV2({ row, metadata, tags }: Trace) {
  return {
    request_id: row.request_id,
    experiment_id: String(row.experiment_id),
    timestamp_ms: row.timestamp_ms,
    execution_time_ms: row.execution_time_ms ?? 0,
    status: row.status === 'STATE_UNSPECIFIED' ? 'TRACE_STATUS_UNSPECIFIED' : row.status,
    request_metadata: toList(shownPairs(metadata, SHOWN_METADATA)),
    tags: toList(shownPairs(tags, SHOWN_TAG)),
  }
}

function shownPairs(all: Readonly<Record<string, string>>, most: number): Record<string, string> | undefined {
  const shown = Object.entries(all).map(([key, value]) => [key, cut(value, most)])
  return shown.length > 0 ? Object.fromEntries(shown) : undefined
}

function toList(all: Record<string, string> | undefined) {
  return unlessEmpty(Object.entries(all ?? {}).map(([key, value]) => ({ key, value })))
}

function cut<T extends string | undefined>(value: T, most: number): T {
  if (value === undefined || value.length <= most) return value
  return Array.from(value).slice(0, most).join('') as T
}
