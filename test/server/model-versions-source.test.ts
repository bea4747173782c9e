import { createServer } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Config } from '../../server/config.ts'
import { call, temporaryFolder, testApp } from './support.ts'

interface Started {
  readonly app: FastifyInstance
  readonly runId: string
  readonly artifactUri: string
  /** Asks for a version of model `m` with this source. */
  create(source: string, more?: object): Promise<{ status: number; body: ReturnType<typeof JSON.parse> }>
}

async function start(settings: Partial<Config> = {}): Promise<Started> {
  const app = await testApp(settings)
  await call(app, 'POST', 'registered-models/create', { name: 'm' })
  const experiment = await call(app, 'POST', 'experiments/create', { name: 'e' })
  const { body } = await call(app, 'POST', 'runs/create', experiment.body)
  const { run_id, artifact_uri } = body.run.info
  return {
    app,
    runId: run_id,
    artifactUri: artifact_uri,
    create: (source, more = {}) => call(app, 'POST', 'model-versions/create', { name: 'm', source, ...more }),
  }
}

async function logModel({ app, runId }: Started) {
  const request = { experiment_id: '1', name: 'logged', source_run_id: runId }
  return (await call(app, 'POST', 'logged-models', request)).body.model.info
}

async function downloadUri({ app }: Started, version: string) {
  const { body } = await call(app, 'GET', 'model-versions/get-download-uri', { name: 'm', version })
  return body.artifact_uri
}

describe('the source of a model version', () => {
  it.each(['s3://b/p', 's3://b//x', 'gs://b/x', 'dbfs:/x', 'wasbs://c@a.blob.core.windows.net/x'])(
    'may be %s, which this server does not read',
    async (source) => {
      const { create } = await start()
      expect((await create(source)).status).toBe(200)
    },
  )

  it('cannot be a local path that no run holds', async () => {
    const started = await start()
    for (const source of [
      'file:///etc/',
      'file:/etc/passwd',
      'file://./etc',
      'file://localhost/etc',
      'file://h.example/etc',
      'FILE:///etc',
      '/etc/',
      './../../etc',
      'etc',
      '~/x',
      '\\\\h\\x',
      'file:///tmp/../etc',
      'dummy-source',
    ]) {
      expect((await started.create(source)).status, source).toBe(400)
      expect((await started.create(source, { run_id: started.runId })).status, source).toBe(400)
    }
  })

  it('cannot lead elsewhere, however it is encoded', async () => {
    const { create } = await start({ allowedHostAddressedSchemes: ['http'] })
    for (const source of [
      'mlflow-artifacts:/../../etc',
      'mlflow-artifacts:/..%2f..%2fetc',
      'mlflow-artifacts:/%252e%252e/etc',
      'mlflow-artifacts:/',
      's3://b/../x',
      's3://b/%2e%2e/x',
      's3://b/a?x=../y',
      's3://b/a#/../y',
      's3://b/a;../y',
      's3://b/a\\..\\y',
      's3://b/./x',
      's3://b',
      's3:x',
      'dbfs:/x/%00',
      'dbfs:/x\u0000',
      'http://h/a/..%2f..%2fetc',
      'http://h/a/..%252f..%252fetc',
    ])
      expect((await create(source)).status, source).toBe(400)
  })

  it('cannot name a host', async () => {
    const { create } = await start()
    for (const source of [
      'http://h/x',
      'HTTPS://h/x',
      ' http://h/x',
      'ht\ttp://h/x',
      'ftp://h/x',
      'ftp:///x',
      'sftp://h/x',
      'hdfs://h/x',
      'viewfs://h/x',
      'r2://b@h/x',
      'b2://b@h/x',
      'abfss://c@a.dfs.core.windows.net/x',
      'mlflow-artifacts://h:1/0/x',
    ])
      expect((await create(source)).status, source).toBe(400)
  })

  it('makes the server connect to nothing', async () => {
    let connections = 0
    const listener = createServer((socket) => {
      connections++
      socket.destroy()
    })
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void listener.close())
    const { port } = listener.address() as { port: number }
    const { app, create } = await start()
    expect((await create(`http://127.0.0.1:${port}/x`)).status).toBe(400)
    const files = `/model-versions/get-artifact?name=m&version=1&path=x`
    expect((await app.inject(files)).statusCode).toBe(404)
    expect(connections).toBe(0)
  })

  it('may name a host by a scheme the settings allow', async () => {
    const { create } = await start({ allowedHostAddressedSchemes: ['ftp'] })
    expect((await create('ftp://h/x')).status).toBe(200)
    expect((await create('http://h/x')).status).toBe(400)
  })

  it('must match the regular expression of the settings', async () => {
    const { create } = await start({ modelVersionSourceRegex: '^s3://ours/' })
    expect((await create('s3://ours/x')).status).toBe(200)
    expect((await create('s3://theirs/x')).status).toBe(400)
  })

  it('may be in the artifacts of the run of the request, and only there', async () => {
    const { create, runId, artifactUri } = await start()
    const run = { run_id: runId }
    expect((await create(`${artifactUri}/model`, run)).status).toBe(200)
    expect((await create(artifactUri, run)).status).toBe(200)
    for (const [source, more] of [
      [`${artifactUri}/model`, {}],
      [`${artifactUri}x/model`, run],
      [`${artifactUri}/../model`, run],
      [`${artifactUri}/%2e%2e/model`, run],
      [`${artifactUri}/model`, { run_id: 'f'.repeat(32) }],
      ['mlflow-artifacts:/0/x', run],
    ] as const) {
      expect((await create(source, more)).status, source).toBe(400)
    }
  })

  it('may be a runs: URI of the run of the request', async () => {
    const { create, runId } = await start()
    expect((await create(`runs:/${runId}/model`, { run_id: runId })).status).toBe(200)
    expect((await create(`runs:/${runId}/model`)).status).toBe(400)
    expect((await create(`runs:/${'f'.repeat(32)}/model`, { run_id: runId })).status).toBe(400)
    expect((await create(`runs://h/${runId}/model`, { run_id: runId })).status).toBe(400)
    expect((await create('runs:/', { run_id: runId })).status).toBe(400)
  })

  it('may be a local folder below the local artifacts of the run of the request', async () => {
    const { create, runId, artifactUri } = await start({ defaultArtifactRoot: await temporaryFolder() })
    const run = { run_id: runId }
    expect((await create(`${artifactUri}/model`, run)).status).toBe(200)
    expect((await create(`file://${artifactUri}/model`, run)).status).toBe(200)
    for (const source of [
      `${artifactUri}-other/model`,
      `${artifactUri}/../../x`,
      `file://${artifactUri}/..%2f..%2fx`,
      `file://${artifactUri}/%2e%2e/x`,
      `file://${artifactUri}/model?/../..`,
      `file://h${artifactUri}/model`,
    ]) {
      expect((await create(source, run)).status, source).toBe(400)
    }
    expect((await create(`${artifactUri}/model`)).status).toBe(400)
  })
})

describe('a version of a logged model', () => {
  it('has its files, its run and a note on it', async () => {
    const started = await start()
    const { model_id, artifact_uri } = await logModel(started)
    const { status, body } = await started.create(`models:/${model_id}`, { model_id })
    expect(status).toBe(200)
    expect(body.model_version).toMatchObject({ source: `models:/${model_id}`, run_id: started.runId })
    expect(await downloadUri(started, '1')).toBe(artifact_uri)
    await started.create(`${artifact_uri}`, { model_id })
    const logged = await call(started.app, 'GET', `logged-models/${model_id}`)
    expect(logged.body.model.info.tags).toEqual([
      { key: 'mlflow.modelVersions', value: '[{"name": "m", "version": 1}, {"name": "m", "version": 2}]' },
    ])
  })

  it('is noted once when a model of the same name and number takes its place', async () => {
    const started = await start()
    const { model_id } = await logModel(started)
    for (const _ of [1, 2]) {
      await call(started.app, 'POST', 'registered-models/create', { name: 'again' })
      await started.create(`models:/${model_id}`, { name: 'again', model_id })
      await call(started.app, 'DELETE', 'registered-models/delete', { name: 'again' })
    }
    const { body } = await call(started.app, 'GET', `logged-models/${model_id}`)
    expect(body.model.info.tags).toMatchObject([{ value: '[{"name": "again", "version": 1}]' }])
  })

  it('needs the model in the request, and no other', async () => {
    const started = await start()
    const { model_id, artifact_uri } = await logModel(started)
    const { create, runId } = started
    for (const [source, more] of [
      [`models:/${model_id}`, {}],
      [`models:/m-other`, { model_id }],
      [`${artifact_uri}x`, { model_id }],
      [`${artifact_uri}/../x`, { model_id }],
      [`runs:/${runId}/m`, { model_id, run_id: runId }],
      [`file:///etc`, { model_id }],
      [`models:/`, { model_id }],
      [`models://h/${model_id}`, { model_id }],
    ] as const) {
      expect((await create(source, more)).status, source).toBe(400)
    }
  })

  it.each(['models:/m-none', 's3://b/p'])(
    'answers 404 for %s of a logged model that does not exist, and leaves no version behind',
    async (source) => {
      const { app, create } = await start()
      expect((await create(source, { model_id: 'm-none', run_id: 'r' })).status).toBe(404)
      expect((await call(app, 'GET', 'model-versions/get', { name: 'm', version: '1' })).status).toBe(404)
    },
  )
})

describe('a version of another version', () => {
  it.each(['models:/m/1', 'models:/m/latest', 'models:/m@first', 'models:/m/production'])(
    'from %s has its files and its run',
    async (source) => {
      const started = await start()
      await started.create('s3://b/p', { run_id: started.runId })
      const { app } = started
      await call(app, 'POST', 'registered-models/alias', { name: 'm', alias: 'first', version: '1' })
      const stage = { name: 'm', version: '1', stage: 'Production' }
      await call(app, 'POST', 'model-versions/transition-stage', stage)
      const { body } = await started.create(source)
      expect(body.model_version).toMatchObject({ source: 'models:/m/1', run_id: started.runId })
      expect(await downloadUri(started, '2')).toBe('s3://b/p')
    },
  )

  it.each([
    ['models:/none/1', 404],
    ['models:/m/99', 404],
    ['models:/m/Staging', 404],
    ['models:/m/nostage', 400],
    ['models:/m@none', 400],
    ['models:/a/b/c', 400],
    ['models:/m/1?x', 400],
    ['models:/m/..', 400],
    ['models://h/m/1', 400],
  ])('from %s is refused with %i', async (source, status) => {
    const { create } = await start()
    await create('s3://b/p')
    expect((await create(source)).status).toBe(status)
  })

  it('cannot say another run', async () => {
    const { create, runId } = await start()
    await create('s3://b/p')
    expect((await create('models:/m/1', { run_id: runId })).status).toBe(400)
  })
})

describe('a prompt', () => {
  const tags = [{ key: 'mlflow.prompt.is_prompt', value: 'true' }]

  it('has a placeholder for a source, and nothing else', async () => {
    const { create } = await start()
    expect((await create('dummy-source', { tags })).status).toBe(200)
    for (const source of ['file:///etc/', 's3://b/p', 'mlflow-artifacts:/0/x', '/etc']) {
      expect((await create(source, { tags })).status, source).toBe(400)
    }
  })

  it('is no source for a model', async () => {
    const { app, create } = await start()
    await call(app, 'POST', 'registered-models/create', { name: 'p', tags })
    await call(app, 'POST', 'model-versions/create', { name: 'p', source: 'dummy-source', tags })
    expect((await create('models:/p/1')).status).toBe(400)
  })

  it('is not made of a path by a tag that is not true in the end', async () => {
    const { create } = await start()
    const twice = [...tags, { key: 'mlflow.prompt.is_prompt', value: 'false' }]
    expect((await create('dummy-source', { tags: twice })).status).toBe(400)
  })
})
