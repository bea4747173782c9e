import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { mlflowEnvironment, REPOSITORY, run, startTrackyard } from '../support/mlflow.ts'
import { pythonEnvironment } from '../support/python.ts'
import { freePort, inherited, type RunningServer } from '../support/server-process.ts'

const mlflow = await mlflowEnvironment()

describe.skipIf(!mlflow)('the examples', () => {
  let folder: string
  let server: RunningServer
  let printed: string
  let runId: string

  beforeAll(async () => {
    if (!mlflow) return
    folder = await mkdtemp(join(tmpdir(), 'trackyard-example-'))
    server = await startTrackyard({ folder })
    printed = await run(mlflow.python, [join(REPOSITORY, 'examples/training/train.py')], {
      MLFLOW_TRACKING_URI: server.url,
      MLFLOW_HTTP_REQUEST_MAX_RETRIES: '1',
    })
    runId = /^run ([0-9a-f]{32})$/m.exec(printed)?.[1] ?? ''
  }, 180_000)

  afterAll(async () => {
    await server?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  // biome-ignore lint/suspicious/noExplicitAny: answers of any shape
  async function get(path: string, query: Record<string, string>): Promise<any> {
    const response = await fetch(`${server.url}/api/2.0/mlflow/${path}?${new URLSearchParams(query)}`)
    expect(response.status).toBe(200)
    return response.json()
  }

  it('says which run it was and that the registered model predicts the same when loaded', () => {
    expect(printed).toMatch(/^run [0-9a-f]{32}$/m)
    expect(printed).toMatch(/^wine version 1 is the champion; predicts the same when loaded: True$/m)
  })

  it('leaves a finished run with what was logged by hand and by itself', async () => {
    const { run: held } = await get('runs/get', { run_id: runId })
    const { experiment } = await get('experiments/get', { experiment_id: held.info.experiment_id })
    expect(experiment.name).toBe('wines')
    expect(held.info).toMatchObject({ run_name: 'boosted trees', status: 'FINISHED' })
    expect(valuesOf(held.data.params)).toMatchObject({
      test_wines: '45',
      gradientboostingclassifier__max_depth: '2',
    })
    const { test_accuracy, training_accuracy_score, loss } = valuesOf(held.data.metrics)
    expect(test_accuracy).toBeGreaterThan(0.9)
    expect(training_accuracy_score).toBeGreaterThan(0.9)
    const { metrics } = await get('metrics/get-history', { run_id: runId, metric_key: 'loss' })
    expect(metrics.map(({ step }: { step: number }) => step)).toEqual([...Array(50).keys()])
    expect(metrics.at(-1).value).toBe(loss)
  })

  it('leaves files to look at', async () => {
    const { files } = await get('artifacts/list', { run_id: runId, path: 'test' })
    expect(files).toEqual([
      { path: 'test/confusion.png', is_dir: false, file_size: expect.any(Number) },
      { path: 'test/report.txt', is_dir: false, file_size: expect.any(Number) },
    ])
    const query = new URLSearchParams({ run_uuid: runId, path: 'test/report.txt' })
    const report = await fetch(`${server.url}/get-artifact?${query}`)
    expect(await report.text()).toMatch(/precision +recall +f1-score/)
  })

  it('leaves a registered version under its alias, which knows its run', async () => {
    const { model_version } = await get('registered-models/alias', { name: 'wine', alias: 'champion' })
    expect(model_version).toMatchObject({ version: '1', status: 'READY', run_id: runId })
  })

  it('let a new model of the nightly DAG serve only if it is better, as Airflow runs it', async ({
    skip,
  }) => {
    const airflow = await pythonEnvironment('requirements-airflow.txt')
    if (!mlflow || !airflow) return skip()
    const environment = {
      AIRFLOW_HOME: join(folder, 'airflow'),
      AIRFLOW__CORE__LOAD_EXAMPLES: 'False',
      AIRFLOW__CORE__DAGS_FOLDER: join(REPOSITORY, 'examples/airflow'),
      AIRFLOW__USAGE_DATA_COLLECTION__ENABLED: 'False',
      TRAINING_PYTHON: mlflow.python,
      MLFLOW_TRACKING_URI: server.url,
      MLFLOW_HTTP_REQUEST_MAX_RETRIES: '1',
    }
    const airflowRuns = (...words: string[]) => run(airflow.python, ['-m', 'airflow', ...words], environment)
    await airflowRuns('db', 'migrate')
    for (const versions of [1, 2]) {
      const file = join(REPOSITORY, 'examples/airflow/wine_dag.py')
      await airflowRuns('dags', 'test', 'wine_nightly', '--dagfile-path', file)
      const found = await get('model-versions/search', { filter: "name = 'wine-nightly'" })
      expect(found.model_versions).toHaveLength(versions)
      const best = await get('registered-models/alias', { name: 'wine-nightly', alias: 'champion' })
      expect(best.model_version.version).toBe('1')
    }
  }, 600_000)

  it('serve the version that has the alias, then the next one that has it, and refuse rows that do not fit', async () => {
    if (!mlflow) return
    const port = await freePort()
    const service = spawn(mlflow.python, [join(REPOSITORY, 'examples/deployment/serve.py')], {
      env: { ...inherited(), MLFLOW_TRACKING_URI: server.url, PORT: `${port}`, LOOK_EVERY_SECONDS: '0.2' },
      stdio: 'ignore',
    })
    onTestFinished(() => void service.kill())
    const url = `http://127.0.0.1:${port}`
    const serving = async () => (await fetch(url).catch(() => undefined))?.json()
    await expect.poll(serving, { timeout: 150_000 }).toEqual({ model: 'wine', version: '1' })

    const example = await fetch(await inputExample())
    const { columns, data } = (await example.json()) as { columns: string[]; data: number[][] }
    const rows = data.map((values) => Object.fromEntries(columns.map((name, index) => [name, values[index]])))
    const predict = (body: unknown) => fetch(`${url}/predict`, { method: 'POST', body: JSON.stringify(body) })
    const answer = await predict(rows)
    expect(answer.status, await answer.clone().text()).toBe(200)
    const { predictions } = (await answer.json()) as { predictions: number[] }
    expect(predictions).toHaveLength(rows.length)
    expect([0, 1, 2]).toEqual(expect.arrayContaining(predictions))
    expect((await predict([{ colour: 'red' }])).status).toBe(400)

    await run(mlflow.python, ['-c', NEXT_CHAMPION], { MLFLOW_TRACKING_URI: server.url })
    await expect.poll(serving, { timeout: 150_000 }).toEqual({ model: 'wine', version: '2' })
    expect(await (await predict(rows)).json()).toEqual({ version: '2', predictions })
  }, 480_000)

  /** Where the rows are that the model was logged with. */
  async function inputExample(): Promise<string> {
    const { model_version } = await get('registered-models/alias', { name: 'wine', alias: 'champion' })
    const id = model_version.source.replace('models:/', '')
    const path = new URLSearchParams({ artifact_file_path: 'input_example.json' })
    return `${server.url}/ajax-api/2.0/mlflow/logged-models/${id}/artifacts/files?${path}`
  }
})

/** Registers the model of the champion once more, and hands the alias on. */
const NEXT_CHAMPION = `
import mlflow
client = mlflow.MlflowClient()
champion = client.get_model_version_by_alias("wine", "champion")
second = mlflow.register_model(champion.source, "wine")
client.set_registered_model_alias("wine", "champion", second.version)
`

/** Metrics, parameters or tags by their key. */
// biome-ignore lint/suspicious/noExplicitAny: values of any kind
function valuesOf(pairs: readonly { key: string; value: unknown }[]): Record<string, any> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, value]))
}
