import { gzipSync } from 'node:zlib'
import type { FastifyInstance } from 'fastify'
import { describe, expect, it } from 'vitest'
import { call, testApp } from './support.ts'

const JSON_TYPE = { 'content-type': 'application/json' }

function post(app: FastifyInstance, url: string, payload: string | Buffer, headers: object = {}) {
  return app.inject({ method: 'POST', url, headers: { ...JSON_TYPE, ...headers }, payload })
}

const pairs = (prefix: string, length: number) =>
  Array.from({ length: 100 }, (_, at) => ({ key: `${prefix}${at}`, value: 'x'.repeat(length) }))

async function appWithRun() {
  const app = await testApp()
  const { body } = await call(app, 'POST', 'runs/create', { experiment_id: '0' })
  return { app, run_id: body.run.info.run_id as string }
}

describe('a batch', () => {
  it('is refused whole with more text than fits', async () => {
    const { app, run_id } = await appWithRun()
    const sent = { run_id, params: pairs('p', 5_900), tags: pairs('t', 7_900) }
    const refused = await call(app, 'POST', 'runs/log-batch', sent)
    expect([refused.status, refused.body.error_code]).toEqual([400, 'INVALID_PARAMETER_VALUE'])
    expect(refused.body.message).toContain('at most 1000000 characters in params and tags')
    const { body } = await call(app, 'GET', 'runs/get', { run_id })
    expect(body.run.data).not.toHaveProperty('params')
  })

  it.each([
    [1_001, 'metrics', 1_000],
    [101, 'params', 100],
    [101, 'tags', 100],
  ])('is refused whole with %i %s', async (count, kind, most) => {
    const { app, run_id } = await appWithRun()
    const entries = Array.from({ length: count }, (_, at) => ({ key: `k${at}`, value: 1, timestamp: 1 }))
    const texts = entries.map(({ key }) => ({ key, value: 'x' }))
    const sent = { run_id, [kind]: kind === 'metrics' ? entries : texts }
    const refused = await call(app, 'POST', 'runs/log-batch', sent)
    expect([refused.status, refused.body.error_code]).toEqual([400, 'INVALID_PARAMETER_VALUE'])
    expect(refused.body.message).toContain(`at most ${most} ${kind}. Got ${count} ${kind}.`)
    const { body } = await call(app, 'GET', 'runs/get', { run_id })
    expect(body.run.data[kind] ?? []).not.toContainEqual(expect.objectContaining({ key: 'k0' }))
  })

  it.each([
    ['params', 6_000],
    ['tags', 8_000],
    // Longer values are cut before they are counted.
    ['params', 50_000],
  ])('of the most %s there may be, with %i characters each, fits', async (kind, length) => {
    const { app, run_id } = await appWithRun()
    const { status } = await call(app, 'POST', 'runs/log-batch', { run_id, [kind]: pairs('k', length) })
    expect(status).toBe(200)
  })
})

describe('JSON', () => {
  const levels = (count: number, inner = '1') => `${'{"a":['.repeat(count)}${inner}${']}'.repeat(count)}`

  it.each([
    ['brackets that never close', '['.repeat(100_000)],
    ['100,000 lists', `{"name":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
    ['100,000 objects', `{"name":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}}`],
    ['objects around many digits', `{"name":${levels(50_000, '1234567890123456789')}}`],
    ['levels in a field that nobody reads', `{"name":"e","other":${levels(50_000)}}`],
    ['levels within a text', JSON.stringify(levels(50_000))],
  ])('with %s is a 400, and nothing is stored', async (_what, payload) => {
    const app = await testApp()
    for (const url of ['/api/2.0/mlflow/experiments/create', '/api/2.0/mlflow/runs/log-batch']) {
      const { statusCode, body } = await post(app, url, payload)
      expect([statusCode, JSON.parse(body).error_code]).toEqual([400, 'MALFORMED_REQUEST'])
    }
    const { body } = await call(app, 'GET', 'experiments/get-by-name', { experiment_name: 'e' })
    expect(body.error_code).toBe('RESOURCE_DOES_NOT_EXIST')
  })

  it('in the variables of a GraphQL query is no deeper either', async () => {
    const app = await testApp()
    const query =
      '{"query":"query($a: MlflowGetRunInput){mlflowGetRun(input:$a){run{info{runId}}}}","variables":'
    const { statusCode } = await post(app, '/graphql', `${query}{"a":${levels(50_000)}}}`)
    expect(statusCode).toBe(400)
  })

  it('of a trace in OTLP is no deeper either', async () => {
    const app = await testApp()
    const payload = `{"resourceSpans":${levels(50_000)}}`
    const { statusCode } = await post(app, '/v1/traces', payload, { 'x-mlflow-experiment-id': '0' })
    expect(statusCode).toBe(400)
  })

  it('may have the levels that a client has', async () => {
    const app = await testApp()
    const payload = `{"name":"deep","other":${levels(200)}}`
    expect((await post(app, '/api/2.0/mlflow/experiments/create', payload)).statusCode).toBe(200)
  })
})

describe('a compressed body', () => {
  it.each(['gzip', 'br', 'gzip, gzip', 'x'])('of JSON in %s is not inflated', async (encoding) => {
    const app = await testApp()
    const bomb = gzipSync(Buffer.alloc(20_000_000))
    const headers = { 'content-encoding': encoding }
    const { statusCode, body } = await post(app, '/api/2.0/mlflow/runs/create', bomb, headers)
    expect([statusCode, JSON.parse(body).error_code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE'])
  })

  it('of OTLP that would not fit in a request is a 413', async () => {
    const app = await testApp({ maxRequestBytes: 1_000_000 })
    const headers = { 'content-encoding': 'gzip', 'x-mlflow-experiment-id': '0' }
    const bomb = gzipSync(Buffer.alloc(100_000_000))
    expect((await post(app, '/v1/traces', bomb, headers)).statusCode).toBe(413)
  })
})
