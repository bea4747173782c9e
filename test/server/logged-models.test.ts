import type { FastifyInstance } from 'fastify'
import { describe, expect, it } from 'vitest'
import { buildApp } from '../../server/app.ts'
import { call, testApp, testContext } from './support.ts'

async function createModel(app: FastifyInstance, more: object = {}) {
  const { status, body } = await call(app, 'POST', 'logged-models', {
    experiment_id: '0',
    name: 'm',
    ...more,
  })
  expect(status).toBe(200)
  return body.model
}

async function getModel(app: FastifyInstance, id: string, query: object = {}) {
  return call(app, 'GET', `logged-models/${id}`, query)
}

describe('logged models', () => {
  it('creates a pending model below the artifacts of its experiment', async () => {
    const app = await testApp()
    const model = await createModel(app, {
      params: [{ key: 'p', value: '1' }],
      tags: [{ key: 't', value: '2' }],
    })
    const id = model.info.model_id
    expect(id).toMatch(/^m-[0-9a-f]{32}$/)
    expect(model).toEqual({
      info: {
        model_id: id,
        experiment_id: '0',
        name: 'm',
        creation_timestamp_ms: expect.any(Number),
        last_updated_timestamp_ms: model.info.creation_timestamp_ms,
        artifact_uri: `mlflow-artifacts:/0/models/${id}/artifacts`,
        status: 'LOGGED_MODEL_PENDING',
        model_type: '',
        source_run_id: '',
        tags: [{ key: 't', value: '2' }],
      },
      data: { params: [{ key: 'p', value: '1' }] },
    })
    expect((await getModel(app, id)).body.model).toEqual(model)
  })

  it('makes up a name when there is none', async () => {
    const app = await testApp()
    expect((await createModel(app, { name: '' })).info.name).toMatch(/^[a-z]+-[a-z]+-\d+$/)
  })

  it.each(['a/b', 'a:b', 'a.b', 'a%b', 'a"b', "a'b", 'x'.repeat(501)])(
    'refuses the name %s',
    async (name) => {
      const app = await testApp()
      expect((await call(app, 'POST', 'logged-models', { experiment_id: '0', name })).status).toBe(400)
    },
  )

  it('refuses an experiment that is deleted or does not exist', async () => {
    const app = await testApp()
    await call(app, 'POST', 'experiments/delete', { experiment_id: '0' })
    expect((await call(app, 'POST', 'logged-models', { experiment_id: '0' })).status).toBe(400)
    expect((await call(app, 'POST', 'logged-models', { experiment_id: '7' })).status).toBe(404)
    expect((await call(app, 'POST', 'logged-models', { experiment_id: 'x' })).status).toBe(400)
  })

  it.each([
    ['LOGGED_MODEL_READY', 'LOGGED_MODEL_READY', 2],
    ['LOGGED_MODEL_UPLOAD_FAILED', 'LOGGED_MODEL_UPLOAD_FAILED', 3],
    [2, 'LOGGED_MODEL_READY', 2],
  ])('finalizes a model as %s', async (asked, status, stored) => {
    const context = await testContext()
    const app = buildApp(context)
    const id = (await createModel(app)).info.model_id
    const { body } = await call(app, 'PATCH', `logged-models/${id}`, { model_id: id, status: asked })
    expect(body.model.info.status).toBe(status)
    const row = await context.db.selectFrom('logged_models').select('status').executeTakeFirst()
    expect(row?.status).toBe(stored)
  })

  it.each([undefined, 'nope', 9])('refuses the status %s', async (status) => {
    const app = await testApp()
    const id = (await createModel(app)).info.model_id
    expect((await call(app, 'PATCH', `logged-models/${id}`, { status })).status).toBe(400)
  })

  it('adds parameters once, all of a request or none', async () => {
    const app = await testApp()
    const id = (await createModel(app)).info.model_id
    const add = (params: object[]) =>
      call(app, 'POST', `logged-models/${id}/params`, { model_id: id, params })
    const hundreds = Array.from({ length: 300 }, (_, i) => ({ key: `k${i}`, value: 'v'.repeat(5_000) }))
    expect((await add(hundreds)).status).toBe(200)
    const again = await add([
      { key: 'new', value: '1' },
      { key: 'k7', value: '1' },
    ])
    expect([again.status, again.body.error_code]).toEqual([400, 'BAD_REQUEST'])
    expect((await add([{ key: 'twice' }, { key: 'twice' }])).status).toBe(400)
    expect((await getModel(app, id)).body.model.data.params).toHaveLength(300)
  })

  it('sets, replaces and deletes tags', async () => {
    const app = await testApp()
    const id = (await createModel(app, { tags: [{ key: 'a', value: '1' }] })).info.model_id
    const tags = [
      { key: 'a', value: '2' },
      { key: 'b/c', value: '1' },
      { key: 'b/c', value: '3' },
    ]
    expect(await call(app, 'PATCH', `logged-models/${id}/tags`, { tags })).toEqual({ status: 200, body: {} })
    expect((await getModel(app, id)).body.model.info.tags).toEqual([tags[0], tags[2]])
    const path = `logged-models/${id}/tags/b%2Fc`
    expect((await call(app, 'DELETE', path)).status).toBe(200)
    expect((await call(app, 'DELETE', path)).status).toBe(404)
    expect((await getModel(app, id)).body.model.info.tags).toEqual([tags[0]])
  })

  it('deletes a tag and a model without a body, as the stock client does', async () => {
    const app = await testApp()
    const id = (await createModel(app, { tags: [{ key: 'a', value: '1' }] })).info.model_id
    for (const path of [`${id}/tags/a`, id]) {
      const url = `/api/2.0/mlflow/logged-models/${path}`
      expect((await app.inject({ method: 'DELETE', url })).statusCode).toBe(200)
    }
    expect((await getModel(app, id)).status).toBe(404)
  })

  it('shows a deleted model only to who asks for deleted ones', async () => {
    const app = await testApp()
    const id = (await createModel(app)).info.model_id
    for (const _ of [1, 2]) expect((await call(app, 'DELETE', `logged-models/${id}`)).status).toBe(200)
    expect((await getModel(app, id)).status).toBe(404)
    expect((await getModel(app, id, { allow_deleted: 'true' })).body.model.info.model_id).toBe(id)
  })

  it('shows the metrics that runs log for the model', async () => {
    const app = await testApp()
    const id = (await createModel(app)).info.model_id
    const { body } = await call(app, 'POST', 'runs/create', { experiment_id: '0' })
    const run_id = body.run.info.run_id
    const metric = { key: 'acc', value: 0.5, timestamp: 1_700_000_000_000, step: 3 }
    const dataset = { dataset_name: 'd', dataset_digest: 'g' }
    const logged = await call(app, 'POST', 'runs/log-metric', { run_id, model_id: id, ...metric, ...dataset })
    expect(logged.status).toBe(200)
    const { model } = (await getModel(app, id)).body
    expect(model.data.metrics).toEqual([{ ...metric, ...dataset, model_id: id, run_id }])
  })

  it.each([
    ['GET', ''],
    ['PATCH', ''],
    ['DELETE', ''],
    ['POST', '/params'],
    ['PATCH', '/tags'],
    ['DELETE', '/tags/k'],
  ] as const)('answers 404 to %s%s of a model that does not exist', async (method, path) => {
    const app = await testApp()
    const request = method === 'GET' ? {} : { status: 'LOGGED_MODEL_READY' }
    const { status, body } = await call(app, method, `logged-models/m-none${path}`, request)
    expect(status).toBe(404)
    expect(body.message).toBe("Logged model with ID 'm-none' not found.")
  })

  it('finds the models of some experiments, with tags, parameters and metrics', async () => {
    const app = await testApp()
    const other = (await call(app, 'POST', 'experiments/create', { name: 'other' })).body.experiment_id
    const [a, b] = [
      await createModel(app, { params: [{ key: 'p', value: 'a' }] }),
      await createModel(app, { params: [{ key: 'p', value: 'b' }] }),
    ]
    await createModel(app, { experiment_id: other })
    const { body } = await call(app, 'POST', 'logged-models/search', { experiment_ids: ['0'] })
    expect(body.models).toHaveLength(2)
    expect(body.models).toEqual(expect.arrayContaining([a, b]))
  })

  it('refuses a search without experiments, and finds nothing in none', async () => {
    const app = await testApp()
    expect((await call(app, 'POST', 'logged-models/search', {})).status).toBe(400)
    expect(await call(app, 'POST', 'logged-models/search', { experiment_ids: [] })).toEqual({
      status: 200,
      body: {},
    })
  })
})
