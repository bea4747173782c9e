import type { FastifyInstance } from 'fastify'
import { describe, expect, it } from 'vitest'
import { buildApp } from '../../server/app.ts'
import { call, testApp, testContext } from './support.ts'
import { infoOf, TRACES, traceIds } from './trace-data.ts'

const TRACES_V2 = '/api/2.0/mlflow/traces'

async function start(app: FastifyInstance, id: string, more: object = {}) {
  return call(app, 'POST', TRACES, { trace: { trace_info: infoOf(id, more) } })
}

describe('traces', () => {
  it('come back as they were started, with where their artifacts are', async () => {
    const app = await testApp()
    const usage = '{"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}'
    const cost = '{"input_cost": 1e-05, "output_cost": 2.0}'
    const { body } = await start(app, 'tr-1', {
      client_request_id: 'c1',
      request_preview: 'asked',
      trace_metadata: {
        'mlflow.trace.session': 's1',
        'mlflow.trace.tokenUsage': usage,
        'mlflow.trace.cost': cost,
        a: 'b',
      },
      tags: { 'mlflow.traceName': 'chat', k: 'v' },
    })
    expect(body.trace.trace_info).toEqual({
      trace_id: 'tr-1',
      client_request_id: 'c1',
      trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: '0' } },
      request_preview: 'asked',
      request_time: '2025-01-02T03:04:05.678Z',
      execution_duration: '1.234s',
      state: 'OK',
      trace_metadata: {
        'mlflow.trace.session': 's1',
        'mlflow.trace.tokenUsage': usage,
        'mlflow.trace.cost': cost,
        a: 'b',
        'mlflow.trace.infoFinalized': 'true',
      },
      tags: {
        'mlflow.traceName': 'chat',
        k: 'v',
        'mlflow.artifactLocation': 'mlflow-artifacts:/0/traces/tr-1/artifacts',
      },
    })
    expect((await call(app, 'GET', `${TRACES}/tr-1`)).body).toEqual(body)
  })

  it('started again take the later word and keep what it does not mention', async () => {
    const app = await testApp()
    await start(app, 'tr-1', { request_preview: 'asked', tags: { 'mlflow.traceName': 'chat', k: 'v' } })
    const { body } = await start(app, 'tr-1', { state: 'ERROR', tags: { k: 'w' } })
    expect(body.trace.trace_info).toMatchObject({
      state: 'ERROR',
      request_preview: 'asked',
      tags: { 'mlflow.traceName': 'chat', k: 'w' },
    })
  })

  it.each([
    ['an unknown experiment', { trace_location: locationOf('99') }, 404],
    ['an experiment that is no number', { trace_location: locationOf('abc') }, 400],
    ['no location', { trace_location: null }, 400],
    ['a time that is none', { request_time: 'nope' }, 400],
    ['a duration that is none', { execution_duration: '1.5' }, 400],
    ['an id that is too long', { trace_id: 'x'.repeat(51) }, 400],
    ['a key that is too long', { tags: { ['k'.repeat(251)]: 'v' } }, 400],
    ['a name that is too long', { tags: { 'mlflow.traceName': 'n'.repeat(4097) } }, 400],
  ])('are refused with %s', async (_what, more, expected) => {
    const app = await testApp()
    expect((await start(app, 'tr-1', more)).status).toBe(expected)
  })

  it('are found by many ids, in their order', async () => {
    const app = await testApp()
    for (const id of ['tr-1', 'tr-2']) await start(app, id)
    const { body } = await call(app, 'POST', `${TRACES}/batchGetInfos`, {
      trace_ids: ['tr-2', 'no', 'tr-1', 'tr-2'],
    })
    expect(body.trace_infos.map((one: { trace_id: string }) => one.trace_id)).toEqual(['tr-2', 'tr-1'])
  })

  it.each([TRACES, TRACES_V2])('take and lose tags at %s, their name among them', async (base) => {
    const app = await testApp()
    await start(app, 'tr-1', { tags: { 'mlflow.traceName': 'chat' } })
    const tags = `${base}/tr-1/tags`
    await call(app, 'PATCH', tags, { key: 'k', value: 'v' })
    await call(app, 'PATCH', tags, { key: 'mlflow.traceName', value: 'other' })
    expect(await tagsOf(app)).toMatchObject({ k: 'v', 'mlflow.traceName': 'other' })
    for (const key of ['k', 'mlflow.traceName']) {
      expect((await call(app, 'DELETE', tags, { key })).status).toBe(200)
      expect((await call(app, 'DELETE', tags, { key })).status).toBe(404)
    }
    expect(Object.keys(await tagsOf(app))).toEqual(['mlflow.artifactLocation'])
    expect((await call(app, 'PATCH', tags, { key: 'mlflow.trace.spansLocation', value: 'x' })).status).toBe(
      400,
    )
    expect((await call(app, 'PATCH', `${base}/no/tags`, { key: 'a', value: 'b' })).status).toBe(404)
  })

  it('are deleted by id or by age, the oldest first', async () => {
    const app = await testApp()
    for (const second of [1, 2, 3, 4]) {
      await start(app, `tr-${second}`, { request_time: `1970-01-01T00:00:0${second}Z` })
    }
    const remove = (json: object) =>
      call(app, 'POST', `${TRACES}/delete-traces`, { experiment_id: '0', ...json })
    expect((await remove({ request_ids: ['tr-4', 'no'] })).body).toEqual({ traces_deleted: 1 })
    expect((await remove({ max_timestamp_millis: 2_500, max_traces: 1 })).body).toEqual({ traces_deleted: 1 })
    expect(await traceIds(app)).toEqual(['tr-3', 'tr-2'])
    expect((await remove({ max_timestamp_millis: 2_500 })).body).toEqual({ traces_deleted: 1 })
    expect(await traceIds(app)).toEqual(['tr-3'])
    expect((await remove({})).status).toBe(400)
    expect((await remove({ request_ids: ['a'], max_timestamp_millis: 1 })).status).toBe(400)
  })

  it('are found by the runs and the prompts they are linked to', async () => {
    const app = await testApp()
    for (const id of ['tr-1', 'tr-2']) await start(app, id)
    await start(app, 'tr-3', { trace_metadata: { 'mlflow.sourceRun': 'r' } })
    for (let times = 0; times < 2; times++) {
      await call(app, 'POST', 'traces/link-to-run', { trace_ids: ['tr-1'], run_id: 'r' })
    }
    const prompt_versions = [{ name: 'p', version: '1' }]
    await call(app, 'POST', 'traces/link-prompts', { trace_id: 'tr-2', prompt_versions })
    expect(await traceIds(app, { filter: "run_id = 'r'" })).toEqual(['tr-1', 'tr-3'])
    expect(await traceIds(app, { filter: "prompt = 'p/1'" })).toEqual(['tr-2'])
    expect((await call(app, 'POST', 'traces/link-prompts', { trace_id: 'no', prompt_versions })).status).toBe(
      404,
    )
  })

  it('of version 2 start and end', async () => {
    const app = await testApp()
    const started = await call(app, 'POST', TRACES_V2, {
      experiment_id: '0',
      timestamp_ms: 1_000,
      request_metadata: [{ key: 'a', value: 'b' }],
      tags: [{ key: 'c', value: 'd' }],
    })
    const { request_id } = started.body.trace_info
    expect(started.body.trace_info).toMatchObject({ status: 'IN_PROGRESS', execution_time_ms: 0 })
    await call(app, 'PATCH', `${TRACES_V2}/${request_id}`, { timestamp_ms: 1_500, status: 'OK' })
    const { body } = await call(app, 'GET', `${TRACES_V2}/${request_id}/info`)
    expect(body.trace_info).toEqual({
      ...started.body.trace_info,
      status: 'OK',
      execution_time_ms: 500,
    })
    const found = await call(app, 'GET', TRACES_V2, { experiment_ids: '0' })
    expect(found.body.traces).toEqual([body.trace_info])
  })

  it('give the spans that are kept as an artifact', async () => {
    const app = await testApp()
    await start(app, 'tr-1')
    const artifact = '/api/2.0/mlflow-artifacts/artifacts/0/traces/tr-1/artifacts/traces.json'
    const url = '/ajax-api/3.0/mlflow/get-trace-artifact?request_id=tr-1'
    expect((await app.inject(url)).statusCode).toBe(404)
    await app.inject({ method: 'PUT', url: artifact, payload: '{"spans": []}' })
    expect((await app.inject(url)).body).toBe('{"spans": []}')
  })

  it('refuse an id that is a path', async () => {
    const app = await testApp()
    for (const id of ['../pwn', 'tr-../../x', 'a/b', 'a\\b', '..', '\0', 'a\nb']) {
      expect([id, (await start(app, id)).status]).toEqual([id, 400])
    }
  })

  it('keep their artifacts where the server put them', async () => {
    const app = await testApp()
    const created = await call(app, 'POST', TRACES_V2, { experiment_id: '0' })
    const { request_id, tags } = created.body.trace_info
    const elsewhere = { key: 'mlflow.artifactLocation', value: 'mlflow-artifacts:/0/other/artifacts' }
    const end = { timestamp_ms: 5, tags: [elsewhere] }
    expect((await call(app, 'PATCH', `${TRACES_V2}/${request_id}`, end)).body.trace_info.tags).toEqual(tags)
    for (const traces of [TRACES, TRACES_V2]) {
      const { status, body } = await call(app, 'PATCH', `${traces}/${request_id}/tags`, elsewhere)
      expect([status, body.error_code]).toEqual([400, 'INVALID_PARAMETER_VALUE'])
    }
  })

  it('refuse a time that has no date', async () => {
    const app = await testApp()
    const ever = ['9223372036854775807', '-9223372036854775808']
    const { request_id } = (await call(app, 'POST', TRACES_V2, { experiment_id: '0' })).body.trace_info
    for (const timestamp_ms of ever) {
      expect((await call(app, 'POST', TRACES_V2, { experiment_id: '0', timestamp_ms })).status).toBe(400)
      expect((await call(app, 'PATCH', `${TRACES_V2}/${request_id}`, { timestamp_ms })).status).toBe(400)
    }
  })

  it('are shown with the nearest date where another server stored a time that has none', async () => {
    const context = await testContext()
    const row = { request_id: 'tr-1', experiment_id: 0, timestamp_ms: 2n ** 63n - 1n, status: 'OK' }
    await context.db.insertInto('trace_info').values(row).execute()
    const { status, body } = await call(buildApp(context), 'GET', `${TRACES}/tr-1`)
    expect([status, body.trace.trace_info.request_time]).toEqual([200, '9999-12-31T23:59:59.999Z'])
  })
})

function locationOf(experiment_id: string) {
  return { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id } }
}

async function tagsOf(app: FastifyInstance): Promise<Record<string, string>> {
  return (await call(app, 'GET', `${TRACES}/tr-1`)).body.trace.trace_info.tags
}
