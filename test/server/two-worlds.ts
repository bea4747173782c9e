/**
 * Two servers with the same things in sight of a reader; the first holds secrets beside them, each with CANARY in
 * every text it has. What a reader may not read is there when the two answer alike.
 */
import type { FastifyInstance } from 'fastify'
import { type Access, accessOf } from '../../server/access/access.ts'
import { ANYBODY } from '../../server/access/caller.ts'
import type { Grant, Level } from '../../server/access/grants.ts'
import type { Config } from '../../server/config.ts'
import { call, testApp } from './support.ts'
import { infoOf, TRACES } from './trace-data.ts'

export const CANARY = 'canary'

/** An id that is the same on both servers for what is seen; on the second, secrets have ids of nothing. */
export interface World {
  readonly app: FastifyInstance
  readonly run: string
  readonly secretRun: string
  readonly loggedModel: string
  readonly secretLoggedModel: string
}

export const SEEN = { experiment: '1', model: 'seen-model', prompt: 'seen-prompt', trace: 'tr-seen' }
export const SECRET = {
  experiment: '3',
  model: `a-${CANARY}-model`,
  prompt: `a-${CANARY}-prompt`,
  trace: `tr-${CANARY}`,
}

const grant = (resourceType: string, pattern: string, level: Level): Grant => ({
  resourceType,
  pattern,
  level,
})
const TYPES = [
  ['experiment', SEEN.experiment, SECRET.experiment],
  ['registered_model', SEEN.model, SECRET.model],
  ['prompt', SEEN.prompt, SECRET.prompt],
] as const
const names = (index: 1 | 2) => (type: number) => new Set([TYPES[type]?.[index] ?? ''])

/** Who may read everything but the secrets, each for another reason. */
export const READERS: Readonly<Record<string, Access>> = {
  denied: accessOf(
    { isAdmin: false, grants: TYPES.map(([type, , secret]) => grant(type, secret, 'DENY')) },
    'READ',
  ),
  'not granted': accessOf(
    { isAdmin: false, grants: TYPES.map(([type, seen]) => grant(type, seen, 'READ')) },
    'NO_PERMISSIONS',
  ),
  'narrowed by a token': accessOf({ isAdmin: true, grants: [] }, 'MANAGE', {
    most: 'read',
    experiments: names(1)(0),
    models: new Set([SEEN.model, SEEN.prompt]),
  }),
}

/** A server to which `x-caller` says who of `callers` asks; without it, one who may do all. */
export async function appFor(
  callers: Readonly<Record<string, Access>>,
  settings: Partial<Config> = {},
): Promise<FastifyInstance> {
  const app = await testApp(settings)
  app.addHook('onRequest', async (request) => {
    const name = request.headers['x-caller']
    const access = typeof name === 'string' ? callers[name] : undefined
    if (access) request.caller = { ...ANYBODY, name: String(name), access }
  })
  return app
}

export async function twoWorlds(): Promise<readonly [World, World]> {
  const [app, twin] = [await appFor(READERS), await appFor(READERS)]
  const [seen, same] = [await makeThings(app, 'seen'), await makeThings(twin, 'seen')]
  const secret = await makeThings(app, CANARY)
  const none = { run: '0'.repeat(32), loggedModel: `m-${'0'.repeat(32)}` }
  return [worldOf(app, seen, secret), worldOf(twin, same, none)]
}

interface Made {
  readonly run: string
  readonly loggedModel: string
}

function worldOf(app: FastifyInstance, seen: Made, secret: Made): World {
  return {
    app,
    run: seen.run,
    secretRun: secret.run,
    loggedModel: seen.loggedModel,
    secretLoggedModel: secret.loggedModel,
  }
}

/** One of everything, with `word` in all its texts; two experiments, so that pages can end between them. */
async function makeThings(app: FastifyInstance, word: string): Promise<Made> {
  const post = async (path: string, json: object) => {
    const { status, body } = await call(app, 'POST', path, json)
    if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`)
    return body
  }
  const isSecret = word === CANARY
  const names = isSecret ? [`b-${word}`] : [`a-${word}`, `c-${word}`]
  const tags = [{ key: `tag-${word}`, value: word }]
  const ids: string[] = []
  for (const name of names) ids.push((await post('experiments/create', { name, tags })).experiment_id)
  const experiment_id = ids[0] ?? ''
  const { run } = await post('runs/create', {
    experiment_id,
    run_name: word,
    user_id: word,
    start_time: 1,
    tags,
  })
  const run_id: string = run.info.run_id
  const { model } = await post('logged-models', {
    experiment_id,
    name: word,
    source_run_id: run_id,
    params: tags,
  })
  const loggedModel: string = model.info.model_id
  await post('runs/log-batch', {
    run_id,
    metrics: ['loss', word].map((key) => ({ key, value: 0.5, timestamp: 1, step: 1, model_id: loggedModel })),
    params: [{ key: word, value: word }],
  })
  await post('runs/log-inputs', {
    run_id,
    datasets: [{ dataset: { name: word, digest: word, source_type: word, source: word } }],
    models: [{ model_id: loggedModel }],
  })
  const url = `/api/2.0/mlflow-artifacts/artifacts/${experiment_id}/${run_id}/artifacts/${word}.txt`
  await app.inject({ method: 'PUT', url, payload: word })
  await post('runs/outputs', { run_id, models: [{ model_id: loggedModel }] })
  const { model: name, prompt, trace } = isSecret ? SECRET : SEEN
  await post('registered-models/create', { name, description: word, tags })
  await post('model-versions/create', {
    name,
    source: `models:/${loggedModel}`,
    run_id,
    model_id: loggedModel,
    tags,
  })
  const marks = [...tags, { key: 'mlflow.prompt.is_prompt', value: 'true' }]
  await post('registered-models/create', { name: prompt, tags: marks })
  await post('model-versions/create', { name: prompt, source: 'dummy-source', tags: marks })
  await post(TRACES, {
    trace: {
      trace_info: infoOf(trace, {
        trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id } },
        request_preview: word,
        tags: { [word]: word, 'mlflow.traceName': word },
        trace_metadata: { 'mlflow.sourceRun': run_id, 'mlflow.trace.session': word },
        assessments: [
          {
            assessment_name: word,
            source: { source_type: 'HUMAN', source_id: word },
            feedback: { value: word },
            create_time: '2025-01-02T03:04:05Z',
            last_update_time: '2025-01-02T03:04:05Z',
          },
        ],
      }),
    },
  })
  return { run: run_id, loggedModel }
}

/** An answer with ids and times that differ between two servers by their names. */
export function comparable(text: string, world: World): string {
  return text
    .replaceAll(world.run, '<run>')
    .replaceAll(world.secretRun, '<secret run>')
    .replaceAll(world.loggedModel, '<logged model>')
    .replaceAll(world.secretLoggedModel, '<secret logged model>')
    .replace(/"a-[0-9a-f]{32}"/g, '<assessment>')
    .replace(/\b\d{13}\b/g, '<time>')
}
