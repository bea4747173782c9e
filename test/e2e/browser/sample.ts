/** An experiment as a person would have it, logged over the REST API. */
/** A PNG of 48 by 48 pixels. */
const BLUE_SQUARE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAADAAAAAwCAIAAADYYG7QAAAAOklEQVR42u3OQQ0AAAgEoEtiMBMbyxbOBxsBSPW8EiEhISEhISEhISEhISEhISEhISEhISEhISGhOwsXT0CmAPiVQQAAAABJRU5ErkJggg==',
  'base64',
)

export interface Sample {
  readonly experimentId: string
  /** In the order they were logged. */
  readonly runs: readonly { readonly id: string; readonly name: string }[]
  readonly modelId: string
  readonly traced: { readonly experimentId: string; readonly traceId: string }
}

export const EXPERIMENT = 'churn-forecast'
export const TRACED_EXPERIMENT = 'help-desk'
export const MODEL = 'churn-model'
export const RUN_NAMES = ['baseline-linear', 'forest-100', 'forest-500', 'boosted-trees']

export async function logSample(url: string): Promise<Sample> {
  const post = (path: string, json: object) => send(`${url}/api/2.0/mlflow/${path}`, 'POST', json)
  const { experiment_id: experimentId } = await post('experiments/create', { name: EXPERIMENT })
  const runs = []
  for (const [index, name] of RUN_NAMES.entries()) {
    const id = await logRun(post, experimentId, name, index)
    await uploadArtifacts(url, experimentId, id)
    runs.push({ id, name })
  }
  const best = runs.at(-1)?.id ?? ''
  const modelId = await logModel(post, url, experimentId, best)
  await post('registered-models/create', { name: MODEL, description: 'Who will leave next month' })
  await post('model-versions/create', {
    name: MODEL,
    source: `models:/${modelId}`,
    run_id: best,
    model_id: modelId,
  })
  const traced = await send(`${url}/api/2.0/mlflow/experiments/create`, 'POST', { name: TRACED_EXPERIMENT })
  const traceId = await logTrace(url, traced.experiment_id)
  return { experimentId, runs, modelId, traced: { experimentId: traced.experiment_id, traceId } }
}

// biome-ignore lint/suspicious/noExplicitAny: answers of any shape
type Answer = any
type Post = (path: string, json: object) => Promise<Answer>

async function logRun(post: Post, experimentId: string, name: string, index: number): Promise<string> {
  const start = Date.now() - 3_600_000 * (RUN_NAMES.length - index)
  const { run } = await post('runs/create', {
    experiment_id: experimentId,
    run_name: name,
    start_time: start,
    tags: [
      { key: 'mlflow.user', value: 'ada' },
      { key: 'mlflow.source.name', value: 'train.py' },
      { key: 'team', value: 'growth' },
    ],
  })
  const { run_id } = run.info
  const steps = Array.from({ length: 20 }, (_, step) => step)
  await post('runs/log-batch', {
    run_id,
    params: [
      { key: 'max_depth', value: String(3 + index) },
      { key: 'solver', value: 'saga' },
    ],
    metrics: [
      ...steps.map((step) => ({
        key: 'loss',
        value: 1 / (step + 1 + index),
        timestamp: start + step * 1_000,
        step,
      })),
      { key: 'accuracy', value: 0.9123 + index / 100, timestamp: start, step: 0 },
      { key: 'system/cpu_utilization_percentage', value: 42 + index, timestamp: start, step: 0 },
    ],
    tags: [],
  })
  await post('runs/update', { run_id, status: 'FINISHED', end_time: start + 65_000 })
  return run_id
}

async function uploadArtifacts(url: string, experimentId: string, runId: string): Promise<void> {
  const files: Record<string, string | Uint8Array> = {
    'notes/readme.txt': 'These notes were written by the training script.\n',
    'metrics.json': JSON.stringify({
      confusion: [
        [50, 2],
        [3, 45],
      ],
    }),
    'plots/curve.png': BLUE_SQUARE,
    'report.html':
      '<h1 id="title">before</h1><script>document.getElementById("title").textContent = "Report of the script"</script>',
  }
  for (const [path, content] of Object.entries(files)) {
    await upload(url, `${experimentId}/${runId}/artifacts/${path}`, content)
  }
}

async function logModel(post: Post, url: string, experimentId: string, runId: string): Promise<string> {
  const { model } = await post('logged-models', {
    experiment_id: experimentId,
    name: 'churn-classifier',
    model_type: 'sklearn',
    source_run_id: runId,
    params: [{ key: 'max_depth', value: '6' }],
  })
  const { model_id } = model.info
  const mlmodel = `artifact_path: model\nflavors:\n  python_function:\n    loader_module: mlflow.sklearn\nmodel_id: ${model_id}\n`
  await upload(url, `${experimentId}/models/${model_id}/artifacts/MLmodel`, mlmodel)
  await send(`${url}/api/2.0/mlflow/logged-models/${model_id}`, 'PATCH', {
    model_id,
    status: 'LOGGED_MODEL_READY',
  })
  await post('runs/log-batch', {
    run_id: runId,
    metrics: [{ key: 'accuracy', value: 0.9423, timestamp: Date.now(), step: 1, model_id }],
  })
  await post('runs/outputs', { run_id: runId, models: [{ model_id, step: 0 }] })
  return model_id
}

/** A trace of two spans from a minute ago, and what a person said of it. */
async function logTrace(url: string, experimentId: string): Promise<string> {
  const traceId = '6f40929e1d616c6f852c0e31688120c8'
  const start = BigInt(Date.now() - 60_000) * 1_000_000n
  const times = {
    startTimeUnixNano: String(start),
    endTimeUnixNano: String(start + 1_500_000_000n),
  }
  const text = (key: string, value: unknown) => ({ key, value: { stringValue: JSON.stringify(value) } })
  const root = { traceId, spanId: '13d55b61bdc96cb9', name: 'answer-question', status: { code: 1 }, ...times }
  const spans = [
    {
      ...root,
      attributes: [
        text('mlflow.spanType', 'CHAIN'),
        text('mlflow.spanInputs', { question: 'Where is my parcel?' }),
        text('mlflow.spanOutputs', { answer: 'On its way' }),
      ],
    },
    {
      ...root,
      spanId: '2ecbe40a1f89e2eb',
      parentSpanId: root.spanId,
      name: 'ask-model',
      attributes: [
        text('mlflow.spanType', 'LLM'),
        text('mlflow.chat.tokenUsage', { input_tokens: 12, output_tokens: 30, total_tokens: 42 }),
      ],
    },
  ]
  const answer = await fetch(`${url}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-mlflow-experiment-id': experimentId },
    body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }),
  })
  if (!answer.ok) throw new Error(`spans: ${answer.status} ${await answer.text()}`)
  await send(`${url}/api/3.0/mlflow/traces/tr-${traceId}/assessments`, 'POST', {
    assessment: {
      assessment_name: 'helpful',
      feedback: { value: true },
      source: { source_type: 'HUMAN', source_id: 'ada' },
    },
  })
  return `tr-${traceId}`
}

async function upload(url: string, path: string, body: string | Uint8Array): Promise<void> {
  const answer = await fetch(`${url}/api/2.0/mlflow-artifacts/artifacts/${path}`, {
    method: 'PUT',
    body: Buffer.from(body),
  })
  if (!answer.ok) throw new Error(`upload of ${path}: ${answer.status} ${await answer.text()}`)
}

async function send(url: string, method: string, json: object): Promise<Answer> {
  const answer = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(json),
  })
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as Answer
}
