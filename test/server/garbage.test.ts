import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { describe, expect, it } from 'vitest'
import { buildApp } from '../../server/app.ts'
import { filesBelow } from '../artifacts/support.ts'
import { call, temporaryFolder, testApp, testContext } from './support.ts'

interface Item {
  readonly kind: string
  readonly id: string
  readonly kept_because?: string
}

/** An app, its folder of artifacts, and ways to fill both. */
async function filled() {
  const folder = join(await temporaryFolder(), 'artifacts')
  const app = await testApp({ artifactsDestination: folder })
  const post = async (path: string, json: object) => {
    const { status, body } = await call(app, 'POST', path, json)
    expect(status === 200 ? undefined : body).toBeUndefined()
    return body
  }
  return {
    app,
    folder,
    post,
    experiment: async (name: string): Promise<string> =>
      (await post('experiments/create', { name })).experiment_id,
    run: async (experiment_id = '0'): Promise<string> => {
      const { run_id, artifact_uri } = (await post('runs/create', { experiment_id })).run.info
      await post('runs/log-batch', {
        run_id,
        metrics: [{ key: 'm', value: 1, timestamp: 1, step: 1 }],
        params: [{ key: 'p', value: '1' }],
        tags: [{ key: 't', value: '1' }],
      })
      await post('runs/log-inputs', {
        run_id,
        datasets: [
          {
            dataset: { name: 'd', digest: '1', source_type: 's', source: 's' },
            tags: [{ key: 'k', value: 'v' }],
          },
        ],
      })
      await upload(app, artifact_uri)
      return run_id
    },
    loggedModel: async (experiment_id = '0'): Promise<string> => {
      const { info } = (await post('logged-models', { experiment_id, name: 'm' })).model
      await upload(app, info.artifact_uri)
      return info.model_id
    },
  }
}

async function upload(app: FastifyInstance, uri: string): Promise<void> {
  const url = `${uri.replace('mlflow-artifacts:', '/api/2.0/mlflow-artifacts/artifacts')}/sub/a.txt`
  expect((await app.inject({ method: 'PUT', url, payload: 'a' })).statusCode).toBe(200)
}

async function gc(
  app: FastifyInstance,
  json: object,
): Promise<{ status: number; items: Item[]; body: object }> {
  const { status, body } = await call(app, 'POST', '/api/2.0/trackyard/gc', json)
  return { status, items: body.items ?? [], body }
}

/** A server that may name an artifact location, and has no store for it. */
async function appWithDeletedRunIn(artifact_location: string) {
  const app = await testApp({ allowedArtifactRoots: [artifact_location] })
  const created = await call(app, 'POST', 'experiments/create', { name: 'e', artifact_location })
  const { experiment_id } = created.body
  const { run_id, artifact_uri } = (await call(app, 'POST', 'runs/create', { experiment_id })).body.run.info
  await call(app, 'POST', 'runs/delete', { run_id })
  return { app, run_id, uri: artifact_uri }
}

describe('garbage collection', () => {
  it('tells what it would remove, and removes nothing, unless told to', async () => {
    const { app, folder, post, run } = await filled()
    const run_id = await run()
    await run()
    await post('runs/delete', { run_id })
    const before = await filesBelow(folder)
    const dry = await gc(app, {})
    expect(dry.body).toEqual({
      dry_run: true,
      items: [{ kind: 'RUN', id: run_id, artifact_uri: `mlflow-artifacts:/0/${run_id}/artifacts` }],
      is_complete: true,
    })
    expect(await filesBelow(folder)).toEqual(before)
    await post('runs/restore', { run_id })
    expect((await gc(app, {})).items).toEqual([])
  })

  it('removes deleted runs and logged models with their artifacts, and nothing else', async () => {
    const { app, folder, post, run, loggedModel } = await filled()
    const [gone, stays] = [await run(), await run()]
    const [goneModel, staysModel] = [await loggedModel(), await loggedModel()]
    await post('runs/delete', { run_id: gone })
    await call(app, 'DELETE', `logged-models/${goneModel}`)
    const { items } = await gc(app, { dry_run: false })
    expect(items.map(({ kind, id }) => [kind, id])).toEqual([
      ['RUN', gone],
      ['LOGGED_MODEL', goneModel],
    ])
    expect(await filesBelow(folder)).toEqual([
      `0/${stays}/artifacts/sub/a.txt`,
      `0/models/${staysModel}/artifacts/sub/a.txt`,
    ])
    expect((await call(app, 'GET', 'runs/get', { run_id: gone })).status).toBe(404)
    const kept = await call(app, 'GET', 'runs/get', { run_id: stays })
    expect(kept.body.run.data).toMatchObject({ metrics: [{ key: 'm' }], params: [{ key: 'p' }] })
    expect(kept.body.run.inputs.dataset_inputs).toHaveLength(1)
    expect((await gc(app, { dry_run: false })).items).toEqual([])
  })

  it('removes a deleted experiment with all that is in it', async () => {
    const { app, folder, post, experiment, run, loggedModel } = await filled()
    const [gone, stays] = [await experiment('gone'), await experiment('stays')]
    await run(gone)
    await loggedModel(gone)
    const other = await run(stays)
    await post('experiments/set-experiment-tag', { experiment_id: gone, key: 'k', value: 'v' })
    await post('experiments/delete', { experiment_id: gone })
    const { items } = await gc(app, { dry_run: false, experiment_ids: [gone] })
    expect(items.map(({ kind }) => kind)).toEqual(['RUN', 'LOGGED_MODEL', 'EXPERIMENT'])
    expect((await call(app, 'GET', 'experiments/get', { experiment_id: gone })).status).toBe(404)
    expect(await filesBelow(folder)).toEqual([`${stays}/${other}/artifacts/sub/a.txt`])
    await post('experiments/create', { name: 'gone' })
  })

  it('removes the artifacts of traces with their experiment, and nothing that only a tag points at', async () => {
    const context = await testContext()
    const app = buildApp(context)
    const folder = context.config.artifactsDestination
    const { run_id, artifact_uri } = (await call(app, 'POST', 'runs/create', { experiment_id: '0' })).body.run
      .info
    const { experiment_id } = (await call(app, 'POST', 'experiments/create', { name: 'e' })).body
    const trace = async () =>
      (await call(app, 'POST', 'traces', { experiment_id })).body.trace_info.request_id
    const [plain, forged] = [await trace(), await trace()]
    const uri = `mlflow-artifacts:/${experiment_id}/traces/${plain}/artifacts`
    for (const one of [artifact_uri, uri]) await upload(app, one)
    await context.db
      .updateTable('trace_tags')
      .set({ value: artifact_uri })
      .where('request_id', '=', forged)
      .execute()
    await call(app, 'POST', 'experiments/delete', { experiment_id })
    await gc(app, { dry_run: false })
    expect(await filesBelow(folder)).toEqual([`0/${run_id}/artifacts/sub/a.txt`])
  })

  it('keeps an experiment while a run in it is not deleted', async () => {
    const { app, post, experiment, run } = await filled()
    const id = await experiment('e')
    const [restored, gone] = [await run(id), await run(id)]
    await post('experiments/delete', { experiment_id: id })
    await post('runs/restore', { run_id: restored })
    const { items } = await gc(app, { dry_run: false })
    expect(items).toMatchObject([
      { kind: 'RUN', id: gone },
      { kind: 'EXPERIMENT', id, kept_because: 'something in it is kept' },
    ])
    expect((await call(app, 'GET', 'runs/get', { run_id: restored })).status).toBe(200)
  })

  it('keeps what a registered version was made from', async () => {
    const { app, folder, post, run, loggedModel } = await filled()
    const [byRun, model] = [await run(), await loggedModel()]
    await post('registered-models/create', { name: 'm' })
    await post('model-versions/create', { name: 'm', source: `runs:/${byRun}/model`, run_id: byRun })
    await post('model-versions/create', { name: 'm', source: `models:/${model}`, model_id: model })
    await post('runs/delete', { run_id: byRun })
    await call(app, 'DELETE', `logged-models/${model}`)
    expect((await gc(app, { dry_run: false })).items).toMatchObject([
      { id: byRun, kept_because: 'registered model version m/1 was made from it' },
      { id: model, kept_because: 'registered model version m/2 was made from it' },
    ])
    expect(await filesBelow(folder)).toHaveLength(2)
    await call(app, 'DELETE', 'registered-models/delete', { name: 'm' })
    expect((await gc(app, { dry_run: false })).items).toHaveLength(2)
    expect(await filesBelow(folder)).toEqual([])
  })

  it('keeps what lies where a registered version says it was made from', async () => {
    const { app, run_id, uri } = await appWithDeletedRunIn('gs://bucket/e')
    await call(app, 'POST', 'registered-models/create', { name: 'm' })
    await call(app, 'POST', 'model-versions/create', { name: 'm', source: `${uri}/model` })
    expect((await gc(app, { dry_run: false })).items).toMatchObject([
      { id: run_id, kept_because: 'registered model version m/1 was made from it' },
    ])
  })

  it('keeps what was deleted more recently than asked for', async () => {
    const { app, post, run } = await filled()
    const run_id = await run()
    await post('runs/delete', { run_id })
    expect((await gc(app, { older_than: '1h', dry_run: false })).items).toEqual([])
    expect(await gc(app, { older_than: '1h', run_ids: [run_id] })).toMatchObject({
      status: 400,
      body: { message: `Run '${run_id}' is not there, not deleted, or not for as long as was asked for` },
    })
    expect((await gc(app, { older_than: '0s' })).items).toHaveLength(1)
  })

  it.each([{ older_than: 'x' }, { older_than: '1y' }, { run_ids: ['nobody'] }, { max_results: 0 }])(
    'refuses %j',
    async (json) => {
      const { app } = await filled()
      expect(await gc(app, json)).toMatchObject({
        status: 400,
        body: { error_code: 'INVALID_PARAMETER_VALUE' },
      })
    },
  )

  it('keeps what has artifacts that this server cannot delete', async () => {
    const { app, run_id } = await appWithDeletedRunIn('gs://bucket/e')
    expect((await gc(app, { dry_run: false })).items).toMatchObject([
      { id: run_id, kept_because: 'This server has no store for gs: artifacts.' },
    ])
    expect((await call(app, 'GET', 'runs/get', { run_id })).status).toBe(200)
  })
})
