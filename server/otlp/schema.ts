/** OTLP's trace request: its JSON form as a schema, and the numbers of its fields in its binary form. */
import type { INamespace } from 'protobufjs'
import { z } from 'zod'
import { int64 } from '../wire.ts'

/** A value as OpenTelemetry has it: one of these fields, or none for null. */
export interface AnyValue {
  readonly stringValue?: string | undefined
  readonly boolValue?: boolean | undefined
  readonly intValue?: number | bigint | undefined
  readonly doubleValue?: number | undefined
  readonly bytesValue?: string | undefined
  readonly arrayValue?: { readonly values: readonly AnyValue[] } | undefined
  readonly kvlistValue?: { readonly values: readonly KeyValue[] } | undefined
}

export interface KeyValue {
  readonly key: string
  readonly value?: AnyValue | undefined
}

const anyValue: z.ZodType<AnyValue> = z.lazy(() =>
  z.object({
    stringValue: z.string().optional(),
    boolValue: z.boolean().optional(),
    intValue: int64().optional(),
    doubleValue: z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity']).transform(Number)]).optional(),
    bytesValue: z.base64().optional(),
    arrayValue: z.object({ values: z.array(anyValue).default([]) }).optional(),
    kvlistValue: z.object({ values: z.array(keyValue).default([]) }).optional(),
  }),
)

const keyValue: z.ZodType<KeyValue> = z.lazy(() =>
  z.object({ key: z.string().default(''), value: anyValue.optional() }),
)

const attributes = z.array(keyValue).default([])
/** Ids are hexadecimal in the JSON form; MLflow takes shorter ones too. */
const traceId = z.string().regex(/^([0-9a-f]{2}){1,16}$/i)
const spanId = z.string().regex(/^([0-9a-f]{2}){1,8}$/i)
/** From 1970 on; a time before it could be further from another than an int64 holds. */
const nanoseconds = int64()
  .refine((value) => value >= 0)
  .default(0)

const span = z.object({
  traceId,
  spanId,
  parentSpanId: z.union([z.literal(''), spanId]).optional(),
  name: z.string().default(''),
  startTimeUnixNano: nanoseconds,
  endTimeUnixNano: nanoseconds,
  attributes,
  events: z
    .array(z.object({ timeUnixNano: nanoseconds, name: z.string().default(''), attributes }))
    .default([]),
  links: z.array(z.object({ traceId, spanId, attributes })).default([]),
  status: z
    .object({
      message: z.string().default(''),
      code: z.union([z.number(), z.string()]).default(0),
    })
    .default({ message: '', code: 0 }),
})

export type OtlpSpan = z.output<typeof span>

export const exportRequest = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes }).default({ attributes: [] }),
      scopeSpans: z.array(z.object({ spans: z.array(span).default([]) })).default([]),
    }),
  ),
})

export type OtlpRequest = z.output<typeof exportRequest>

/** The fields above; a decoder leaves out the rest. */
export const MESSAGES: INamespace = {
  nested: {
    Request: { fields: { resourceSpans: { id: 1, type: 'ResourceSpans', rule: 'repeated' } } },
    ResourceSpans: {
      fields: {
        resource: { id: 1, type: 'Resource' },
        scopeSpans: { id: 2, type: 'ScopeSpans', rule: 'repeated' },
      },
    },
    Resource: { fields: { attributes: { id: 1, type: 'KeyValue', rule: 'repeated' } } },
    ScopeSpans: { fields: { spans: { id: 2, type: 'Span', rule: 'repeated' } } },
    Span: {
      fields: {
        traceId: { id: 1, type: 'bytes' },
        spanId: { id: 2, type: 'bytes' },
        parentSpanId: { id: 4, type: 'bytes' },
        name: { id: 5, type: 'string' },
        startTimeUnixNano: { id: 7, type: 'fixed64' },
        endTimeUnixNano: { id: 8, type: 'fixed64' },
        attributes: { id: 9, type: 'KeyValue', rule: 'repeated' },
        events: { id: 11, type: 'Event', rule: 'repeated' },
        links: { id: 13, type: 'Link', rule: 'repeated' },
        status: { id: 15, type: 'Status' },
      },
    },
    Event: {
      fields: {
        timeUnixNano: { id: 1, type: 'fixed64' },
        name: { id: 2, type: 'string' },
        attributes: { id: 3, type: 'KeyValue', rule: 'repeated' },
      },
    },
    Link: {
      fields: {
        traceId: { id: 1, type: 'bytes' },
        spanId: { id: 2, type: 'bytes' },
        attributes: { id: 4, type: 'KeyValue', rule: 'repeated' },
      },
    },
    Status: { fields: { message: { id: 2, type: 'string' }, code: { id: 3, type: 'int32' } } },
    KeyValue: { fields: { key: { id: 1, type: 'string' }, value: { id: 2, type: 'AnyValue' } } },
    AnyValue: {
      oneofs: {
        value: {
          oneof: [
            'stringValue',
            'boolValue',
            'intValue',
            'doubleValue',
            'arrayValue',
            'kvlistValue',
            'bytesValue',
          ],
        },
      },
      fields: {
        stringValue: { id: 1, type: 'string' },
        boolValue: { id: 2, type: 'bool' },
        intValue: { id: 3, type: 'int64' },
        doubleValue: { id: 4, type: 'double' },
        arrayValue: { id: 5, type: 'ArrayValue' },
        kvlistValue: { id: 6, type: 'KeyValueList' },
        bytesValue: { id: 7, type: 'bytes' },
      },
    },
    ArrayValue: { fields: { values: { id: 1, type: 'AnyValue', rule: 'repeated' } } },
    KeyValueList: { fields: { values: { id: 1, type: 'KeyValue', rule: 'repeated' } } },
  },
}
