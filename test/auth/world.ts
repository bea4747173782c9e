/** One object of each kind, and a request that names all of them. */
import type { FastifyInstance } from 'fastify'
import { call } from '../server/support.ts'

export interface World {
  readonly experiment: string
  readonly run: string
  readonly loggedModel: string
  readonly trace: string
  readonly assessment: string
  readonly model: string
  readonly prompt: string
  readonly comment: string
}

let made = 0

/** @param app one whose callers may do everything */
export async function makeWorld(app: FastifyInstance): Promise<World> {
  const name = `secret-${made++}`
  const post = async (path: string, body: object) => {
    const answer = await call(app, 'POST', path, body)
    if (answer.status !== 200) throw new Error(`${path}: ${JSON.stringify(answer.body)}`)
    return answer.body
  }
  const { experiment_id } = await post('experiments/create', { name })
  const { run } = await post('runs/create', { experiment_id })
  const run_id = run.info.run_id
  const { model } = await post('logged-models', { experiment_id, name: 'm', source_run_id: run_id })
  const trace_id = `tr-${name}`
  const trace_location = { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id } }
  await post('/api/3.0/mlflow/traces', { trace: { trace_info: { trace_id, trace_location, state: 'OK' } } })
  const assessments = `/api/3.0/mlflow/traces/${trace_id}/assessments`
  const { assessment } = await post(assessments, { assessment: newAssessment(trace_id) })
  const prompt = `${name}-prompt`
  await post('registered-models/create', { name })
  await post('registered-models/create', {
    name: prompt,
    tags: [{ key: 'mlflow.prompt.is_prompt', value: 'true' }],
  })
  const source = `${run.info.artifact_uri}/model`
  await post('model-versions/create', { name, source, run_id })
  const tags = [{ key: 'mlflow.prompt.is_prompt', value: 'true' }]
  await post('model-versions/create', { name: prompt, source: 'prompt-template', tags })
  const { comment } = await post('comments/create', { name, version: '1', comment: 'good' })
  return {
    experiment: experiment_id,
    run: run_id,
    loggedModel: model.info.model_id,
    trace: trace_id,
    assessment: assessment.assessment_id,
    model: name,
    prompt,
    comment: comment.id,
  }
}

/** Fields by every name that requests have for the objects; what a request does not have, it ignores. */
export function fieldsOf(world: World, name: string) {
  const { experiment, run, loggedModel, trace } = world
  return {
    experiment_id: experiment,
    experiment_ids: [experiment],
    experiment_name: world.model,
    locations: [{ mlflow_experiment: { experiment_id: experiment } }],
    run_id: run,
    run_ids: [run],
    source_run_id: run,
    model_id: loggedModel,
    models: [{ model_id: loggedModel }],
    metrics: [{ key: 'm', value: 1, timestamp: 1, model_id: loggedModel }],
    trace_id: trace,
    request_id: trace,
    trace_ids: [trace],
    request_ids: [trace],
    trace: { trace_info: newTrace(experiment) },
    assessment_id: world.assessment,
    assessment: newAssessment(trace),
    update_mask: 'feedback',
    name,
    version: '1',
    new_name: `${name}-renamed`,
    alias: 'champion',
    stage: 'Staging',
    creator: 'nobody',
    source: `mlflow-artifacts:/${experiment}/${run}/artifacts/model`,
    id: world.comment,
    comment: 'bad',
    prompt_versions: [{ name: world.prompt, version: '1' }],
    path: 'x.txt',
    artifact_file_path: 'x.txt',
    metric_key: 'm',
    metric_name: 'trace_count',
    aggregations: [{ aggregation_type: 'COUNT' }],
    key: 'k',
    value: '1',
    timestamp: 1,
    status: 'READY',
    model_json: JSON.stringify({ artifact_path: 'm', flavors: {}, run_id: run, utc_time_created: 'now' }),
    query: '{ test(inputString: "x") { output } }',
    url: 'https://example.com/',
    events: [{ entity: 'REGISTERED_MODEL', action: 'CREATED' }],
    max_results: 5,
    username: 'admin',
    password: 'a long enough password',
    is_admin: true,
    role_id: 1,
    role_permission_id: 1,
    workspace: 'default',
    permission: 'READ',
    resource_type: 'experiment',
    resource_id: experiment,
    resource_pattern: experiment,
  }
}

let traces = 0

function newTrace(experiment_id: string) {
  const trace_location = { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id } }
  return { trace_id: `tr-new-${traces++}`, trace_location, state: 'OK' }
}

function newAssessment(trace_id: string) {
  return {
    trace_id,
    assessment_name: 'correct',
    source: { source_type: 'HUMAN', source_id: 'ann' },
    feedback: { value: true },
  }
}
