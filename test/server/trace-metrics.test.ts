import type { FastifyInstance } from 'fastify'
import { describe, expect, it } from 'vitest'
import { buildApp } from '../../server/app.ts'
import { call, testApp, testContext } from './support.ts'
import { infoOf, TRACES } from './trace-data.ts'

const DAY = 86_400
const WITHIN = { start_time_ms: 0, end_time_ms: 2 * DAY * 1000 - 1 }

interface Trace {
  readonly at: string
  readonly seconds: number
  readonly name?: string
  readonly state?: string
  readonly metadata?: Record<string, string>
}

const FIXTURES: readonly Trace[] = [
  { at: '01T00:00:00Z', seconds: 1, name: 'chat', metadata: session('s1', 4) },
  { at: '01T23:59:59.999Z', seconds: 2, name: 'chat', metadata: session('s1', 6) },
  { at: '02T00:00:00Z', seconds: 2, name: 'chat', state: 'ERROR', metadata: { model: 'm' } },
  { at: '02T12:00:00Z', seconds: 10, name: 'ask', metadata: session('s2', 1) },
  { at: '02T12:00:01Z', seconds: 20 },
]

const count = { aggregation_type: 'COUNT' }
const percentile = (percentile_value: number) => ({ aggregation_type: 'PERCENTILE', percentile_value })

function session(id: string, total_tokens: number): Record<string, string> {
  return { 'mlflow.trace.session': id, 'mlflow.trace.tokenUsage': JSON.stringify({ total_tokens }) }
}

const ANSWERED: readonly (readonly [string, object, readonly unknown[]])[] = [
  ['all', {}, [[{ COUNT: 5 }]]],
  ['no experiment', { experiment_ids: ['77'] }, [[{ COUNT: 0 }]]],
  ['groups of none', { experiment_ids: ['77'], dimensions: ['trace_status'] }, []],
  [
    'by name, without what has none',
    { dimensions: ['trace_name'] },
    [
      [{ COUNT: 1 }, { trace_name: 'ask' }],
      [{ COUNT: 3 }, { trace_name: 'chat' }],
    ],
  ],
  [
    'the first groups',
    { dimensions: ['trace_name'], max_results: 1 },
    [[{ COUNT: 1 }, { trace_name: 'ask' }]],
  ],
  [
    'by day',
    { time_interval_seconds: DAY, ...WITHIN },
    [
      [{ COUNT: 2 }, { time_bucket: '1970-01-01T00:00:00+00:00' }],
      [{ COUNT: 3 }, { time_bucket: '1970-01-02T00:00:00+00:00' }],
    ],
  ],
  ['from a time to a time', { start_time_ms: DAY * 1000, end_time_ms: DAY * 1000 }, [[{ COUNT: 1 }]]],
  ['sessions', { metric_name: 'session_count' }, [[{ COUNT: 2 }]]],
  [
    'how long they took',
    {
      metric_name: 'latency',
      aggregations: [
        ...['AVG', 'MIN', 'MAX'].map((aggregation_type) => ({ aggregation_type })),
        percentile(50),
      ],
    },
    [[{ AVG: 7000, MIN: 1000, MAX: 20_000, 'P50.0': 2000 }]],
  ],
  [
    'percentiles between two, the first and the last',
    {
      metric_name: 'latency',
      aggregations: [0, 62.5, 100].map(percentile),
      filters: ["trace.status = 'OK'"],
    },
    [[{ 'P0.0': 1000, 'P62.5': 9000, 'P100.0': 20_000 }]],
  ],
  [
    'percentiles of each group',
    { metric_name: 'latency', aggregations: [percentile(75)], dimensions: ['trace_name'] },
    [
      [{ 'P75.0': 10_000 }, { trace_name: 'ask' }],
      [{ 'P75.0': 2000 }, { trace_name: 'chat' }],
    ],
  ],
  [
    'tokens',
    { metric_name: 'total_tokens', aggregations: [{ aggregation_type: 'SUM' }, percentile(50)] },
    [[{ SUM: 11, 'P50.0': 4 }]],
  ],
  ['tokens of none', { metric_name: 'input_tokens', aggregations: [{ aggregation_type: 'SUM' }] }, []],
  ['by state', { filters: ["trace.status = 'ERROR'"] }, [[{ COUNT: 1 }]]],
  ['by tag', { filters: ["trace.tag.`mlflow.traceName` = 'chat'"] }, [[{ COUNT: 3 }]]],
  ['by metadata', { filters: ["trace.metadata.model = 'm'", "trace.status = 'OK'"] }, [[{ COUNT: 0 }]]],
  ['by session', { filters: ["trace.metadata.mlflow.trace.session = 's1'"] }, [[{ COUNT: 2 }]]],
]

const REFUSED: readonly object[] = [
  { view_type: null },
  { view_type: 'NOTHING' },
  { metric_name: 'toString' },
  { metric_name: 'latency' },
  { aggregations: [] },
  { aggregations: [{}] },
  { aggregations: [{ ...count, percentile_value: 1 }] },
  { metric_name: 'latency', aggregations: [{ aggregation_type: 'PERCENTILE' }] },
  { metric_name: 'latency', aggregations: [percentile(100.1)] },
  { metric_name: 'latency', aggregations: [{ aggregation_type: 'PERCENTILE', percentile_value: 'NaN' }] },
  { aggregations: Array.from({ length: 21 }, () => count) },
  { dimensions: ['span_name'] },
  { dimensions: ['toString'] },
  { time_interval_seconds: 60 },
  { time_interval_seconds: -60, ...WITHIN },
  { time_interval_seconds: 1e15, ...WITHIN },
  { max_results: -1 },
  { max_results: 1e9 },
  { experiment_ids: ['x'] },
  { filters: [''] },
  { filters: ["trace.status = 'OK' AND trace.status = 'OK'"] },
  { filters: ["trace.status != 'OK'"] },
  { filters: ['trace.status = 1'] },
  { filters: ['trace.status IS NULL'] },
  { filters: ["trace.constructor = 'x'"] },
  { filters: ["toString.x = 'x'"] },
  { filters: ["status = 'OK'"] },
  { filters: ["trace.tag = 'x'"] },
  { filters: ["trace.status.x = 'x'"] },
  { filters: ["span.name = 'x'"] },
  { filters: ["assessment.name = 'x'"] },
  { filters: Array.from({ length: 65 }, () => "trace.status = 'OK'") },
]

describe('figures over traces', () => {
  it('by group, by time and by filter', async () => {
    const app = await tracedApp()
    const answers = []
    for (const [name, query] of ANSWERED) answers.push([name, query, await points(app, query)])
    expect(answers).toEqual(ANSWERED)
  })

  it('over spans, whose cost is of the time they started', async () => {
    const app = await testApp()
    await sendSpans(app)
    const spans = { view_type: 'SPANS', metric_name: 'span_count' }
    expect(await points(app, { ...spans, dimensions: ['span_name', 'span_status'] })).toEqual([
      [{ COUNT: 1 }, { span_name: 'answer', span_status: 'OK' }],
      [{ COUNT: 1 }, { span_name: 'ask', span_status: 'ERROR' }],
    ])
    const latency = { ...spans, metric_name: 'latency', aggregations: [percentile(50)] }
    expect(await points(app, { ...latency, filters: ["span.name = 'ask'"] })).toEqual([[{ 'P50.0': 1500 }]])
    expect(await points(app, { ...spans, time_interval_seconds: 60, ...WITHIN })).toEqual([
      [{ COUNT: 1 }, { time_bucket: '1970-01-01T00:00:00+00:00' }],
      [{ COUNT: 1 }, { time_bucket: '1970-01-01T00:01:00+00:00' }],
    ])
    const cost = { ...spans, metric_name: 'total_cost', aggregations: [{ aggregation_type: 'SUM' }] }
    expect(await points(app, { ...cost, end_time_ms: 59_999 })).toEqual([])
    expect(await points(app, { ...cost, dimensions: ['span_model_name'], start_time_ms: 60_000 })).toEqual([
      [{ SUM: 0.5 }, { span_model_name: 'm' }],
    ])
  })

  it('over what was said of them, without what was said otherwise since', async () => {
    const app = await tracedApp()
    const first = await say(app, { feedback: { value: 1 } })
    await say(app, { feedback: { value: 3 }, overrides: first })
    await say(app, { feedback: { value: 'great' } })
    const said = { view_type: 'ASSESSMENTS', dimensions: ['assessment_name'] }
    const average = { aggregation_type: 'AVG' }
    expect(await points(app, { ...said, metric_name: 'assessment_count' })).toEqual([
      [{ COUNT: 2 }, { assessment_name: 'good' }],
    ])
    expect(
      await points(app, {
        ...said,
        metric_name: 'assessment_value',
        aggregations: [average, percentile(50)],
      }),
    ).toEqual([[{ AVG: 3, 'P50.0': 3 }, { assessment_name: 'good' }]])
    const filters = ["assessment.name = 'good'", "assessment.type = 'feedback'", "trace.status = 'ERROR'"]
    expect(await points(app, { ...said, metric_name: 'assessment_count', filters })).toEqual([])
  })

  it('of more tokens than an integer of the database holds, and of a time that has no date', async () => {
    const context = await testContext()
    const app = buildApp(context)
    for (let at = 0; at < 3; at++) {
      const trace_metadata = session('s', Number.MAX_SAFE_INTEGER)
      await call(app, 'POST', TRACES, { trace: { trace_info: infoOf(`tr-${at}`, { trace_metadata }) } })
    }
    const undated = { request_id: 'tr-3', experiment_id: 0, timestamp_ms: 2n ** 63n - 1n, status: 'OK' }
    await context.db.insertInto('trace_info').values(undated).execute()
    const sum = { metric_name: 'total_tokens', aggregations: [{ aggregation_type: 'SUM' }] }
    expect(await points(app, sum)).toEqual([[{ SUM: 3 * Number.MAX_SAFE_INTEGER }]])
    const ever = { start_time_ms: '-9223372036854775808', end_time_ms: '9223372036854775807' }
    expect(await points(app, ever)).toEqual([[{ COUNT: 4 }]])
    expect(await points(app, { ...ever, time_interval_seconds: DAY })).toEqual([
      [{ COUNT: 3 }, { time_bucket: '2025-01-02T00:00:00+00:00' }],
    ])
  })

  it.each(REFUSED)('refuses %j', async (query) => {
    const { status, body } = await measure(await testApp(), query)
    expect([status, body.error_code]).toEqual([400, 'INVALID_PARAMETER_VALUE'])
  })
})

function measure(app: FastifyInstance, query: object) {
  return call(app, 'POST', `${TRACES}/metrics`, {
    experiment_ids: ['0'],
    view_type: 'TRACES',
    metric_name: 'trace_count',
    aggregations: [count],
    ...query,
  })
}

/** The values of each point, and by what they are grouped. */
async function points(app: FastifyInstance, query: object): Promise<unknown[]> {
  const { status, body } = await measure(app, query)
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`)
  return (body.data_points ?? []).map(({ values, dimensions }: { values: object; dimensions?: object }) =>
    dimensions ? [values, dimensions] : [values],
  )
}

async function tracedApp(): Promise<FastifyInstance> {
  const app = await testApp()
  for (const [at, trace] of FIXTURES.entries()) {
    const info = infoOf(`tr-${at}`, {
      request_time: `1970-01-${trace.at}`,
      execution_duration: `${trace.seconds}s`,
      state: trace.state ?? 'OK',
      tags: trace.name ? { 'mlflow.traceName': trace.name } : {},
      trace_metadata: trace.metadata ?? {},
    })
    const { status } = await call(app, 'POST', TRACES, { trace: { trace_info: info } })
    if (status !== 200) throw new Error(`${status}`)
  }
  return app
}

async function sendSpans(app: FastifyInstance): Promise<void> {
  const text = (key: string, stringValue: string) => ({ key, value: { stringValue } })
  const traceId = '6f40929e1d616c6f852c0e31688120c8'
  const spans = [
    {
      traceId,
      spanId: '13d55b61bdc96cb9',
      name: 'answer',
      status: { code: 1 },
      startTimeUnixNano: '1000000000',
      endTimeUnixNano: '90000000000',
    },
    {
      traceId,
      spanId: '2ecbe40a1f89e2eb',
      parentSpanId: '13d55b61bdc96cb9',
      name: 'ask',
      status: { code: 2 },
      startTimeUnixNano: '60000000000',
      endTimeUnixNano: '61500999999',
      attributes: [
        text('mlflow.llm.model', '"m"'),
        text('mlflow.llm.cost', '{"input_cost": 0.25, "output_cost": 0.25, "total_cost": 0.5}'),
      ],
    },
  ]
  const { statusCode, body } = await app.inject({
    method: 'POST',
    url: '/v1/traces',
    headers: { 'content-type': 'application/json', 'x-mlflow-experiment-id': '0' },
    payload: JSON.stringify({ resourceSpans: [{ resource: { attributes: [] }, scopeSpans: [{ spans }] }] }),
  })
  if (statusCode !== 200) throw new Error(`${statusCode} ${body}`)
}

async function say(app: FastifyInstance, more: object): Promise<string> {
  const assessment = {
    assessment_name: 'good',
    source: { source_type: 'HUMAN', source_id: 'a' },
    create_time: '2025-01-02T03:04:05Z',
    last_update_time: '2025-01-02T03:04:05Z',
    ...more,
  }
  const { body } = await call(app, 'POST', `${TRACES}/tr-0/assessments`, { assessment })
  return body.assessment.assessment_id
}
