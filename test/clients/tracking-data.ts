/** Writes some of everything to a server by its API, and reads all of it back. */

type Json = Record<string, unknown>

export interface Written {
  readonly experiment: string
  readonly run: string
  readonly model: string
  readonly registered: string
}

/** Writes experiments, runs, metrics, datasets, models, versions and artifacts whose names begin with `name`. */
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
  return { experiment, run: run_id, model: model_id, registered: name }
}

/** All that was written, as a server answers it: by path, exactly, but for the order of what has none. */
export async function readAll(url: string, written: readonly Written[]): Promise<Json> {
  const reads: [method: string, path: string, json?: Json][] = [
    ['POST', 'experiments/search', { max_results: 100, view_type: 'ALL', order_by: ['experiment_id'] }],
    ['GET', 'registered-models/search'],
    ...written.flatMap(({ experiment, run, model, registered }): [string, string, Json?][] => [
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
