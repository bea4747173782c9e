import { describe, expect, it } from 'vitest'
import { RPCS } from '../../server/api/index.ts'
import { ROOT_FIELDS } from '../../server/ui/graphql-fields.ts'
import { call, testApp } from './support.ts'

type App = Awaited<ReturnType<typeof testApp>>

async function query(app: App, text: string, variables?: object) {
  return call(app, 'POST', '/graphql', { query: text, variables })
}

async function appWithRun() {
  const app = await testApp()
  await call(app, 'POST', 'experiments/create', { name: 'a' })
  const { body } = await call(app, 'POST', 'runs/create', {
    experiment_id: '1',
    run_name: 'first',
    start_time: '1700000000000',
    tags: [{ key: 't', value: 'v' }],
  })
  const runId: string = body.run.info.run_id
  await call(app, 'POST', 'runs/log-metric', {
    run_id: runId,
    key: 'acc',
    value: 0.5,
    timestamp: 5,
    step: 3,
  })
  await call(app, 'POST', 'runs/log-metric', { run_id: runId, key: 'bad', value: 'NaN', timestamp: 5 })
  return { app, runId }
}

describe('graphql', () => {
  it('has an RPC behind every root field', () => {
    const served = new Set(RPCS.map(({ method, path }) => `${method} ${path}`))
    expect(Object.values(ROOT_FIELDS).filter((endpoint) => !served.has(endpoint))).toEqual([])
  })

  it('gives an experiment with times as strings, as the UI asks for it', async () => {
    const app = await testApp()
    const { status, body } = await query(
      app,
      `query MlflowGetExperimentQuery($input: MlflowGetExperimentInput!) @component(name: "MLflow.ExperimentRunTracking") {
        mlflowGetExperiment(input: $input) {
          __typename
          apiError { code message }
          experiment { __typename experimentId name creationTime tags { key value } }
        }
      }`,
      { input: { experimentId: '0' } },
    )
    expect(status).toBe(200)
    expect(body).toEqual({
      data: {
        mlflowGetExperiment: {
          __typename: 'MlflowGetExperimentResponse',
          apiError: null,
          experiment: {
            __typename: 'MlflowExperiment',
            experimentId: '0',
            name: 'Default',
            creationTime: expect.stringMatching(/^\d{13}$/),
            tags: [],
          },
        },
      },
      errors: null,
    })
  })

  it('gives a run with its experiment, and protobuf defaults where a field is unset', async () => {
    const { app, runId } = await appWithRun()
    const { body } = await query(
      app,
      `{ mlflowGetRun(input: { runId: "${runId}" }) { run {
        info { runId runUuid runName status startTime endTime lifecycleStage }
        data { metrics { key value step modelId } params { key } tags { key value } }
        inputs { datasetInputs { dataset { name } } }
        outputs { modelOutputs { modelId } }
        experiment { name }
        modelVersions { name }
      } } }`,
    )
    expect(body.errors).toBeNull()
    const { run } = body.data.mlflowGetRun
    expect(run.info).toEqual({
      runId,
      runUuid: runId,
      runName: 'first',
      status: 'RUNNING',
      startTime: '1700000000000',
      endTime: '0',
      lifecycleStage: 'active',
    })
    expect(run.data.metrics).toEqual([
      { key: 'acc', value: 0.5, step: '3', modelId: '' },
      { key: 'bad', value: null, step: '0', modelId: '' },
    ])
    expect(run.data.params).toEqual([])
    expect(run.data.tags).toContainEqual({ key: 't', value: 'v' })
    expect(run.inputs).toEqual({ datasetInputs: [] })
    expect(run.outputs).toEqual({ modelOutputs: [] })
    expect(run.experiment).toEqual({ name: 'a' })
    expect(run.modelVersions).toEqual([])
  })

  it('searches runs and reads metric history', async () => {
    const { app, runId } = await appWithRun()
    const { body } = await query(
      app,
      `{ mlflowSearchRuns(input: { experimentIds: ["1"], filter: "metrics.acc > 0.1" }) { runs { info { runId } } nextPageToken }
         mlflowGetMetricHistoryBulkInterval(input: { runIds: ["${runId}"], metricKey: "acc", maxResults: 10 }) {
           metrics { key value step timestamp runId } } }`,
    )
    expect(body).toEqual({
      data: {
        mlflowSearchRuns: { runs: [{ info: { runId } }], nextPageToken: '' },
        mlflowGetMetricHistoryBulkInterval: {
          metrics: [{ key: 'acc', value: 0.5, step: '3', timestamp: '5', runId }],
        },
      },
      errors: null,
    })
  })

  it('answers a fault with 200, its text, and null for the field', async () => {
    const app = await testApp()
    expect(
      await query(
        app,
        '{ mlflowGetExperiment(input: { experimentId: "77" }) { experiment { name } } test(inputString: "a") { output } }',
      ),
    ).toEqual({
      status: 200,
      body: {
        data: { mlflowGetExperiment: null, test: { output: 'a' } },
        errors: ['No Experiment with id=77 exists'],
      },
    })
  })

  it('runs the named operation of several', async () => {
    const app = await testApp()
    const text = 'query A { test(inputString: "a") { output } } query B { test(inputString: "b") { output } }'
    const { body } = await call(app, 'POST', '/graphql', { query: text, operationName: 'B' })
    expect(body.data).toEqual({ test: { output: 'b' } })
  })

  it('is served below the static prefix', async () => {
    const app = await testApp({ staticPrefix: '/mlflow' })
    const { body } = await call(app, 'POST', '/mlflow/graphql', {
      query: '{ test(inputString: "a") { output } }',
    })
    expect(body.data).toEqual({ test: { output: 'a' } })
  })
})
