import { deflateSync, gzipSync } from 'node:zlib'
import type { FastifyInstance } from 'fastify'
import { describe, expect, it } from 'vitest'
import { call, testApp } from './support.ts'
import { infoOf, TRACES, traceIds } from './trace-data.ts'

const TRACE = '6f40929e1d616c6f852c0e31688120c8'
const ID = `tr-${TRACE}`
const ROOT = '13d55b61bdc96cb9'
const CHILD = '2ecbe40a1f89e2eb'

const text = (key: string, stringValue: string) => ({ key, value: { stringValue } })

function spanOf(spanId: string, more: object = {}) {
  return {
    traceId: TRACE,
    spanId,
    name: 'step',
    startTimeUnixNano: '1795267175953623288',
    endTimeUnixNano: '1795267176054054835',
    ...more,
  }
}

const root = (more: object = {}) =>
  spanOf(ROOT, {
    name: 'answer',
    status: { code: 1 },
    attributes: [
      text('mlflow.spanType', '"CHAIN"'),
      text('mlflow.spanInputs', '{"q": "grüße"}'),
      text('plain', 'text'),
      { key: 'share', value: { doubleValue: 1 } },
      { key: 'big', value: { intValue: '9007199254740993' } },
      { key: 'list', value: { arrayValue: { values: [{ intValue: 1 }, { boolValue: true }, {}] } } },
    ],
    ...more,
  })

const child = (tokens: number) =>
  spanOf(CHILD, {
    parentSpanId: ROOT,
    status: { code: 2, message: 'broken' },
    events: [{ name: 'e', timeUnixNano: '5', attributes: [{ key: 'a', value: { intValue: '1' } }] }],
    attributes: [text('mlflow.chat.tokenUsage', `{"input_tokens": ${tokens}, "total_tokens": ${tokens}}`)],
  })

interface Sent {
  readonly type?: string
  readonly headers?: Record<string, string>
  readonly payload?: Buffer | string
  readonly resource?: object[]
}

async function send(app: FastifyInstance, spans: object[], sent: Sent = {}) {
  const request = {
    resourceSpans: [{ resource: { attributes: sent.resource ?? [] }, scopeSpans: [{ spans }] }],
  }
  return app.inject({
    method: 'POST',
    url: '/v1/traces',
    headers: {
      'content-type': sent.type ?? 'application/json',
      'x-mlflow-experiment-id': '0',
      ...sent.headers,
    },
    payload: sent.payload ?? JSON.stringify(request),
  })
}

async function infoIn(app: FastifyInstance) {
  return (await call(app, 'GET', `${TRACES}/${ID}`)).body.trace.trace_info
}

describe('OTLP', () => {
  it('makes a trace of spans and gives them back as MLflow keeps them', async () => {
    const app = await testApp()
    const { statusCode, headers, body } = await send(app, [child(3), root()], {
      resource: [
        text('service.name', 'shop'),
        text('telemetry.sdk.name', 'x'),
        text('mlflow.artifactLocation', 'y'),
      ],
    })
    expect([statusCode, headers['content-type'], body]).toEqual([200, 'application/x-protobuf', ''])
    expect(await infoIn(app)).toEqual({
      ...infoOf(ID),
      request_time: '2026-11-21T13:19:35.953Z',
      execution_duration: '0.101s',
      request_preview: '{"q": "grüße"}',
      trace_metadata: {
        'mlflow.trace.tokenUsage': '{"input_tokens": 3, "output_tokens": 0, "total_tokens": 3}',
      },
      tags: {
        'mlflow.artifactLocation': `mlflow-artifacts:/0/traces/${ID}/artifacts`,
        'mlflow.trace.spansLocation': 'TRACKING_STORE',
        'service.name': 'shop',
      },
    })
    const spans = await app.inject(`/ajax-api/3.0/mlflow/get-trace-artifact?request_id=${ID}`)
    expect(spans.body).toBe(
      `{"spans":[{"trace_id": "b0CSnh1hbG+FLA4xaIEgyA==", "span_id": "E9VbYb3JbLk=", "parent_span_id": null, "name": "answer", "start_time_unix_nano": 1795267175953623288, "end_time_unix_nano": 1795267176054054835, "events": [], "status": {"code": "STATUS_CODE_OK", "message": ""}, "attributes": {"mlflow.spanType": "\\"CHAIN\\"", "mlflow.spanInputs": "{\\"q\\": \\"grüße\\"}", "plain": "\\"text\\"", "share": "1.0", "big": "9007199254740993", "list": "[1, true, null]", "mlflow.traceRequestId": "\\"${ID}\\""}, "links": []},` +
        `{"trace_id": "b0CSnh1hbG+FLA4xaIEgyA==", "span_id": "LsvkCh+J4us=", "parent_span_id": "E9VbYb3JbLk=", "name": "step", "start_time_unix_nano": 1795267175953623288, "end_time_unix_nano": 1795267176054054835, "events": [{"name": "e", "time_unix_nano": 5, "attributes": {"a": 1}}], "status": {"code": "STATUS_CODE_ERROR", "message": "broken"}, "attributes": {"mlflow.chat.tokenUsage": "{\\"input_tokens\\": 3, \\"total_tokens\\": 3}", "mlflow.traceRequestId": "\\"${ID}\\""}, "links": []}]}`,
    )
  })

  it("gives whole traces in OpenTelemetry's own message", async () => {
    const app = await testApp()
    await send(app, [child(3), root()])
    const { body } = await call(app, 'GET', `${TRACES}/get`, { trace_id: ID })
    expect(body.trace.trace_info).toEqual(await infoIn(app))
    expect(body.trace.spans[0]).toMatchObject({
      trace_id: 'b0CSnh1hbG+FLA4xaIEgyA==',
      span_id: 'E9VbYb3JbLk=',
      name: 'answer',
      status: { code: 'STATUS_CODE_OK' },
      attributes: [
        { key: 'mlflow.spanType', value: { string_value: 'CHAIN' } },
        {
          key: 'mlflow.spanInputs',
          value: { kvlist_value: { values: [{ key: 'q', value: { string_value: 'grüße' } }] } },
        },
        { key: 'plain', value: { string_value: 'text' } },
        { key: 'share', value: { double_value: 1 } },
        { key: 'big', value: { int_value: expect.any(Number) } },
        { key: 'list', value: { array_value: { values: [{ int_value: 1 }, { bool_value: true }, {}] } } },
        { key: 'mlflow.traceRequestId', value: { string_value: ID } },
      ],
    })
    expect(body.trace.spans[1]).toMatchObject({
      parent_span_id: 'E9VbYb3JbLk=',
      events: [{ time_unix_nano: 5, name: 'e', attributes: [{ key: 'a', value: { int_value: 1 } }] }],
      status: { code: 'STATUS_CODE_ERROR', message: 'broken' },
    })
    const many = await call(app, 'GET', `${TRACES}/batchGet`, { trace_ids: [ID, 'tr-no'] } as object)
    expect(many.body.traces).toEqual([body.trace])
  })

  it('adds to a trace in any order, and counts a span that is sent twice once', async () => {
    const app = await testApp()
    for (const tokens of [3, 5]) await send(app, [child(tokens)])
    expect(await infoIn(app)).toMatchObject({ state: 'IN_PROGRESS' })
    await send(app, [root({ startTimeUnixNano: '1795267175000000000' })])
    expect(await infoIn(app)).toMatchObject({
      state: 'OK',
      request_time: '2026-11-21T13:19:35Z',
      execution_duration: '1.054s',
      trace_metadata: { 'mlflow.trace.tokenUsage': expect.stringContaining('"total_tokens": 5') },
    })
  })

  it('keeps attributes of other conventions as they are, and a span without an end without one', async () => {
    const app = await testApp()
    const attributes = [text('openinference.span.kind', 'LLM'), text('gen_ai.usage.input_tokens', '7')]
    await send(app, [root({ endTimeUnixNano: '0', attributes })])
    const { body } = await call(app, 'GET', `${TRACES}/get`, { trace_id: ID })
    expect(body.trace.spans[0].end_time_unix_nano).toBeUndefined()
    expect(body.trace.trace_info.execution_duration).toBeUndefined()
    expect(body.trace.spans[0].attributes.map((one: { key: string }) => one.key)).toEqual([
      'openinference.span.kind',
      'gen_ai.usage.input_tokens',
      'mlflow.traceRequestId',
    ])
  })

  it('leaves what the client said of the whole trace', async () => {
    const app = await testApp()
    const usage = '{"total_tokens": 99}'
    const trace_info = infoOf(ID, { trace_metadata: { 'mlflow.trace.tokenUsage': usage } })
    await call(app, 'POST', TRACES, { trace: { trace_info } })
    await send(app, [child(3), root()])
    expect(await infoIn(app)).toMatchObject({
      request_time: trace_info.request_time,
      execution_duration: '1.234s',
      trace_metadata: { 'mlflow.trace.tokenUsage': usage },
    })
  })

  it('finds traces by their spans, all conditions on one span', async () => {
    const app = await testApp()
    await send(app, [child(3), root()])
    const found = (filter: string) => traceIds(app, { filter })
    expect(await found("span.name = 'answer' AND span.type = 'CHAIN'")).toEqual([ID])
    expect(await found("span.name = 'step' AND span.type = 'CHAIN'")).toEqual([])
    expect(await found("span.status IN ('ERROR')")).toEqual([ID])
    expect(await found("span.attributes.plain LIKE '%text%'")).toEqual([ID])
    expect(await found("trace.text LIKE '%grüße%'")).toEqual([ID])
    expect(await found("trace.text ILIKE '%nothing%'")).toEqual([])
  })

  it('links traces to the run that the request names', async () => {
    const app = await testApp()
    await send(app, [root()], { headers: { 'x-mlflow-run-id': 'r1' } })
    expect(await traceIds(app, { filter: "run_id = 'r1'" })).toEqual([ID])
  })

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
  ])('takes %s', async (encoding, compress) => {
    const app = await testApp()
    const payload = compress(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [root()] }] }] }))
    const { statusCode } = await send(app, [], { payload, headers: { 'content-encoding': encoding } })
    expect([statusCode, await traceIds(app)]).toEqual([200, [ID]])
  })

  it.each([
    ['another type', { type: 'text/plain' }],
    ['no experiment', { headers: { 'x-mlflow-experiment-id': '' } }],
    ['bytes that are no message', { type: 'application/x-protobuf', payload: Buffer.from([255, 1, 2]) }],
    ['no JSON', { payload: '{' }],
    ['no spans', { payload: '{"resourceSpans": []}' }],
    [
      'an id that is none',
      { payload: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [spanOf('xyz')] }] }] }) },
    ],
    ['compressed noise', { payload: 'noise', headers: { 'content-encoding': 'gzip' } }],
    ['another compression', { headers: { 'content-encoding': 'br' } }],
    [
      'what is nested without end',
      { payload: `{"resourceSpans":${'['.repeat(20_000)}${']'.repeat(20_000)}}` },
    ],
  ])('refuses %s', async (_what, sent: Sent) => {
    const app = await testApp()
    expect((await send(app, [root()], sent)).statusCode).toBe(400)
  })

  it('refuses an unknown experiment, and more than a request may hold, also when that is compressed', async () => {
    const app = await testApp({ maxRequestBytes: 10_000 })
    const headers = { 'x-mlflow-experiment-id': '77' }
    expect((await send(app, [root()], { headers })).statusCode).toBe(404)
    const payload = Buffer.alloc(20_000, ' ')
    expect((await send(app, [], { payload })).statusCode).toBe(413)
    const compressed = { payload: gzipSync(payload), headers: { 'content-encoding': 'gzip' } }
    expect((await send(app, [], compressed)).statusCode).toBe(413)
  })

  it('refuses a span from before 1970, which could last longer than a column holds', async () => {
    const app = await testApp()
    const times = { startTimeUnixNano: '-9223372036854775808', endTimeUnixNano: '9223372036854775807' }
    expect((await send(app, [root(times)])).statusCode).toBe(400)
  })

  it('takes many traces in portions, and serves others in between', async () => {
    const app = await testApp()
    const count = 200
    const spans = Array.from({ length: count }, (_, at) =>
      spanOf(ROOT, { traceId: String(at + 1).padStart(32, '0') }),
    )
    const seen: number[] = []
    let isDone = false
    const sent = send(app, spans).finally(() => {
      isDone = true
    })
    while (!isDone) seen.push((await traceIds(app, { max_results: 500 })).length)
    expect((await sent).statusCode).toBe(200)
    expect(seen.some((one) => one > 0 && one < count)).toBe(true)
    expect(await traceIds(app, { max_results: 500 })).toHaveLength(count)
  })
})
