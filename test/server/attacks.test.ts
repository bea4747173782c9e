/** What MLflow servers have been attacked with and has no place in the tests of one endpoint; attack-rows.ts has all. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import { buildApp } from '../../server/app.ts'
import { loginContext } from './login-support.ts'
import { call, testApp, testContext } from './support.ts'

const API = '/api/2.0/mlflow'

/** A server that nobody must be led to. */
async function trap(): Promise<{ url: string; hits: string[] }> {
  const hits: string[] = []
  const server = createServer((request, response) => {
    hits.push(String(request.url))
    response.end('CANARY')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, hits }
}

describe('a request', () => {
  it('A28: leads this server to no gateway', async () => {
    const [app, { url, hits }] = [await testApp(), await trap()]
    const path = '/ajax-api/2.0/mlflow/gateway-proxy'
    expect((await call(app, 'POST', path, { gateway_path: `${url}/` })).status).toBe(405)
    expect((await call(app, 'GET', path, { gateway_path: `${url}/` })).body).toEqual({ endpoints: [] })
    expect(hits).toEqual([])
  })

  it('A31: has no scorer run, whatever class it names', async () => {
    const [app, { url, hits }] = [await testApp(), await trap()]
    const serialized_scorer = JSON.stringify({
      third_party_scorer_data: { class: 'os.system' },
      api_base: url,
    })
    const path = '/ajax-api/3.0/mlflow/scorer/invoke'
    const { status } = await call(app, 'POST', path, { experiment_id: '0', serialized_scorer })
    expect([status, hits]).toEqual([404, []])
  })

  it('A37: changes nothing by GET, nor by the method that a header names', async () => {
    const app = await testApp()
    for (const url of [`${API}/experiments/create?name=x`, `${API}/experiments/delete?experiment_id=0`]) {
      for (const method of ['GET', 'HEAD'] as const) {
        const headers = { 'x-http-method-override': 'POST', 'x-http-method': 'POST' }
        expect((await app.inject({ method, url, headers })).statusCode, `${method} ${url}`).toBe(405)
      }
    }
    const { experiments } = (await call(app, 'POST', 'experiments/search', { max_results: 9 })).body
    expect(experiments).toMatchObject([{ name: 'Default', lifecycle_stage: 'active' }])
  })

  it('A53: names nothing that is longer than its column', async () => {
    const app = await testApp()
    const long = 'n'.repeat(1_000_000)
    const create = (json: object) => call(app, 'POST', 'experiments/create', json)
    const answers = [
      await create({ name: long }),
      await create({ name: '9'.repeat(10_000) }),
      await create({ name: 'x', artifact_location: `mlflow-artifacts:/${long}` }),
      await call(app, 'POST', 'registered-models/create', { name: long }),
      await call(app, 'GET', 'experiments/get', { experiment_id: '9'.repeat(5_000) }),
      await call(app, 'GET', 'runs/get', { run_id: 'a'.repeat(5_000) }),
    ]
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400, 404])
    expect((await call(app, 'POST', 'experiments/search', { max_results: 9 })).body.experiments).toHaveLength(
      1,
    )
  })

  it('A62: learns from no error where the server is or what it is made of', async () => {
    const context = await testContext()
    const app = buildApp(context)
    onTestFinished(() => app.close())
    const json = { 'content-type': 'application/json' }
    const answers = [
      await app.inject({
        method: 'POST',
        url: `${API}/runs/log-batch`,
        headers: json,
        payload: '{"run_id":{}}',
      }),
      await app.inject(`${API}/runs/get`),
      await app.inject('/api/3.0/mlflow/server-info'),
      await app.inject(`${API}/artifacts/list?run_id=zzz`),
      await app.inject('/api/2.0/mlflow-artifacts/artifacts/none'),
      await app.inject({
        method: 'POST',
        url: `${API}/runs/search`,
        headers: json,
        payload: JSON.stringify({ experiment_ids: ['0'], filter: '(((' }),
      }),
    ]
    const { schema } = context.db
    await schema.alterTable('webhooks').renameTo('gone').execute()
    const failed = await app.inject(`${API}/webhooks`)
    await schema.alterTable('gone').renameTo('webhooks').execute()
    expect(failed.statusCode).toBe(500)
    const { backendStoreUri, artifactsDestination } = context.config
    for (const { body } of [...answers, failed]) {
      expect(body).not.toMatch(/node_modules|\.ts\b|sqlite:|postgresql:|mysql:|select |webhooks|\n +at /i)
      for (const secret of [backendStoreUri, artifactsDestination]) expect(body).not.toContain(secret)
    }
  })

  it('A63: writes one line into the log, whatever its path and names hold', async () => {
    const lines: string[] = []
    const context = await testContext({ logLevel: 'debug' })
    const log = pino({ level: 'debug' }, { write: (line: string) => lines.push(line) })
    const app = buildApp({ ...context, log })
    onTestFinished(() => app.close())
    const run_name = 'x\n2026 INFO forged \u001b[31mred'
    await call(app, 'POST', 'runs/create', { experiment_id: '0', run_name })
    await app.inject(`${API}/%0aINFO%20forged%1b[31m`)
    await app.inject(`${API}/runs/get?run_id=a%0aINFO%20forged`)
    expect(lines.length).toBeGreaterThanOrEqual(3)
    for (const line of lines) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
      expect(line.trimEnd()).not.toMatch(/[\x00-\x1f\x7f]/)
      expect(JSON.parse(line)).toHaveProperty('level')
    }
  })
})

describe('there is no route', () => {
  it.each([
    ['M07', 'imports an archive', /import|restore-archive|upload-archive/],
    ['M08', 'gives a folder as an archive', /zip|\btar\b|archive/],
    [
      'M09',
      'tells figures of the server to who scrapes it',
      /^(\/api\/[\d.]+)?\/(metrics|stats|prometheus)$/,
    ],
    ['M10', 'goes on telling what changes', /\/(live|subscribe|events|sse|ws|socket|watch)\b/],
  ])('%s: that %s', async (_attack, _what, pattern) => {
    const { context } = await loginContext()
    const app = buildApp(context)
    onTestFinished(() => app.close())
    await app.ready()
    const urls = app.mounted.map(({ url }) => url)
    expect(urls).toContain(`${API}/runs/get`)
    expect(urls.filter((url) => pattern.test(url))).toEqual([])
    // Nor does any path become a socket.
    expect(app.server.listenerCount('upgrade')).toBe(0)
  })
})
