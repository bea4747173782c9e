/** Spans of OpenTelemetry as MLflow keeps them: a JSON text of its own beside the columns it searches by. */
import { PythonFloat, pythonJson } from '../python-json.ts'
import type { Int64 } from '../wire.ts'
import type { AnyValue, KeyValue, OtlpSpan } from './schema.ts'

export interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentId: string | null
  readonly name: string
  readonly type: string | null
  readonly status: 'OK' | 'ERROR' | 'UNSET'
  readonly startNs: Int64
  /** Null while the span has not ended. */
  readonly endNs: Int64 | null
  /** Each value is JSON. */
  readonly attributes: Readonly<Record<string, string>>
  /** The whole span as JSON. */
  readonly content: string
  /** What made the span, such as its `service.name`. */
  readonly resource: Readonly<Record<string, unknown>>
}

const REQUEST_ID = 'mlflow.traceRequestId'
const SPAN_TYPE = 'mlflow.spanType'
const STATUSES = { 0: 'UNSET', 1: 'OK', 2: 'ERROR' } as const

export function toSpan(span: OtlpSpan, resource: readonly KeyValue[]): Span {
  const traceId = mlflowTraceId(span.traceId)
  const parentId = span.parentSpanId ? spanIdOf(span.parentSpanId) : null
  const status = statusOf(span.status.code)
  const endNs = span.endTimeUnixNano || null
  const attributes: Record<string, string> = {
    ...jsonValues(span.attributes),
    [REQUEST_ID]: pythonJson(traceId),
  }
  const content = pythonJson(
    {
      trace_id: inBase64(traceId.slice('tr-'.length)),
      span_id: inBase64(spanIdOf(span.spanId)),
      parent_span_id: parentId && inBase64(parentId),
      name: span.name,
      start_time_unix_nano: span.startTimeUnixNano,
      end_time_unix_nano: endNs,
      events: span.events.map((event) => ({
        name: event.name,
        time_unix_nano: event.timeUnixNano,
        attributes: toRecord(event.attributes),
      })),
      status: { code: `STATUS_CODE_${status}`, message: status === 'ERROR' ? span.status.message : '' },
      attributes,
      links: span.links.map((link) => ({
        trace_id: mlflowTraceId(link.traceId),
        span_id: spanIdOf(link.spanId),
        attributes: link.attributes.length > 0 ? toRecord(link.attributes) : null,
      })),
    },
    { ascii: false },
  )
  return {
    traceId,
    spanId: spanIdOf(span.spanId),
    parentId,
    name: span.name,
    type: readText(attributes[SPAN_TYPE]),
    status,
    startNs: span.startTimeUnixNano,
    endNs,
    attributes,
    content,
    resource: toRecord(resource),
  }
}

/** The string that JSON text holds, or null. */
export function readText(json: string | undefined): string | null {
  const value = readJson(json)
  return typeof value === 'string' ? value : null
}

/** What JSON text holds; undefined where it holds nothing. */
export function readJson(json: string | undefined): unknown {
  try {
    return json === undefined ? undefined : JSON.parse(json)
  } catch {
    return undefined
  }
}

function toRecord(pairs: readonly KeyValue[]): Record<string, unknown> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, toValue(value)]))
}

function toValue(value: AnyValue | undefined): unknown {
  if (value === undefined) return null
  const { stringValue, boolValue, intValue, doubleValue, bytesValue, arrayValue, kvlistValue } = value
  if (doubleValue !== undefined) return new PythonFloat(doubleValue)
  if (arrayValue) return arrayValue.values.map(toValue)
  if (kvlistValue) return toRecord(kvlistValue.values)
  return stringValue ?? boolValue ?? intValue ?? bytesValue ?? null
}

/** MLflow's clients send values that are JSON already: those are not made JSON once more. */
function jsonValues(pairs: readonly KeyValue[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map(({ key, value }) => {
      const text = value?.stringValue
      if (text !== undefined && isStructured(readJson(text))) return [key, text]
      return [key, pythonJson(toValue(value), { ascii: false })]
    }),
  )
}

function isStructured(value: unknown): boolean {
  return typeof value === 'string' || (typeof value === 'object' && value !== null)
}

function statusOf(code: number | string): Span['status'] {
  if (typeof code === 'number') return STATUSES[code as keyof typeof STATUSES] ?? 'UNSET'
  if (code === 'STATUS_CODE_OK') return 'OK'
  return code === 'STATUS_CODE_ERROR' ? 'ERROR' : 'UNSET'
}

function mlflowTraceId(hex: string): string {
  return `tr-${hex.toLowerCase().padStart(32, '0')}`
}

function spanIdOf(hex: string): string {
  return hex.toLowerCase().padStart(16, '0')
}

function inBase64(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64')
}
