/** What a caller who may not read something cannot take by naming it elsewhere. */
import type { FastifyInstance } from 'fastify'
import { describe, expect, it } from 'vitest'
import { accessOf } from '../../server/access/access.ts'
import { call } from './support.ts'
import { infoOf, TRACES } from './trace-data.ts'
import { appFor } from './two-worlds.ts'

const OWN = '1'
const SECRET = '2'
const CALLERS = {
  editor: accessOf(
    {
      isAdmin: false,
      grants: [
        { resourceType: 'experiment', pattern: OWN, level: 'MANAGE' },
        { resourceType: 'registered_model', pattern: 'm', level: 'MANAGE' },
      ],
    },
    'NO_PERMISSIONS',
  ),
}

async function start(): Promise<FastifyInstance> {
  const app = await appFor(CALLERS)
  await call(app, 'POST', 'experiments/create', { name: 'own' })
  await call(app, 'POST', 'experiments/create', { name: 'secret' })
  await call(app, 'POST', 'registered-models/create', { name: 'm' })
  return app
}

async function asEditor(app: FastifyInstance, path: string, json: object) {
  const url = path.startsWith('/') ? path : `/api/2.0/mlflow/${path}`
  const headers = { 'content-type': 'application/json', 'x-caller': 'editor' }
  const response = await app.inject({ method: 'POST', url, headers, payload: JSON.stringify(json) })
  return { status: response.statusCode, body: response.json() }
}

const at = (experiment_id: string) => ({
  trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id } },
})

function sendSpan(app: FastifyInstance, experimentId: string, more: object = {}, caller?: string) {
  const span = {
    traceId: '6f40929e1d616c6f852c0e31688120c8',
    spanId: '13d55b61bdc96cb9',
    name: 'step',
    startTimeUnixNano: '1795267175953623288',
    endTimeUnixNano: '1795267176054054835',
    ...more,
  }
  return app.inject({
    method: 'POST',
    url: '/v1/traces',
    headers: {
      'content-type': 'application/json',
      'x-mlflow-experiment-id': experimentId,
      ...(caller && { 'x-caller': caller }),
    },
    payload: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }),
  })
}

describe('the place of a new experiment', () => {
  it.each([
    'mlflow-artifacts:/2',
    'mlflow-artifacts:/2/1f',
    'mlflow-artifacts:/',
    'mlflow-artifacts:/%32',
    'mlflow-artifacts:/77',
  ])('cannot be that of others: %s', async (artifact_location) => {
    const app = await start()
    const { status, body } = await asEditor(app, 'experiments/create', { name: 'x', artifact_location })
    expect([status, body.error_code]).toEqual([403, 'PERMISSION_DENIED'])
    expect((await call(app, 'GET', 'experiments/get-by-name', { experiment_name: 'x' })).status).toBe(404)
  })

  it('can be one of its own, and for who administers any', async () => {
    const app = await start()
    const own = { name: 'mine', artifact_location: 'mlflow-artifacts:/mine' }
    expect((await asEditor(app, 'experiments/create', own)).status).toBe(200)
    expect((await asEditor(app, 'experiments/create', { ...own, name: 'twice' })).status).toBe(403)
    expect((await call(app, 'POST', 'experiments/create', { ...own, name: 'any' })).status).toBe(200)
  })
})

describe('the source of a version', () => {
  it('is of a run or a logged model that it names, wherever it is, unless an admin says so', async () => {
    const app = await start()
    const { body } = await call(app, 'POST', 'runs/create', { experiment_id: OWN })
    const { run_id, artifact_uri } = body.run.info
    const elsewhere = { name: 'm', source: 's3://bucket/secret/model' }
    for (const named of [{}, { run_id }]) {
      const { status } = await asEditor(app, 'model-versions/create', { ...elsewhere, ...named })
      expect(status).toBe(400)
    }
    for (const source of [`runs:/${run_id}/model`, `${artifact_uri}/model`]) {
      const { status } = await asEditor(app, 'model-versions/create', { name: 'm', source, run_id })
      expect(status).toBe(200)
    }
    expect((await call(app, 'POST', 'model-versions/create', elsewhere)).status).toBe(200)
  })
})

describe('a trace that is there already', () => {
  it('is not moved out of an experiment that hides it', async () => {
    const app = await start()
    await call(app, 'POST', TRACES, { trace: { trace_info: infoOf('tr-1', at(SECRET)) } })
    const stolen = { trace: { trace_info: infoOf('tr-1', at(OWN)) } }
    expect((await asEditor(app, TRACES, stolen)).body.error_code).toBe('PERMISSION_DENIED')
    const { body } = await call(app, 'GET', `${TRACES}/tr-1`)
    expect(body.trace.trace_info.trace_location.mlflow_experiment.experiment_id).toBe(SECRET)
  })

  it('gets no spans from who may not change it', async () => {
    const app = await start()
    expect((await sendSpan(app, SECRET)).statusCode).toBe(200)
    expect((await sendSpan(app, OWN, { name: 'forged' }, 'editor')).statusCode).toBe(403)
    expect((await sendSpan(app, OWN, { traceId: 'a'.repeat(32) }, 'editor')).statusCode).toBe(200)
    const { body } = await call(app, 'GET', '/api/3.0/mlflow/traces/get', {
      trace_id: 'tr-6f40929e1d616c6f852c0e31688120c8',
    })
    expect(body.trace.spans.map((span: { name: string }) => span.name)).toEqual(['step'])
  })

  it('is not told by a span where its artifacts are', async () => {
    const app = await start()
    const key = 'mlflow.traceTag.mlflow.artifactLocation'
    const attributes = [{ key, value: { stringValue: 'mlflow-artifacts:/2/secret' } }]
    await sendSpan(app, OWN, { attributes })
    const { body } = await call(app, 'GET', `${TRACES}/tr-6f40929e1d616c6f852c0e31688120c8`)
    expect(body.trace.trace_info.tags['mlflow.artifactLocation']).toMatch(/^mlflow-artifacts:\/1\/traces\//)
  })
})
