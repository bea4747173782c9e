/** What a request needs, on every database. That every route asks for something is test/auth/every-route.test.ts. */
import { describe, expect, it } from 'vitest'
import { type Access, accessOf, type Scope } from '../../server/access/access.ts'
import type { Grant, Level } from '../../server/access/grants.ts'
import { makeWorld } from '../auth/world.ts'
import { call } from './support.ts'
import { appFor } from './two-worlds.ts'

const NONE = { run: '0'.repeat(32), loggedModel: `m-${'0'.repeat(32)}`, trace: 'tr-none' }

/** A server with two worlds, and what it answers to a caller whose grants are written `type:pattern:LEVEL`. */
async function start() {
  const callers: Record<string, Access> = {}
  const app = await appFor(callers)
  const as = (grants: readonly string[], defaultLevel: Level = 'NO_PERMISSIONS', scope?: Scope) => {
    const isAdmin = grants.includes('admin')
    const name = `caller-${Object.keys(callers).length}`
    callers[name] = accessOf({ isAdmin, grants: isAdmin ? [] : grants.map(parsed) }, defaultLevel, scope)
    return async (method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE', path: string, json: object = {}) => {
      const url = path.startsWith('/') ? path : `/api/2.0/mlflow/${path}`
      const headers = { 'x-caller': name, 'content-type': 'application/json' }
      const { statusCode, body } = await app.inject(
        method === 'GET'
          ? { method, url, headers, query: json as Record<string, string> }
          : { method, url, headers, payload: JSON.stringify(json) },
      )
      return statusCode === 403 || statusCode === 404 ? `${statusCode} ${body}` : statusCode
    }
  }
  return { app, as, own: await makeWorld(app), other: await makeWorld(app) }
}

function parsed(text: string): Grant {
  const [resourceType = '', pattern = '', level] = text.split(':')
  return { resourceType, pattern, level: level as Level }
}

const SPAN = {
  traceId: '6f40929e1d616c6f852c0e31688120c8',
  spanId: '13d55b61bdc96cb9',
  name: 'step',
  startTimeUnixNano: '1795267175953623288',
  endTimeUnixNano: '1795267176054054835',
}

const DENIED = '403 {"error_code":"PERMISSION_DENIED","message":"Permission denied"}'
const MISSING = expect.stringMatching(/^404 /)

const tracesOf = (world: { trace: string }) => `/api/3.0/mlflow/traces/${world.trace}`

describe('authorization', () => {
  it('denies what is not there in the words for what is denied', async () => {
    const { as, own, other } = await start()
    const manager = as([`experiment:${own.experiment}:MANAGE`, `registered_model:${own.model}:MANAGE`])
    const admin = as(['admin'])
    for (const { run, loggedModel, trace } of [other, NONE]) {
      expect(await manager('GET', 'runs/get', { run_id: run })).toBe(DENIED)
      expect(await manager('GET', `logged-models/${loggedModel}`)).toBe(DENIED)
      expect(await manager('GET', tracesOf({ trace }))).toBe(DENIED)
      expect(await manager('GET', 'metrics/get-history', { run_id: run, metric_key: 'm' })).toBe(DENIED)
    }
    for (const name of [other.model, 'none']) {
      expect(await manager('GET', 'registered-models/get', { name })).toBe(DENIED)
      expect(await manager('GET', 'model-versions/get', { name, version: '1' })).toBe(DENIED)
    }
    expect(await manager('PATCH', 'comments/update', { id: 'none', comment: 'x' })).toBe(DENIED)
    expect(await admin('GET', 'runs/get', { run_id: NONE.run })).toEqual(MISSING)
  })

  it('says that a model is not there to who may read any model and any prompt of that name', async () => {
    const { as } = await start()
    const get = (grants: string[], level: Level) =>
      as(grants, level)('GET', 'registered-models/get', { name: 'no' })
    expect(await get([], 'READ')).toEqual(MISSING)
    expect(await get(['prompt:*:DENY'], 'READ')).toBe(DENIED)
    expect(await get(['registered_model:no:DENY'], 'READ')).toBe(DENIED)
    expect(await get(['registered_model:*:READ'], 'NO_PERMISSIONS')).toBe(DENIED)
  })

  it('knows an experiment by its number, however it is written', async () => {
    const { as, own } = await start()
    const reader = as([`experiment:${own.experiment}:DENY`], 'READ')
    for (const id of [own.experiment, `0${own.experiment}`, `+${own.experiment}`]) {
      expect(await reader('GET', 'experiments/get', { experiment_id: id })).toBe(DENIED)
    }
  })

  it('hides runs, traces and logged models from who is denied all of them', async () => {
    const { as, own } = await start()
    const { run, loggedModel } = own
    const experiment = `experiment:${own.experiment}:MANAGE`
    expect(await as([experiment, 'run:*:DENY'])('GET', 'runs/get', { run_id: run })).toBe(DENIED)
    expect(await as([experiment, 'run:*:DENY'])('GET', 'artifacts/list', { run_id: run })).toBe(DENIED)
    expect(await as([experiment, 'trace:*:DENY'])('GET', tracesOf(own))).toBe(DENIED)
    expect(await as([experiment, 'logged_model:*:DENY'])('GET', `logged-models/${loggedModel}`)).toBe(DENIED)
    expect(
      await as([experiment, 'run:*:DENY'])('POST', 'runs/create', { experiment_id: own.experiment }),
    ).toBe(DENIED)
    // Denying one of them keeps what holds them from being deleted with them.
    for (const denied of ['run:*:DENY', 'scorer:*:DENY', 'assessment:*:READ']) {
      const deleter = as([experiment, denied])
      expect(await deleter('POST', 'experiments/delete', { experiment_id: own.experiment })).toBe(DENIED)
    }
  })

  it('lets a grant on all runs change those of experiments one may read', async () => {
    const { as, own, other } = await start()
    const editor = as([`experiment:${own.experiment}:READ`, 'run:*:MANAGE'])
    expect(await editor('POST', 'runs/set-tag', { run_id: own.run, key: 'k' })).toBe(200)
    expect(await editor('POST', 'runs/set-tag', { run_id: other.run, key: 'k' })).toBe(DENIED)
    expect(await editor('POST', 'runs/create', { experiment_id: own.experiment })).toBe(DENIED)
  })

  it('logs to a run no metric of a logged model that one may not change', async () => {
    const { as, own, other } = await start()
    const editor = as([`experiment:${own.experiment}:EDIT`, `experiment:${other.experiment}:READ`])
    const metric = { key: 'm', value: 1, timestamp: 1 }
    for (const [model_id, answer] of [
      [own.loggedModel, 200],
      [other.loggedModel, DENIED],
      [NONE.loggedModel, DENIED],
    ] as const) {
      const run_id = own.run
      expect(await editor('POST', 'runs/log-metric', { run_id, ...metric, model_id })).toBe(answer)
      expect(
        await editor('POST', 'runs/log-batch', {
          run_id,
          metrics: [metric, { ...metric, modelId: model_id }],
        }),
      ).toBe(answer)
      expect(await editor('POST', 'runs/outputs', { run_id, models: [{ model_id, step: 0 }] })).toBe(answer)
    }
  })

  it('gives many at once only to who may read each', async () => {
    const { as, own, other } = await start()
    const reader = as([`experiment:${own.experiment}:READ`])
    const infos = (trace_ids: string[]) =>
      reader('POST', '/api/3.0/mlflow/traces/batchGetInfos', { trace_ids })
    expect(await infos([own.trace])).toBe(200)
    expect(await infos([own.trace, other.trace])).toBe(DENIED)
    expect(await infos([])).toBe(DENIED)
    const bulk = (runs: string) =>
      reader('GET', `/ajax-api/2.0/mlflow/metrics/get-history-bulk?metric_key=m&${runs}`)
    expect(await bulk(`run_id=${own.run}`)).toBe(200)
    expect(await bulk(`run_id=${own.run}&run_id=${other.run}`)).toBe(DENIED)
  })

  it('assesses a trace by a grant on traces or on the experiment, and deletes by one on assessments', async () => {
    const { as, own } = await start()
    const read = `experiment:${own.experiment}:READ`
    const edit = `experiment:${own.experiment}:EDIT`
    const source = { source_type: 'HUMAN', source_id: 'a' }
    const assessment = { assessment_name: 'a', trace_id: own.trace, source, feedback: { value: 1 } }
    const assess = (grants: string[]) => as(grants)('POST', `${tracesOf(own)}/assessments`, { assessment })
    expect(await assess([read])).toBe(DENIED)
    expect(await assess([read, 'trace:*:EDIT'])).toBe(200)
    expect(await assess([edit])).toBe(200)
    expect(await assess([edit, 'trace:*:READ'])).toBe(200)
    expect(await assess([edit, 'trace:*:DENY'])).toBe(DENIED)
    expect(await assess([edit, 'assessment:*:DENY'])).toBe(DENIED)
    expect(await assess([read, 'trace:*:EDIT', 'assessment:*:DENY'])).toBe(DENIED)
    const remove = (grants: string[], id: string) =>
      as(grants)('DELETE', `${tracesOf(own)}/assessments/${id}`)
    expect(await remove([edit, 'assessment:*:EDIT'], own.assessment)).toBe(DENIED)
    expect(await remove([edit], own.assessment)).toBe(200)
    expect(await remove([read, 'assessment:*:MANAGE'], 'a-none')).toBe(200)
  })

  it('deletes traces for who may delete their assessments too', async () => {
    const { as, own, other } = await start()
    const { experiment, trace } = own
    const remove = (grants: string[]) =>
      as(grants)('POST', 'traces/delete-traces', { experiment_id: experiment, request_ids: [trace] })
    expect(await remove([`experiment:${experiment}:EDIT`])).toBe(DENIED)
    expect(await remove([`experiment:${experiment}:READ`, 'trace:*:MANAGE'])).toBe(DENIED)
    expect(await remove([`experiment:${experiment}:MANAGE`, 'assessment:*:READ'])).toBe(DENIED)
    expect(await remove([`experiment:${other.experiment}:MANAGE`])).toBe(DENIED)
    expect(await remove([`experiment:${experiment}:EDIT`, 'trace:*:MANAGE'])).toBe(200)
  })

  it('judges prompts by grants on prompts, and their versions by grants on those', async () => {
    const { as, own } = await start()
    const get = (grants: string[], name: string) =>
      as(grants)('GET', 'model-versions/get', { name, version: '1' })
    expect(await get(['registered_model:*:MANAGE'], own.model)).toBe(200)
    expect(await get(['registered_model:*:MANAGE'], own.prompt)).toBe(DENIED)
    expect(await get([`prompt:${own.prompt}:READ`], own.prompt)).toBe(200)
    expect(await get(['prompt:*:READ', 'prompt_version:*:DENY'], own.prompt)).toBe(DENIED)
    expect(await get(['registered_model:*:READ', 'registered_model_version:*:DENY'], own.model)).toBe(DENIED)
  })

  it('makes a prompt of a model only for who manages it', async () => {
    const { as, own } = await start()
    const tag = (level: string, key: string) =>
      as([`registered_model:${own.model}:${level}`])('POST', 'registered-models/set-tag', {
        name: own.model,
        key,
        value: 'true',
      })
    expect(await tag('EDIT', 'owner')).toBe(200)
    expect(await tag('EDIT', 'mlflow.prompt.is_prompt')).toBe(DENIED)
    expect(await tag('MANAGE', 'mlflow.prompt.is_prompt')).toBe(200)
  })

  it('registers of a run, a logged model or a version only what one may read', async () => {
    const { app, as, own, other } = await start()
    const model = `registered_model:${own.model}:EDIT`
    const reading = [model, `experiment:${own.experiment}:READ`]
    const register = (grants: string[], source: object) =>
      as(grants)('POST', 'model-versions/create', { name: own.model, ...source })
    const run = await call(app, 'GET', 'runs/get', { run_id: own.run })
    const source = `${run.body.run.info.artifact_uri}/model`
    expect(await register(reading, { source, run_id: own.run })).toBe(200)
    expect(await register([model], { source, run_id: own.run })).toBe(DENIED)
    const logged = { source: `models:/${own.loggedModel}`, model_id: own.loggedModel }
    expect(await register(reading, logged)).toBe(200)
    expect(await register([model], logged)).toBe(DENIED)
    const copy = { source: `models:/${other.model}/1`, run_id: other.run }
    expect(await register(reading, copy)).toBe(DENIED)
    expect(await register([...reading, `registered_model:${other.model}:READ`], copy)).toBe(200)
    expect(await register([model, 'registered_model_version:*:DENY'], logged)).toBe(DENIED)
  })

  it('moves an alias for an editor, and takes it away for a manager', async () => {
    const { as, own } = await start()
    const alias = { name: own.model, alias: 'champion' }
    const editor = as([`registered_model:${own.model}:EDIT`])
    expect(await editor('POST', 'registered-models/alias', { ...alias, version: '1' })).toBe(200)
    expect(await editor('DELETE', 'registered-models/alias', alias)).toBe(DENIED)
    expect(
      await as([`registered_model:${own.model}:MANAGE`])('DELETE', 'registered-models/alias', alias),
    ).toBe(200)
  })

  it('makes new things for everybody to whom that is not denied', async () => {
    const { as } = await start()
    const create = (grants: string[], name: string) =>
      as(grants)('POST', 'registered-models/create', { name })
    expect(await create([], 'free')).toBe(200)
    expect(await create(['registered_model:taken:DENY'], 'taken')).toBe(DENIED)
    expect(await create(['prompt:*:DENY'], 'free-too')).toBe(200)
    expect(await as(['experiment:*:DENY'])('POST', 'experiments/create', { name: 'x' })).toBe(DENIED)
    expect(await as([], 'READ')('POST', '/api/2.0/trackyard/gc')).toBe(DENIED)
    expect(await as([], 'MANAGE')('GET', 'webhooks')).toBe(DENIED)
  })

  it('leaves a credential no more than its scope', async () => {
    const { as, own, other } = await start()
    const reading = as(['admin'], 'NO_PERMISSIONS', { most: 'read' })
    expect(await reading('GET', 'runs/get', { run_id: other.run })).toBe(200)
    expect(await reading('POST', 'runs/set-tag', { run_id: other.run, key: 'k' })).toBe(DENIED)
    expect(await reading('POST', 'comments/create', { name: own.model, version: '1', comment: 'x' })).toBe(
      DENIED,
    )
    expect(await reading('POST', 'experiments/create', { name: 'x' })).toBe(DENIED)
    expect(await reading('GET', 'webhooks')).toBe(DENIED)
    const one = as(['admin'], 'NO_PERMISSIONS', { most: 'write', experiments: new Set([own.experiment]) })
    expect(await one('POST', 'runs/set-tag', { run_id: own.run, key: 'k' })).toBe(200)
    expect(await one('GET', 'runs/get', { run_id: other.run })).toBe(DENIED)
    expect(await one('GET', 'registered-models/get', { name: own.model })).toBe(DENIED)
    expect(await one('POST', 'experiments/create', { name: 'x' })).toBe(DENIED)
  })

  it('checks the fields of GraphQL as it checks their RPCs', async () => {
    const { app, as, own, other } = await start()
    as([`experiment:${own.experiment}:READ`])
    const ask = async (run: string) => {
      const query = `{ mlflowGetRun(input: {runId: "${run}"}) { run { info { runId } experiment { name } } } }`
      const answer = await app.inject({
        method: 'POST',
        url: '/graphql',
        headers: { 'x-caller': 'caller-0', 'content-type': 'application/json' },
        payload: JSON.stringify({ query }),
      })
      return answer.json()
    }
    expect(await ask(own.run)).toMatchObject({
      data: { mlflowGetRun: { run: { info: { runId: own.run } } } },
    })
    expect(await ask(other.run)).toEqual({ data: { mlflowGetRun: null }, errors: ['Permission denied'] })
  })

  it('takes spans for an experiment, and for a run, that one may change', async () => {
    const { app, as, own, other } = await start()
    as([`experiment:${own.experiment}:EDIT`])
    const send = async (experiment: string, run?: string) => {
      const { statusCode } = await app.inject({
        method: 'POST',
        url: '/v1/traces',
        headers: {
          'x-caller': 'caller-0',
          'content-type': 'application/json',
          'x-mlflow-experiment-id': experiment,
          ...(run && { 'x-mlflow-run-id': run }),
        },
        payload: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [SPAN] }] }] }),
      })
      return statusCode
    }
    expect(await send(own.experiment)).toBe(200)
    expect(await send(own.experiment, own.run)).toBe(200)
    expect(await send(other.experiment)).toBe(403)
    expect(await send(own.experiment, other.run)).toBe(403)
  })
})
