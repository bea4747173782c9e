/** A kept span in protobuf's JSON of OpenTelemetry's message, for answers that hold whole traces. */
import { PythonFloat } from '../python-json.ts'
import { unlessEmpty, wireDouble } from '../wire.ts'

type Json = Record<string, unknown>

interface KeptSpan {
  readonly trace_id: string
  readonly span_id: string
  readonly parent_span_id?: string | null
  readonly name: string
  readonly start_time_unix_nano: unknown
  readonly end_time_unix_nano?: unknown
  readonly events?: readonly { name: string; time_unix_nano: unknown; attributes?: Json | null }[]
  readonly status?: { readonly code?: string; readonly message?: string | null }
  readonly attributes?: Readonly<Record<string, unknown>>
  readonly links?: readonly { trace_id: string; span_id: string; attributes?: Json | null }[]
}

const MOST_INT64 = 2n ** 63n

export function toWireSpan(content: string): Json {
  const span = parseKept(content) as KeptSpan
  const { code = 'STATUS_CODE_UNSET', message } = span.status ?? {}
  return {
    trace_id: span.trace_id,
    span_id: span.span_id,
    parent_span_id: span.parent_span_id || undefined,
    name: span.name,
    start_time_unix_nano: span.start_time_unix_nano,
    end_time_unix_nano: span.end_time_unix_nano || undefined,
    attributes: toPairs(span.attributes, readAttribute),
    events: unlessEmpty(
      (span.events ?? []).map((event) => ({
        time_unix_nano: event.time_unix_nano,
        name: event.name,
        attributes: toPairs(event.attributes),
      })),
    ),
    links: unlessEmpty(
      (span.links ?? []).map((link) => ({
        trace_id: inBase64(link.trace_id.replace(/^tr-/, '')),
        span_id: inBase64(link.span_id),
        attributes: toPairs(link.attributes),
      })),
    ),
    status: { code: code === 'STATUS_CODE_UNSET' ? undefined : code, message: message || undefined },
  }
}

function toPairs(values: Readonly<Json> | null | undefined, read = (value: unknown) => value) {
  return unlessEmpty(Object.entries(values ?? {}).map(([key, value]) => ({ key, value: toAny(read(value)) })))
}

/** Attributes are JSON in the JSON. */
function readAttribute(value: unknown): unknown {
  if (typeof value !== 'string') return value
  try {
    return parseKept(value)
  } catch {
    return value
  }
}

function toAny(value: unknown): Json {
  if (value === null || value === undefined) return {}
  if (typeof value === 'string') return { string_value: value }
  if (typeof value === 'boolean') return { bool_value: value }
  if (value instanceof PythonFloat) return { double_value: wireDouble(value.value) }
  if (Array.isArray(value)) return { array_value: { values: unlessEmpty(value.map(toAny)) } }
  if (typeof value === 'object') return { kvlist_value: { values: toPairs(value as Json) } }
  const whole = BigInt(value as number | bigint)
  return whole < MOST_INT64 && whole >= -MOST_INT64
    ? { int_value: value }
    : { string_value: whole.toString() }
}

/** JSON with its floats told from its whole numbers, and those in all their digits. */
function parseKept(json: string): unknown {
  return JSON.parse(json, (_key, value: unknown, context?: { source?: string }) => {
    if (typeof value !== 'number') return value
    if (/[.eE]/.test(context?.source ?? '')) return new PythonFloat(value)
    return Number.isSafeInteger(value) ? value : BigInt(context?.source ?? value)
  })
}

function inBase64(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64')
}
