import type { FastifyInstance } from 'fastify'
import { describe, expect, it } from 'vitest'
import { call, testApp } from './support.ts'
import { infoOf, TRACES, traceIds } from './trace-data.ts'

type Table<K> = readonly (readonly [K, readonly string[]])[]

const FIXTURES: readonly [string, object][] = [
  [
    'a',
    {
      request_time: '1970-01-01T00:00:01Z',
      client_request_id: 'c1',
      tags: { 'mlflow.traceName': 'chat', team: 'x' },
      trace_metadata: { 'mlflow.trace.session': 's1', 'mlflow.trace.tokenUsage': '{"total_tokens": 7}' },
    },
  ],
  [
    'b',
    {
      request_time: '1970-01-01T00:00:02Z',
      state: 'ERROR',
      tags: { 'mlflow.traceName': 'Chat', team: 'y' },
      trace_metadata: { 'mlflow.sourceRun': 'r1' },
    },
  ],
  ['c', { request_time: '1970-01-01T00:00:03Z', execution_duration: '9s', trace_metadata: { model: 'm' } }],
]

const FILTERS: Table<string> = [
  ['', ['c', 'b', 'a']],
  ["status = 'OK'", ['c', 'a']],
  ["trace.status IN ('ERROR', 'IN_PROGRESS')", ['b']],
  ["name = 'chat'", ['a']],
  ["name ILIKE 'CHAT'", ['b', 'a']],
  ["attributes.name LIKE 'C%'", ['b']],
  ['name IS NULL', ['c']],
  ["tags.team = 'x'", ['a']],
  ["tag.team != 'x'", ['b']],
  ['tags.team IS NOT NULL', ['b', 'a']],
  ["metadata.model = 'm'", ['c']],
  ["request_metadata.`mlflow.trace.session` = 's1'", ['a']],
  ['metadata.`mlflow.trace.session` IS NULL', ['c', 'b']],
  ['metadata.`mlflow.trace.tokenUsage` IS NOT NULL', ['a']],
  [`metadata.\`mlflow.trace.tokenUsage\` = '{"total_tokens": 7}'`, ['a']],
  [`metadata.\`mlflow.trace.tokenUsage\` != '{"total_tokens": 8}'`, ['a']],
  ["run_id = 'r1'", ['b']],
  ["request_id IN ('a', 'c')", ['c', 'a']],
  ["client_request_id = 'c1'", ['a']],
  ['timestamp_ms > 1000 AND timestamp <= 3000', ['c', 'b']],
  ['execution_time = 1234', ['b', 'a']],
  ['end_time >= 12000', ['c']],
  ["span.name = 'nothing'", []],
  ["feedback.good = 'true'", []],
  ["status = 'OK' AND tags.team = 'x'", ['a']],
]

const ORDERS: Table<readonly string[]> = [
  [['timestamp ASC'], ['a', 'b', 'c']],
  [['execution_time DESC'], ['c', 'b', 'a']],
  [['end_time'], ['a', 'b', 'c']],
  [['name'], ['b', 'a', 'c']],
  [['tags.team DESC'], ['b', 'a', 'c']],
  [['metadata.model'], ['c', 'b', 'a']],
  [
    ['status', 'request_id DESC'],
    ['b', 'c', 'a'],
  ],
]

const REFUSED = [
  { filter: 'nonsense' },
  { filter: "foo.bar = 'x'" },
  { filter: "experiment_id = '0'" },
  { filter: "status > 'a'" },
  { filter: 'status IS NULL' },
  { filter: "name RLIKE '^c'" },
  { filter: "tags.team IN ('x')" },
  { filter: "span.duration = 'x'" },
  { filter: "span.attributes.model = 'x'" },
  { filter: "text = 'a'" },
  { filter: "prompt = 'p'" },
  { filter: "prompt LIKE 'p/1'" },
  { filter: 'feedback.good = 1' },
  { filter: "issue.name = 'x'" },
  { filter: "metadata.`mlflow.trace.cost` LIKE '%'" },
  { order_by: ['foo'] },
  { order_by: ['status', 'status'] },
  { order_by: ['span.name'] },
  { order_by: ['metadata.`mlflow.trace.cost`'] },
  { max_results: 0 },
  { max_results: 501 },
  { page_token: 'bad' },
]

describe('searching traces', () => {
  it('by what they are, were tagged with and came with', async () => {
    const app = await tracedApp()
    expect(await allFound(app, 'filter', FILTERS)).toEqual(FILTERS)
  })

  it('in any order, what has no value last', async () => {
    const app = await tracedApp()
    expect(await allFound(app, 'order_by', ORDERS)).toEqual(ORDERS)
  })

  it('refuses what it cannot read', async () => {
    const app = await testApp()
    for (const search of REFUSED) {
      await expect(traceIds(app, search), JSON.stringify(search)).rejects.toThrow(/^400 /)
    }
  })

  it('page by page', async () => {
    const app = await tracedApp()
    const locations = [{ mlflow_experiment: { experiment_id: '0' } }]
    const first = await call(app, 'POST', `${TRACES}/search`, { locations, max_results: 2 })
    expect(first.body.traces).toHaveLength(2)
    const page_token = first.body.next_page_token
    const last = await call(app, 'POST', `${TRACES}/search`, { locations, max_results: 2, page_token })
    expect(last.body.traces.map((one: { trace_id: string }) => one.trace_id)).toEqual(['a'])
    expect(last.body.next_page_token).toBeUndefined()
  })

  it('finds nothing in no experiment and in an unknown one', async () => {
    const app = await tracedApp()
    expect((await call(app, 'POST', `${TRACES}/search`, { locations: [] })).body).toEqual({})
    const locations = [{ mlflow_experiment: { experiment_id: '77' } }]
    expect((await call(app, 'POST', `${TRACES}/search`, { locations })).body).toEqual({})
  })
})

async function tracedApp(): Promise<FastifyInstance> {
  const app = await testApp()
  for (const [id, more] of FIXTURES) {
    await call(app, 'POST', TRACES, { trace: { trace_info: infoOf(id, more) } })
  }
  return app
}

async function allFound<K>(app: FastifyInstance, field: string, table: Table<K>): Promise<[K, string[]][]> {
  const found: [K, string[]][] = []
  for (const [asked] of table) found.push([asked, await traceIds(app, { [field]: asked })])
  return found
}
