import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { buildApp } from '../../server/app.ts'
import type { Config } from '../../server/config.ts'
import type { Db } from '../../server/db/index.ts'
import { filesBelow } from '../artifacts/support.ts'
import { call, temporaryFolder, testApp, testContext } from './support.ts'

interface Fixture {
  readonly app: FastifyInstance
  readonly db: Db
  readonly runId: string
  readonly folder: string
}

/** A server with one run that has the files `model/MLmodel` and `a b.txt`; beside its folder lies a canary. */
async function appWithRun(settings: Partial<Config> = {}): Promise<Fixture> {
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'canary'), 'CANARY')
  const context = await testContext({ artifactsDestination: join(folder, 'artifacts'), ...settings })
  const app = buildApp(context)
  onTestFinished(() => app.close())
  const { body } = await call(app, 'POST', `${context.config.staticPrefix}/api/2.0/mlflow/runs/create`, {
    experiment_id: '0',
    start_time: 1,
  })
  const runId = body.run.info.run_id
  await put(app, `0/${runId}/artifacts/model/MLmodel`, 'flavors: {}')
  await put(app, `0/${runId}/artifacts/a b.txt`, 'hi')
  return { app, db: context.db, runId, folder }
}

async function put(app: FastifyInstance, path: string, payload: string): Promise<void> {
  await app.inject({ method: 'PUT', url: encodeURI(`/api/2.0/mlflow-artifacts/artifacts/${path}`), payload })
}

async function upload(app: FastifyInstance, query: Record<string, string>, payload: string | Buffer = 'x') {
  return app.inject({ method: 'POST', url: '/ajax-api/2.0/mlflow/upload-artifact', query, payload })
}

async function insertVersion(db: Db, source: string, storageLocation: string | null = null): Promise<void> {
  await db.insertInto('registered_models').values({ name: 'm', workspace: 'default' }).execute()
  await db
    .insertInto('model_versions')
    .values({
      name: 'm',
      version: 1,
      source,
      storage_location: storageLocation,
      current_stage: 'None',
      workspace: 'default',
    })
    .execute()
}

async function insertLoggedModel(db: Db, id: string, location: string): Promise<void> {
  await db
    .insertInto('logged_models')
    .values({
      model_id: id,
      experiment_id: 0,
      name: 'lm',
      artifact_location: location,
      creation_timestamp_ms: 1,
      last_updated_timestamp_ms: 1,
      status: 2,
      lifecycle_stage: 'active',
    })
    .execute()
}

const CLIMBS = [
  '../../../canary',
  '..%2f..%2f..%2fcanary',
  '%252e%252e%252fcanary',
  '%25252e%25252e%25252fcanary',
  '..\\canary',
  'ok\0/..',
  '#/../x',
]

describe("a run's artifacts", () => {
  it('are listed from the run’s root on, by run_id and by run_uuid', async () => {
    const { app, runId } = await appWithRun()
    const root_uri = `mlflow-artifacts:/0/${runId}/artifacts`
    expect((await call(app, 'GET', 'artifacts/list', { run_id: runId })).body).toEqual({
      root_uri,
      files: [
        { path: 'a b.txt', is_dir: false, file_size: 2 },
        { path: 'model', is_dir: true },
      ],
    })
    expect((await call(app, 'GET', 'artifacts/list', { run_uuid: runId, path: 'model' })).body).toEqual({
      root_uri,
      files: [{ path: 'model/MLmodel', is_dir: false, file_size: 11 }],
    })
    expect((await call(app, 'GET', 'artifacts/list', { run_id: runId, path: 'none' })).body).toEqual({
      root_uri,
    })
  })

  it('are downloaded by run_id and by run_uuid', async () => {
    const { app, runId } = await appWithRun()
    for (const name of ['run_id', 'run_uuid']) {
      const response = await app.inject({ url: '/get-artifact', query: { [name]: runId, path: 'a b.txt' } })
      expect(response.body).toBe('hi')
      expect(response.headers['content-disposition']).toBe('attachment; filename="a b.txt"')
    }
    const model = await app.inject({ url: '/get-artifact', query: { run_id: runId, path: 'model/MLmodel' } })
    expect(model.headers['content-type']).toBe('text/plain')
  })

  it('are told to be missing by their path in the store', async () => {
    const { app, runId } = await appWithRun()
    const response = await app.inject({ url: '/get-artifact', query: { run_id: runId, path: 'no' } })
    expect(response.statusCode).toBe(404)
    expect(response.json().message).toBe(`No such artifact: '0/${runId}/artifacts/no'`)
    expect((await app.inject('/get-artifact?run_id=none&path=x')).json().message).toBe(
      'Run with id=none not found',
    )
    expect((await app.inject(`/get-artifact?run_id=${runId}`)).statusCode).toBe(400)
  })

  it('are downloaded below the static prefix', async () => {
    const { app, runId } = await appWithRun({ staticPrefix: '/ml' })
    expect((await app.inject(`/ml/get-artifact?run_id=${runId}&path=a%20b.txt`)).body).toBe('hi')
    expect((await app.inject(`/get-artifact?run_id=${runId}&path=a%20b.txt`)).statusCode).toBe(404)
  })

  it('are uploaded by the UI', async () => {
    const { app, runId } = await appWithRun()
    const uploaded = await upload(app, { run_uuid: runId, path: 'notes/n.txt' }, 'text')
    expect([uploaded.statusCode, uploaded.body]).toEqual([200, ''])
    expect((await app.inject(`/get-artifact?run_id=${runId}&path=notes/n.txt`)).body).toBe('text')
  })

  it.each([
    [{ path: 'x' }, 'x', 'Request must specify run_uuid.'],
    [{ run_uuid: 'r' }, 'x', 'Request must specify path.'],
    [{ run_uuid: 'r', path: 'x' }, '', 'Request must specify data.'],
    [
      { run_uuid: 'r', path: 'x' },
      Buffer.alloc(10 * 1024 ** 2 + 1),
      'Artifact size is too large. Max size is 10MB.',
    ],
  ])('refuse an upload that is not complete: %j', async (query, payload, message) => {
    const response = await upload(await testApp(), query as Record<string, string>, payload)
    expect([response.statusCode, response.json().message]).toEqual([400, message])
  })

  it('A01, A02: are read from the run’s folder only', async () => {
    const { app, runId, folder } = await appWithRun()
    for (const path of [...CLIMBS, `${folder}/canary`, `file://${folder}/canary`]) {
      const response = await app.inject({ url: '/get-artifact', query: { run_uuid: runId, path } })
      expect([path, response.statusCode]).toEqual([path, 400])
      expect(response.json().message).toBe('Invalid path')
      expect((await call(app, 'GET', 'artifacts/list', { run_id: runId, path })).status).toBe(400)
    }
  })

  it('A08: are written to the run’s folder only', async () => {
    const { app, runId, folder } = await appWithRun()
    const before = await filesBelow(folder)
    for (const path of [...CLIMBS, '/tmp/pwned', 'a?/../../pwned', 'a?/a', 'a#/../pwned']) {
      const response = await upload(app, { run_uuid: runId, path })
      expect([path, response.statusCode, response.json().message]).toEqual([path, 400, 'Invalid path'])
    }
    for (const path of ['a/', 'a/./b/c']) {
      expect([path, (await upload(app, { run_uuid: runId, path })).statusCode]).toEqual([path, 400])
    }
    expect(await filesBelow(folder)).toEqual(before)
  })

  it('are neither read nor written in a folder that is not configured, though the database names it', async () => {
    const { app, db, runId, folder } = await appWithRun()
    for (const uri of [`file://${folder}`, folder, `${folder}/artifacts/..`, 'mlflow-artifacts:/..']) {
      await db.updateTable('runs').set({ artifact_uri: uri }).where('run_uuid', '=', runId).execute()
      const read = await app.inject({ url: '/get-artifact', query: { run_id: runId, path: 'canary' } })
      const listed = await call(app, 'GET', 'artifacts/list', { run_id: runId })
      const written = await upload(app, { run_uuid: runId, path: 'pwned' })
      expect([uri, read.statusCode, listed.status, written.statusCode]).toEqual([uri, 400, 400, 400])
    }
    expect(await filesBelow(folder)).not.toContain('pwned')
  })

  it('are served from a local default root, where the clients put them', async () => {
    const root = await temporaryFolder()
    const { app, runId } = await appWithRun({ defaultArtifactRoot: root })
    await upload(app, { run_uuid: runId, path: 'f' }, 'mine')
    expect(await filesBelow(root)).toEqual([`0/${runId}/artifacts/f`])
    expect((await app.inject(`/get-artifact?run_id=${runId}&path=f`)).body).toBe('mine')
  })

  it('answer 501 where only the clients have a store', async () => {
    const { app, runId, db } = await appWithRun()
    await db.updateTable('runs').set({ artifact_uri: 'gs://b/x' }).where('run_uuid', '=', runId).execute()
    const { status, body } = await call(app, 'GET', 'artifacts/list', { run_id: runId })
    expect(status).toBe(501)
    expect(body.message).toBe('This server has no store for gs: artifacts.')
  })

  it('have no presigned URLs', async () => {
    const { app, runId } = await appWithRun()
    for (const direction of ['upload', 'download']) {
      const path = `artifacts/presigned-${direction}-url`
      const { status, body } = await call(app, 'POST', path, { run_id: runId, path: 'f' })
      expect(status).toBe(400)
      expect(body.message).toMatch(/is not supported for .*proxied artifact storage/)
      expect((await call(app, 'POST', path, { run_id: runId, path: '../f' })).body.message).toBe(
        'Invalid path',
      )
    }
  })
})

describe("a model version's artifacts", () => {
  async function download(app: FastifyInstance, path: string, more: Record<string, string> = {}) {
    return app.inject({
      url: '/model-versions/get-artifact',
      query: { name: 'm', version: '1', path, ...more },
    })
  }

  it.each([
    ['mlflow-artifacts:/0/RUN/artifacts/model', null],
    ['runs:/RUN/model', null],
    ['models:/m-1', null],
    ['models:/other/3', 'mlflow-artifacts:/0/RUN/artifacts/model'],
  ])('are found by its source %s, stored at %s', async (source, stored) => {
    const { app, db, runId } = await appWithRun()
    await insertLoggedModel(db, 'm-1', `mlflow-artifacts:/0/${runId}/artifacts/model`)
    await insertVersion(db, source.replace('RUN', runId), stored?.replace('RUN', runId))
    const response = await download(app, 'MLmodel')
    expect([response.statusCode, response.body]).toEqual([200, 'flavors: {}'])
  })

  it('answer 404 for a version that is not there, and 400 for one that is no number', async () => {
    const app = await testApp()
    const response = await download(app, 'x')
    expect(response.statusCode).toBe(404)
    expect(response.json().message).toBe('Model Version (name=m, version=1) not found')
    expect((await download(app, 'x', { version: 'abc' })).json().message).toBe(
      "Parameter 'version' must be an integer, got 'abc'.",
    )
  })

  it.each([
    ['A13', 'file://FOLDER'],
    ['A14', 'FOLDER'],
    ['A14', 'file://./etc'],
    ['A14', './../../etc'],
    ['A16', 'mlflow-artifacts:/../'],
    ['A16', 'mlflow-artifacts://h/..%252f..%252f'],
    ['A16', 'http://h/api/2.0/mlflow-artifacts/artifacts/..%2f..%2f'],
    ['', 'models:/m/1'],
    ['', 'models:/m/1/x'],
  ])('%s: are not read from %s, though the database names it', async (_attack, source) => {
    const { app, db, folder } = await appWithRun()
    await insertVersion(db, source.replace('FOLDER', folder))
    const response = await download(app, 'canary')
    expect([response.statusCode, response.json().error_code]).toEqual([400, 'INVALID_PARAMETER_VALUE'])
  })

  it('A13: are read from the version’s folder only', async () => {
    const { app, db, runId } = await appWithRun()
    await insertVersion(db, `mlflow-artifacts:/0/${runId}/artifacts/model`)
    for (const path of [...CLIMBS, '../a b.txt', '/etc/passwd', '%2fetc%2fpasswd']) {
      expect([path, (await download(app, path)).json().message]).toEqual([path, 'Invalid path'])
    }
  })
})

describe("a logged model's artifacts", () => {
  const files = '/ajax-api/2.0/mlflow/logged-models/m-1/artifacts/files'

  it('are listed and downloaded', async () => {
    const { app, db, runId } = await appWithRun()
    const location = `mlflow-artifacts:/0/${runId}/artifacts`
    await insertLoggedModel(db, 'm-1', location)
    const path = 'logged-models/m-1/artifacts/directories'
    expect((await call(app, 'GET', path, { artifact_directory_path: 'model' })).body).toEqual({
      root_uri: location,
      files: [{ path: 'model/MLmodel', is_dir: false, file_size: 11 }],
    })
    expect((await app.inject(`${files}?artifact_file_path=model/MLmodel`)).body).toBe('flavors: {}')
  })

  it('answer as MLflow does for a model that is not there, and for no path', async () => {
    const app = await testApp()
    expect((await app.inject(files)).json()).toEqual({
      error_code: 'BAD_REQUEST',
      message: 'Request must include the "artifact_file_path" query parameter.',
    })
    const missing = await app.inject(`${files}?artifact_file_path=x`)
    expect([missing.statusCode, missing.json().message]).toEqual([
      404,
      "Logged model with ID 'm-1' not found.",
    ])
  })

  it('A23: are read from the model’s folder only', async () => {
    const { app, db, runId } = await appWithRun()
    await insertLoggedModel(db, 'm-1', `mlflow-artifacts:/0/${runId}/artifacts`)
    for (const artifact_file_path of [...CLIMBS, '%2fetc%2fpasswd', '/etc/passwd']) {
      const response = await app.inject({ url: files, query: { artifact_file_path } })
      expect([artifact_file_path, response.json().message]).toEqual([artifact_file_path, 'Invalid path'])
      const listed = await call(app, 'GET', 'logged-models/m-1/artifacts/directories', {
        artifact_directory_path: artifact_file_path,
      })
      expect([artifact_file_path, listed.body.message]).toEqual([artifact_file_path, 'Invalid path'])
    }
  })
})

it('A23: the files attached to a trace are read from its folder only', async () => {
  const app = await testApp()
  const { body } = await call(app, 'POST', 'traces', { experiment_id: '0' })
  const { request_id, tags } = body.trace_info
  const location = tags.find(({ key }: { key: string }) => key === 'mlflow.artifactLocation').value
  await put(app, `${location.replace('mlflow-artifacts:/', '')}/attachments/a.txt`, 'attached')
  const read = (path: string) =>
    app.inject({ url: '/ajax-api/3.0/mlflow/get-trace-artifact', query: { request_id, path } })
  expect((await read('a.txt')).body).toBe('attached')
  for (const path of [...CLIMBS, '../traces.json', '/etc/passwd', '%2fetc%2fpasswd']) {
    expect([path, (await read(path)).json().message]).toEqual([path, 'Invalid path'])
  }
})

describe('an experiment’s artifact location', () => {
  it.each([
    ['A09', 'http:///?/../../../etc/'],
    ['A10', 'http:///#/../../../etc/'],
    ['A11', 'http://x/;..%2f..%2fetc'],
    ['A12', 'file:///any/dir'],
    ['A18', 'dbfs:/'],
    ['A30', 'ftp://127.0.0.1:1/x'],
    ['A32', 's3://someone-elses-bucket/private/'],
  ])('%s: is refused when it is %s', async (_attack, artifact_location) => {
    const app = await testApp()
    const { status, body } = await call(app, 'POST', 'experiments/create', { name: 'e', artifact_location })
    expect([status, body.error_code]).toEqual([400, 'INVALID_PARAMETER_VALUE'])
    expect((await call(app, 'GET', 'experiments/get-by-name', { experiment_name: 'e' })).status).toBe(404)
  })

  it('A32: is taken when the operator allows its bucket', async () => {
    const app = await testApp({ allowedArtifactRoots: ['s3://ours'] })
    const create = (name: string, artifact_location: string) =>
      call(app, 'POST', 'experiments/create', { name, artifact_location })
    expect((await create('a', 's3://ours/a')).status).toBe(200)
    expect((await create('b', 's3://theirs/b')).status).toBe(400)
  })
})
