/** What rows name of other things, for who may read the rows and not the things. */
import type { FastifyInstance } from 'fastify'
import { describe, expect, it } from 'vitest'
import { type Access, accessOf } from '../../server/access/access.ts'
import { call } from './support.ts'
import { infoOf, TRACES } from './trace-data.ts'
import { appFor } from './two-worlds.ts'

const without = (...grants: (readonly [type: string, pattern: string])[]): Access =>
  accessOf(
    {
      isAdmin: false,
      grants: grants.map(([resourceType, pattern]) => ({ resourceType, pattern, level: 'DENY' as const })),
    },
    'READ',
  )

const CALLERS = {
  all: without(),
  'no runs': without(['run', '*']),
  'no logged models': without(['logged_model', '*']),
  'no assessments': without(['assessment', '*']),
  'no versions': without(['registered_model_version', '*']),
  'no model m': without(['registered_model', 'm']),
  'no prompt p': without(['prompt', 'p']),
  'no experiment 2': without(['experiment', '2']),
}
type Reader = keyof typeof CALLERS

const PROMPTS = {
  key: 'mlflow.linkedPrompts',
  value: '[{"name": "p", "version": "1"}, {"name": "q", "version": "1"}]',
}

interface Started {
  readonly app: FastifyInstance
  /** Of experiment 2, and so is the logged model; all that names them is in experiment 1. */
  readonly run: string
  readonly ownRun: string
  readonly model: string
  readonly ownModel: string
}

async function start(): Promise<Started> {
  const app = await appFor(CALLERS)
  const post = async (path: string, json: object) => (await call(app, 'POST', path, json)).body
  for (const name of ['1', '2']) await post('experiments/create', { name })
  const run = (await post('runs/create', { experiment_id: '2' })).run.info.run_id
  const ownRun = (await post('runs/create', { experiment_id: '1', tags: [PROMPTS] })).run.info.run_id
  const logged = (experiment_id: string, more: object) => post('logged-models', { experiment_id, ...more })
  const model = (await logged('2', {})).model.info.model_id
  const ownModel = (await logged('1', { source_run_id: run })).model.info.model_id
  await post('runs/log-metric', { run_id: run, key: 'k', value: 1, timestamp: 1, model_id: ownModel })
  await post('runs/log-inputs', { run_id: ownRun, models: [{ model_id: model }] })
  await post('runs/outputs', { run_id: ownRun, models: [{ model_id: model }] })
  await post('registered-models/create', { name: 'm' })
  const source = `models:/${ownModel}`
  await post('model-versions/create', {
    name: 'm',
    source,
    run_id: run,
    model_id: ownModel,
    run_link: 'link',
  })
  await post(TRACES, {
    trace: {
      trace_info: infoOf('tr-1', {
        trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: '1' } },
        trace_metadata: { 'mlflow.sourceRun': run, 'mlflow.modelId': model },
        tags: { [PROMPTS.key]: PROMPTS.value },
        assessments: [
          {
            assessment_name: 'good',
            source: { source_type: 'HUMAN', source_id: 'ann' },
            feedback: { value: true },
            create_time: '2025-01-02T03:04:05Z',
            last_update_time: '2025-01-02T03:04:05Z',
          },
        ],
      }),
    },
  })
  return { app, run, ownRun, model, ownModel }
}

async function read(app: FastifyInstance, caller: Reader, url: string, payload?: object) {
  const headers = { 'content-type': 'application/json', 'x-caller': caller }
  const body = payload && JSON.stringify(payload)
  const response = await app.inject(body ? { method: 'POST', url, headers, payload: body } : { url, headers })
  return { status: response.statusCode, body: response.json() }
}

const SEARCH_TRACES = { locations: [{ mlflow_experiment: { experiment_id: '1' } }] }
const API = '/api/2.0/mlflow'

/** Each answer that shows a row, by what of it names something else. */
async function shown({ app, ownRun, ownModel }: Started, caller: Reader) {
  const [trace, traces, infos, version, versions, latest, models, run, runs, logged, loggeds] =
    await Promise.all([
      read(app, caller, `${TRACES}/tr-1`),
      read(app, caller, `${TRACES}/search`, SEARCH_TRACES),
      read(app, caller, `${TRACES}/batchGetInfos`, { trace_ids: ['tr-1'] }),
      read(app, caller, `${API}/model-versions/get?name=m&version=1`),
      read(app, caller, `${API}/model-versions/search`),
      read(app, caller, `${API}/registered-models/get-latest-versions?name=m`),
      read(app, caller, `${API}/registered-models/search`),
      read(app, caller, `${API}/runs/get?run_id=${ownRun}`),
      read(app, caller, `${API}/runs/search`, { experiment_ids: ['1'] }),
      read(app, caller, `${API}/logged-models/${ownModel}`),
      read(app, caller, `${API}/logged-models/search`, { experiment_ids: ['1'] }),
    ])
  return {
    traces: [trace.body.trace.trace_info, traces.body.traces?.[0], infos.body.trace_infos?.[0]],
    versions: [
      version.body.model_version,
      versions.body.model_versions?.[0],
      latest.body.model_versions?.[0],
      models.body.registered_models?.[0]?.latest_versions?.[0],
    ],
    runs: [run.body.run, runs.body.runs?.[0]],
    loggedModels: [logged.body.model, loggeds.body.models?.[0]],
  }
}

describe('what rows name', () => {
  it('is there for who may read all of it', async () => {
    const started = await start()
    const { run, model } = started
    const { traces, versions, runs, loggedModels } = await shown(started, 'all')
    for (const one of traces) {
      expect(one).toMatchObject({
        trace_metadata: { 'mlflow.sourceRun': run, 'mlflow.modelId': model },
        assessments: [{ assessment_name: 'good' }],
      })
    }
    for (const one of versions) expect(one).toMatchObject({ run_id: run, run_link: 'link' })
    for (const one of runs) {
      expect(one.inputs.model_inputs).toEqual([{ model_id: model }])
      expect(one.outputs.model_outputs).toEqual([{ model_id: model, step: 0 }])
    }
    for (const one of loggedModels) {
      expect(one.info.source_run_id).toBe(run)
      expect(one.data.metrics).toMatchObject([{ run_id: run }])
      expect(one.info.tags).toMatchObject([{ key: 'mlflow.modelVersions' }])
    }
  })

  it.each(['no runs', 'no experiment 2'] as const)('names no run to who may read %s', async (caller) => {
    const started = await start()
    const { traces, versions, loggedModels } = await shown(started, caller)
    expect(JSON.stringify([traces, versions, loggedModels])).not.toContain(started.run)
    expect(versions.map((one) => one.run_link)).toEqual([undefined, undefined, undefined, undefined])
    expect(versions.map((one) => one.version)).toEqual(['1', '1', '1', '1'])
  })

  it.each(['no logged models', 'no experiment 2'] as const)(
    'names no logged model to who may read %s',
    async (caller) => {
      const started = await start()
      const { traces, runs } = await shown(started, caller)
      expect(runs).toHaveLength(2)
      expect(JSON.stringify([traces, runs])).not.toContain(started.model)
    },
  )

  it('says nothing of assessments, versions, models and prompts that are denied', async () => {
    const started = await start()
    for (const one of (await shown(started, 'no assessments')).traces) expect(one.assessments).toBeUndefined()
    const { loggedModels, versions } = await shown(started, 'no versions')
    expect(versions.slice(1).filter((_, index) => index !== 1)).toEqual([undefined, undefined])
    for (const one of loggedModels) expect(one.info.tags).toBeUndefined()
    for (const one of (await shown(started, 'no model m')).loggedModels) expect(one.info.tags).toBeUndefined()
    const { traces, runs } = await shown(started, 'no prompt p')
    const value = '[{"name": "q", "version": "1"}]'
    for (const one of traces) expect(one.tags[PROMPTS.key]).toBe(value)
    for (const one of runs) expect(one.data.tags).toContainEqual({ key: PROMPTS.key, value })
  })
})

describe('a search', () => {
  const VERSIONS = `${API}/model-versions/search?filter=`
  const TRACE_SEARCHES = [
    ['no assessments', "feedback.good = 'true'"],
    ['no assessments', "issue.id = 'x'"],
    ['no runs', "trace.run_id = 'x'"],
    ['no logged models', "metadata.`mlflow.modelId` = 'x'"],
    ['no experiment 2', "trace.run_id LIKE 'a%'"],
  ] as const

  it.each(TRACE_SEARCHES)('of traces by what is hidden is refused: %s, %s', async (caller, filter) => {
    const { app } = await start()
    const { status, body } = await read(app, caller, `${TRACES}/search`, { ...SEARCH_TRACES, filter })
    expect([status, body.error_code]).toEqual([403, 'PERMISSION_DENIED'])
    expect((await read(app, 'all', `${TRACES}/search`, { ...SEARCH_TRACES, filter })).status).toBe(200)
  })

  it('of figures, versions and logged models by what is hidden is refused', async () => {
    const { app } = await start()
    const figures = {
      experiment_ids: ['1'],
      view_type: 'TRACES',
      metric_name: 'trace_count',
      aggregations: [{ aggregation_type: 'COUNT' }],
      filters: ["trace.metadata.`mlflow.sourceRun` = 'x'"],
    }
    const models = { experiment_ids: ['1'] }
    const asked = (caller: Reader) => [
      read(app, caller, `${TRACES}/metrics`, figures),
      read(app, caller, `${VERSIONS}${encodeURIComponent("run_id = 'x'")}`),
      read(app, caller, `${API}/logged-models/search`, { ...models, filter: "source_run_id = 'x'" }),
      read(app, caller, `${API}/logged-models/search`, {
        ...models,
        order_by: [{ field_name: 'source_run_id' }],
      }),
    ]
    const statuses = async (caller: Reader) => (await Promise.all(asked(caller))).map(({ status }) => status)
    expect(await statuses('no runs')).toEqual([403, 403, 403, 403])
    expect(await statuses('no experiment 2')).toEqual([200, 200, 200, 403])
    expect(await statuses('all')).toEqual([200, 200, 200, 200])
    const runs = { experiment_ids: ['1'], filter: "tags.`mlflow.linkedPrompts` LIKE '%p%'" }
    expect((await read(app, 'no prompt p', `${API}/runs/search`, runs)).status).toBe(403)
    expect((await read(app, 'all', `${API}/runs/search`, runs)).body.runs).toHaveLength(1)
    const filter = "tags.`mlflow.modelVersions` LIKE '%m%'"
    expect((await read(app, 'no model m', `${API}/logged-models/search`, { ...models, filter })).status).toBe(
      403,
    )
  })
})
