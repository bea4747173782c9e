/** What the UI asks of /graphql on the pages of experiments and runs. */
import { get, post, type Scenario, type Step, sendRaw } from '../step.ts'

const ask = (name: string, query: string, variables?: object, operationName?: string): Step =>
  post(name, '/graphql', { query, ...(variables && { variables }), ...(operationName && { operationName }) })

const GET_RUN = `query GetRun($data: MlflowGetRunInput!) @component(name: "MLflow.ExperimentRunTracking") {
  mlflowGetRun(input: $data) {
    apiError { helpUrl code message __typename }
    run {
      info { runName status runUuid runId lifecycleStage endTime experimentId artifactUri startTime userId __typename }
      experiment { experimentId name tags { key value __typename } artifactLocation lifecycleStage lastUpdateTime __typename }
      modelVersions { status version name source __typename }
      data {
        metrics { key value step timestamp __typename }
        params { key value __typename }
        tags { key value __typename }
        __typename
      }
      inputs {
        datasetInputs {
          dataset { digest name profile schema source sourceType __typename }
          tags { key value __typename }
          __typename
        }
        modelInputs { modelId __typename }
        __typename
      }
      outputs { modelOutputs { modelId step __typename } __typename }
      __typename
    }
    __typename
  }
}`

const GET_EXPERIMENT = `query MlflowGetExperimentQuery($input: MlflowGetExperimentInput!) @component(name: "MLflow.ExperimentRunTracking") {
  mlflowGetExperiment(input: $input) {
    apiError { code message __typename }
    experiment { artifactLocation creationTime experimentId lastUpdateTime lifecycleStage name tags { key value __typename } __typename }
    __typename
  }
}`

const INTERVAL = `query GetMetricHistoryBulkInterval($data: MlflowGetMetricHistoryBulkIntervalInput!) {
  mlflowGetMetricHistoryBulkInterval(input: $data) {
    __typename
    metrics { __typename timestamp step runId key value }
    apiError { code message }
  }
}`

const SEARCH = `query SearchRuns($data: MlflowSearchRunsInput!) {
  mlflowSearchRuns(input: $data) {
    apiError { code message }
    nextPageToken
    runs { info { runId runName startTime } data { metrics { key value } } experiment { name } modelVersions { name version } }
  }
}`

const roots = (count: number) =>
  `{ ${Array.from({ length: count }, (_, at) => `a${at}: test(inputString: "x") { output }`).join(' ')} }`

export const graphql: Scenario = {
  name: 'graphql',
  steps: [
    post(
      'create an experiment',
      'experiments/create',
      { name: 'graphql', tags: [{ key: 'a', value: 'b' }] },
      { save: { exp: 'experiment_id' } },
    ),
    post(
      'create a run',
      'runs/create',
      {
        experiment_id: '{{exp}}',
        run_name: 'r',
        start_time: 1700000000000,
        tags: [{ key: 't', value: 'v' }],
      },
      {
        save: { run: 'run.info.run_id' },
      },
    ),
    post('log to it', 'runs/log-batch', {
      run_id: '{{run}}',
      metrics: [
        { key: 'm', value: 1.5, timestamp: 1700000000000, step: 1 },
        { key: 'nan', value: 'NaN', timestamp: 1, step: 0 },
        { key: 'inf', value: 'Infinity', timestamp: 1, step: 0 },
      ],
      params: [{ key: 'p', value: '1' }],
    }),
    post('a dataset', 'runs/log-inputs', {
      run_id: '{{run}}',
      datasets: [
        {
          dataset: { name: 'train', digest: 'd1', source_type: 's', source: '{}', schema: '{}' },
          tags: [{ key: 'mlflow.data.context', value: 'training' }],
        },
      ],
    }),
    ask('GetRun', GET_RUN, { data: { runId: '{{run}}' } }, 'GetRun'),
    ask('GetRun of an unknown run', GET_RUN, { data: { runId: 'f'.repeat(32) } }, 'GetRun'),
    ask('GetRun of a malformed run', GET_RUN, { data: { runId: 'a/b' } }, 'GetRun'),
    ask('GetRun of nothing', GET_RUN, { data: {} }, 'GetRun'),
    ask('GetRun without variables', GET_RUN),
    ask(
      'MlflowGetExperimentQuery',
      GET_EXPERIMENT,
      { input: { experimentId: '{{exp}}' } },
      'MlflowGetExperimentQuery',
    ),
    ask('MlflowGetExperimentQuery unknown', GET_EXPERIMENT, { input: { experimentId: '99999' } }),
    ask('MlflowGetExperimentQuery abc', GET_EXPERIMENT, { input: { experimentId: 'abc' } }),
    ask('SearchRuns', SEARCH, { data: { experimentIds: ['{{exp}}'], filter: 'metrics.m > 1' } }),
    ask('SearchRuns with a bad filter', SEARCH, { data: { experimentIds: ['{{exp}}'], filter: 'zzz' } }),
    ask('SearchRuns with a view', SEARCH, {
      data: { experimentIds: ['{{exp}}'], runViewType: 'DELETED_ONLY' },
    }),
    ask('SearchRuns with an unknown view', SEARCH, {
      data: { experimentIds: ['{{exp}}'], runViewType: 'X' },
    }),
    ask('interval', INTERVAL, { data: { runIds: ['{{run}}'], metricKey: 'm', maxResults: 10 } }),
    ask('interval of NaN', INTERVAL, { data: { runIds: ['{{run}}'], metricKey: 'nan' } }),
    ask('interval of an unknown run', INTERVAL, { data: { runIds: ['f'], metricKey: 'm' } }),
    ask(
      'literals',
      '{ mlflowGetRun(input: { runId: "{{run}}" }) { run { info { runId startTime status } } } }',
    ),
    ask(
      'artifacts',
      '{ mlflowListArtifacts(input: { runId: "{{run}}" }) { rootUri files { path isDir fileSize } apiError { code } } }',
    ),
    ask(
      'versions',
      '{ mlflowSearchModelVersions(input: { filter: "name = \'zz\'" }) { modelVersions { name version } apiError { code } } }',
    ),
    ask('typename', '{ __typename }'),
    ask('test', '{ test(inputString: "hello") { output } }'),
    ask('an unknown field', '{ nope }'),
    ask('an unknown field below', '{ mlflowGetRun(input: { runId: "x" }) { nope } }'),
    ask('a syntax error', '{'),
    ask('an empty query', ''),
    post('no query', '/graphql', {}),
    ask('introspection', '{ __schema { queryType { name } } }'),
    ask('introspection of types', '{ __type(name: "MlflowRunInfo") { name fields { name type { name } } } }'),
    ask('10 roots', roots(10)),
    ask('11 roots', roots(11)),
    ask(
      'two operations, one named',
      'query A { test(inputString: "a") { output } } query B { test(inputString: "b") { output } }',
      {},
      'B',
    ),
    ask(
      'two operations, none named',
      'query A { test(inputString: "a") { output } } query B { test(inputString: "b") { output } }',
    ),
    ask('a mutation', 'mutation { testMutation(inputString: "x") { output } }'),
    get('GET', '/graphql'),
    get('GET with a query', '/graphql', { query: '{ __typename }' }),
    sendRaw('POST', 'not JSON', '/graphql', '{', { headers: { 'content-type': 'application/json' } }),
    sendRaw('POST', 'a list', '/graphql', '[]', { headers: { 'content-type': 'application/json' } }),
  ],
}
