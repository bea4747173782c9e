/** Writes some of everything to a server by its API, and reads all of it back. */

import { randomBytes } from 'node:crypto'

type Json = Record<string, unknown>

const TRACES = '/api/3.0/mlflow/traces'
const MEASURED = {
  view_type: 'SPANS',
  metric_name: 'latency',
  aggregations: [{ aggregation_type: 'PERCENTILE', percentile_value: 90 }],
  dimensions: ['span_name'],
}

const located = (experiment_id: string) => [
  { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id } },
]

export interface Written {
  readonly experiment: string
  readonly run: string
  readonly model: string
  readonly registered: string
  readonly trace: string
}

/** Writes experiments, runs, models, versions, artifacts and traces whose names begin with `name`. */
export async function writeSome(url: string, name: string): Promise<Written> {
  const post = async (path: string, json: Json, method = 'POST') => call(url, method, path, json)
  const { experiment_id: experiment } = await post('experiments/create', {
    name,
    tags: [{ key: 'größe', value: '1' }],
  })
  const { run } = await post('runs/create', {
    experiment_id: experiment,
    run_name: `${name}-run`,
    start_time: 5,
  })
  const { run_id } = run.info
  await post('runs/log-batch', {
    run_id,
    metrics: [
      ...Array.from({ length: 20 }, (_, step) => ({
        key: 'loss',
        value: 1 / (step + 1),
        timestamp: step,
        step,
      })),
      { key: 'nan', value: 'NaN', timestamp: 1, step: 0 },
      { key: 'inf', value: '-Infinity', timestamp: 1, step: 0 },
      { key: 'late', value: 1, timestamp: '9007199254740993', step: '-9007199254740993' },
    ],
    params: [{ key: 'lr', value: '0.1' }],
    tags: [{ key: 'team', value: 'ä' }],
  })
  await post('runs/log-inputs', {
    run_id,
    datasets: [
      {
        dataset: { name: 'points', digest: 'd', source_type: 'local', source: '{}', profile: '{"n":1}' },
        tags: [{ key: 'mlflow.data.context', value: 'training' }],
      },
    ],
  })
  const { model } = await post('logged-models', {
    experiment_id: experiment,
    name: 'net',
    source_run_id: run_id,
  })
  const { model_id } = model.info
  await post(`logged-models/${model_id}`, { model_id, status: 'LOGGED_MODEL_READY' }, 'PATCH')
  await post('runs/outputs', { run_id, models: [{ model_id, step: 3 }] })
  await post('runs/log-metric', { run_id, key: 'acc', value: 0.5, timestamp: 1, model_id })
  await put(url, `${experiment}/models/${model_id}/artifacts/MLmodel`, 'flavors: {}')
  await put(url, `${experiment}/${run_id}/artifacts/deep/ü.txt`, 'größe')
  await post('registered-models/create', { name, description: 'd', tags: [{ key: 'a', value: 'b' }] })
  for (const source of [`models:/${model_id}`, `runs:/${run_id}/deep`]) {
    const owner = source.startsWith('models:') ? { model_id } : { run_id }
    await post('model-versions/create', { name, source, ...owner, tags: [{ key: 'c', value: 'd' }] })
  }
  await post('registered-models/alias', { name, alias: 'champion', version: '2' })
  await post('model-versions/transition-stage', {
    name,
    version: '1',
    stage: 'Production',
    archive_existing_versions: false,
  })
  await post('runs/update', { run_id, status: 'FINISHED', end_time: 9 })
  const { run: deleted } = await post('runs/create', { experiment_id: experiment, run_name: 'deleted' })
  await post('runs/delete', { run_id: deleted.info.run_id })
  const trace = await writeTrace(url, experiment, run_id)
  return { experiment, run: run_id, model: model_id, registered: name, trace }
}

/** A trace as clients send it: what it is, then its spans, then what is said of it. */
async function writeTrace(url: string, experiment_id: string, run_id: string): Promise<string> {
  const hex = randomBytes(16).toString('hex')
  const trace_id = `tr-${hex}`
  const trace_info = {
    trace_id,
    trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id } },
    request_time: '2025-01-02T03:04:05.678Z',
    execution_duration: '1.5s',
    state: 'OK',
    request_preview: 'größe?',
    trace_metadata: {
      'mlflow.trace.session': 's',
      'mlflow.trace.tokenUsage': '{"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}',
      'mlflow.sourceRun': run_id,
    },
    tags: { 'mlflow.traceName': 'answer', team: 'ä' },
  }
  await call(url, 'POST', TRACES, { trace: { trace_info } })
  await sendSpans(url, experiment_id, hex)
  await call(url, 'PATCH', `${TRACES}/${trace_id}/tags`, { key: 'später', value: '1' })
  for (const said of [
    { assessment_name: 'good', feedback: { value: 0.5 }, rationale: 'weil' },
    { assessment_name: 'right', expectation: { value: 'ja' } },
  ]) {
    const source = { source_type: 'HUMAN', source_id: 'ada' }
    await call(url, 'POST', `${TRACES}/${trace_id}/assessments`, { assessment: { source, ...said } })
  }
  return trace_id
}

async function sendSpans(url: string, experiment: string, traceId: string): Promise<void> {
  const text = (key: string, stringValue: string) => ({ key, value: { stringValue } })
  const times = { startTimeUnixNano: '1735787045678000001', endTimeUnixNano: '1735787047178000001' }
  const root = { traceId, spanId: '13d55b61bdc96cb9', name: 'answer', status: { code: 1 }, ...times }
  const inputs = text('mlflow.spanInputs', '{"q": "größe?"}')
  const child = {
    ...root,
    spanId: '2ecbe40a1f89e2eb',
    parentSpanId: root.spanId,
    name: 'ask',
    events: [{ name: 'retry', timeUnixNano: '1735787045678000002' }],
    attributes: [text('mlflow.spanType', '"LLM"'), { key: 'big', value: { intValue: '9007199254740993' } }],
  }
  const spans = [{ ...root, attributes: [text('mlflow.spanType', '"CHAIN"'), inputs] }, child]
  const response = await fetch(`${url}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-mlflow-experiment-id': experiment },
    body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }),
  })
  if (!response.ok) throw new Error(`spans: ${response.status} ${await response.text()}`)
}

/** All that was written, as a server answers it: by path, exactly, but for the order of what has none. */
export async function readAll(url: string, written: readonly Written[]): Promise<Json> {
  const reads: [method: string, path: string, json?: Json][] = [
    ['POST', 'experiments/search', { max_results: 100, view_type: 'ALL', order_by: ['experiment_id'] }],
    ['GET', 'registered-models/search'],
    ...written.flatMap(({ experiment, run, model, registered, trace }): [string, string, Json?][] => [
      ['POST', 'runs/search', { experiment_ids: [experiment], run_view_type: 'ALL', order_by: ['run_id'] }],
      [
        'POST',
        'runs/search',
        { experiment_ids: [experiment], filter: "metrics.loss < 1 AND tags.team = 'ä'" },
      ],
      ['GET', `runs/get?run_id=${run}`],
      ['GET', `metrics/get-history?run_id=${run}&metric_key=loss`],
      ['GET', `metrics/get-history?run_id=${run}&metric_key=nan`],
      ['GET', `metrics/get-history?run_id=${run}&metric_key=late`],
      ['GET', `logged-models/${model}`],
      ['POST', 'logged-models/search', { experiment_ids: [experiment] }],
      ['GET', `model-versions/search?filter=name%3D'${registered}'&order_by=version_number`],
      ['GET', `registered-models/alias?name=${registered}&alias=champion`],
      ['GET', `model-versions/get-download-uri?name=${registered}&version=1`],
      ['GET', `artifacts/list?run_id=${run}&path=deep`],
      ['GET', `/get-artifact?run_id=${run}&path=deep/%C3%BC.txt`],
      ['GET', `/api/2.0/mlflow-artifacts/artifacts/${experiment}/models/${model}/artifacts/MLmodel`],
      ['GET', `${TRACES}/${trace}`],
      ['GET', `${TRACES}/get?trace_id=${trace}`],
      ['POST', `${TRACES}/search`, { locations: located(experiment), filter: 'feedback.good > 0.4' }],
      ['POST', `${TRACES}/search`, { locations: located(experiment), filter: `run_id = '${run}'` }],
      ['POST', `${TRACES}/metrics`, { ...MEASURED, experiment_ids: [experiment] }],
    ]),
  ]
  const answers: Json = {}
  for (const [method, path, json] of reads) {
    answers[`${method} ${path} ${JSON.stringify(json ?? '')}`] = inOrder(await call(url, method, path, json))
  }
  return answers
}

// biome-ignore lint/suspicious/noExplicitAny: answers of any shape
async function call(url: string, method: string, path: string, json?: Json): Promise<any> {
  const target = path.startsWith('/') ? path : `/api/2.0/mlflow/${path}`
  const response = await fetch(url + target, {
    method,
    ...(json && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(json) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${target}: ${response.status} ${text}`)
  if (!response.headers.get('content-type')?.startsWith('application/json')) return text
  // An int64 as text: as a number it could lose what is to be compared.
  return JSON.parse(text.replace(/: ?(-?\d{16,})(?=[,}\s])/g, ':"$1"'))
}

async function put(url: string, path: string, body: string): Promise<void> {
  const response = await fetch(`${url}/api/2.0/mlflow-artifacts/artifacts/${encodeURI(path)}`, {
    method: 'PUT',
    body,
  })
  if (!response.ok) throw new Error(`PUT ${path}: ${response.status} ${await response.text()}`)
}

/** Lists that stand for maps come in the order of the database's choice. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(inOrder)
    return items.every((item) => (item as Json)?.key !== undefined && (item as Json).step === undefined)
      ? items.sort((a, b) => (String((a as Json).key) < String((b as Json).key) ? -1 : 1))
      : items
  }
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      key === 'data'
        ? inOrder({ ...item, metrics: sortedMetrics(item.metrics) })
        : key === 'latest_versions'
          ? sortedVersions(item).map(inOrder)
          : inOrder(item),
    ]),
  )
}

function sortedMetrics(metrics: readonly { key: string }[] = []): readonly { key: string }[] {
  return [...metrics].sort((a, b) => (a.key < b.key ? -1 : 1))
}

/** On PostgreSQL MLflow gives them as the rows happen to lie, and an update moves a row. */
function sortedVersions<V extends { readonly version: string }>(versions: readonly V[]): V[] {
  return versions.toSorted((a, b) => Number(a.version) - Number(b.version))
}
