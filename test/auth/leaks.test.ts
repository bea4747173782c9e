/** Every RPC and every route of bytes, asked for secrets by who may not read them, and for the same where there are none. */
import { expect, it } from 'vitest'
import { RPCS } from '../../server/api/index.ts'
import { ROUTES } from '../../server/app.ts'
import { urlsOf } from '../../server/rpc.ts'
import { infoOf } from '../server/trace-data.ts'
import { CANARY, comparable, READERS, SECRET, twoWorlds, type World } from '../server/two-worlds.ts'

interface Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
}

/** Who makes something is told that a name is taken, and gets the number that comes after all others. */
const TELLS_OF_OTHERS = ['registered-models/create', 'experiments/create'].map(
  (path) => `POST /api/2.0/mlflow/${path}`,
)

/** A field of every name there is in requests, with a secret: each RPC takes those it knows. */
function fieldsOf({ secretRun, secretLoggedModel }: World, name: string): Record<string, unknown> {
  const { experiment, trace } = SECRET
  const mark = { key: `tag-${CANARY}`, value: 'x' }
  const model = { model_id: secretLoggedModel }
  return {
    ...{ experiment_id: experiment, experiment_ids: [experiment], experiment_name: `b-${CANARY}` },
    ...{ run_id: secretRun, run_uuid: secretRun, run_ids: [secretRun], source_run_id: secretRun },
    ...{
      name,
      version: '1',
      alias: 'x',
      stage: 'Staging',
      new_name: 'renamed',
      source: `runs:/${secretRun}/m`,
    },
    ...{ model_id: secretLoggedModel, models: [model], prompt_versions: [{ name, version: '1' }] },
    ...{ trace_id: trace, request_id: trace, trace_ids: [trace], request_ids: [trace], assessment_id: 'a-1' },
    ...{ ...mark, tags: [mark], params: [mark], tag_key: mark.key, metric_key: 'loss', model_json: '{}' },
    ...{ path: `${CANARY}.txt`, artifact_file_path: `${CANARY}.txt`, comment: 'x', id: 'x', creator: 'x' },
    metrics: [{ key: 'loss', value: 1, timestamp: 1, ...model }],
    datasets: [{ dataset: { name: 'x', digest: 'x', source_type: 'x', source: 'x' } }],
    locations: [{ mlflow_experiment: { experiment_id: experiment } }],
    trace: {
      trace_info: infoOf(trace, { trace_location: { mlflow_experiment: { experiment_id: experiment } } }),
    },
    assessment: { assessment_name: 'x', feedback: { value: true }, source: { source_type: 'HUMAN' } },
    update_mask: 'rationale',
    status: 'LOGGED_MODEL_READY',
    parts: [{ part_number: 1, etag: 'x' }],
  }
}

function requests(): Request[] {
  const rpcs = RPCS.map((one) => ({ method: one.method, path: urlsOf(one)[0] ?? '' }))
  return [...rpcs, ...ROUTES].filter(({ method, path }) => !TELLS_OF_OTHERS.includes(`${method} ${path}`))
}

async function ask(world: World, caller: string | undefined, { method, path }: Request, name: string) {
  const fields = fieldsOf(world, name)
  const file = `${SECRET.experiment}/${world.secretRun}/artifacts/${CANARY}.txt`
  const query = Object.entries(fields).filter(([, value]) =>
    [value].flat().every((one) => typeof one === 'string'),
  )
  const { statusCode, body } = await world.app.inject({
    method,
    url: path.replace('*', file).replace(/:(\w+)/g, (_, field) => String(fields[field])),
    query: Object.fromEntries(query) as Record<string, string | string[]>,
    headers: {
      'content-type': 'application/json',
      'x-mlflow-experiment-id': SECRET.experiment,
      'x-mlflow-run-id': world.secretRun,
      ...(caller && { 'x-caller': caller }),
    },
    ...(method !== 'GET' && { payload: JSON.stringify(fields) }),
  })
  return `${statusCode} ${comparable(body, world)}`
}

it('answers to who may not read the secrets as where there are none', { timeout: 120_000 }, async () => {
  const [world, twin] = await twoWorlds()
  const reached = new Set<string>()
  const different: string[] = []
  for (const request of requests()) {
    for (const name of [SECRET.model, SECRET.prompt]) {
      if (request.method === 'GET') {
        const [told, none] = [
          await ask(world, undefined, request, name),
          await ask(twin, undefined, request, name),
        ]
        if (told !== none) reached.add(request.path)
      }
      for (const reader of Object.keys(READERS)) {
        const [told, none] = [await ask(world, reader, request, name), await ask(twin, reader, request, name)]
        if (told !== none || told.startsWith('500')) {
          different.push(`${reader}: ${request.method} ${request.path}\n  ${told}\n  ${none}`)
        }
      }
    }
  }
  expect(different).toEqual([])
  expect(reached.size, [...reached].join('\n')).toBeGreaterThan(15)
})
