import { describe, expect, it } from 'vitest'
import { CANARY, comparable, READERS, SECRET, SEEN, twoWorlds, type World } from './two-worlds.ts'

type Json = Record<string, unknown>
type Request = readonly [method: 'GET' | 'POST', path: string, json: Json]

const EXPERIMENTS = [SEEN.experiment, SECRET.experiment, '2', '999']
const LOCATIONS = EXPERIMENTS.map((experiment_id) => ({
  type: 'MLFLOW_EXPERIMENT',
  mlflow_experiment: { experiment_id },
}))
const PROMPTS = "tags.`mlflow.prompt.is_prompt` = 'true'"
const ROW_COUNTS = [1, 2, 100]
const FILTERS_OF_NAMES = [
  '',
  `name LIKE '%${CANARY}%'`,
  "name LIKE '%e%'",
  `tags.\`tag-${CANARY}\` = '${CANARY}'`,
]

function listings(): Request[] {
  return ROW_COUNTS.flatMap((max_results) => [
    ...['', `name LIKE '%${CANARY}%'`, `experiment_id IN ('1', '${SECRET.experiment}')`].flatMap(
      (filter): Request[] => [
        ['GET', 'experiments/search', { max_results, filter, order_by: 'name ASC' }],
        ['POST', 'experiments/search', { max_results, filter, view_type: 'ALL' }],
      ],
    ),
    ...[...FILTERS_OF_NAMES, PROMPTS].flatMap((filter): Request[] => [
      ['GET', 'registered-models/search', { max_results, filter }],
      ['GET', 'model-versions/search', { max_results, filter, order_by: 'name ASC' }],
    ]),
    ['POST', 'runs/search', { max_results, experiment_ids: EXPERIMENTS, order_by: ['metrics.loss'] }],
    ['POST', 'logged-models/search', { max_results, experiment_ids: EXPERIMENTS }],
    ['POST', '/api/3.0/mlflow/traces/search', { max_results, locations: LOCATIONS }],
    ['GET', 'traces', { max_results, experiment_ids: EXPERIMENTS }],
  ])
}

function lookUps({ run, secretRun, secretLoggedModel }: World): Request[] {
  const runs = [secretRun, run]
  const traces = [SECRET.trace, SEEN.trace]
  return [
    ['GET', 'experiments/get-by-name', { experiment_name: `b-${CANARY}` }],
    ['GET', 'experiments/get-by-name', { experiment_name: 'a-seen' }],
    ['POST', 'runs/search', { experiment_ids: EXPERIMENTS, filter: `attributes.run_id = '${secretRun}'` }],
    ['POST', 'logged-models/search', { experiment_ids: EXPERIMENTS, filter: `name = '${CANARY}'` }],
    ['GET', 'model-versions/search', { filter: `run_id = '${secretRun}'` }],
    ['GET', 'model-versions/search', { filter: `source_path = 'models:/${secretLoggedModel}'` }],
    ['GET', '/ajax-api/2.0/mlflow/metrics/get-history-bulk', { run_id: runs, metric_key: 'loss' }],
    ['GET', 'metrics/get-history-bulk-interval', { run_ids: runs, metric_key: 'loss' }],
    ['POST', '/ajax-api/2.0/mlflow/experiments/search-datasets', { experiment_ids: EXPERIMENTS }],
    ['POST', '/ajax-api/2.0/mlflow/experiments/search-datasets', { experiment_ids: [SECRET.experiment] }],
    ['POST', '/api/3.0/mlflow/traces/batchGetInfos', { trace_ids: traces }],
    ['POST', '/api/3.0/mlflow/traces/batchGetInfos', { trace_ids: traces, experiment_ids: EXPERIMENTS }],
    [
      'POST',
      '/api/3.0/mlflow/traces/search',
      { locations: LOCATIONS, filter: `feedback.${CANARY} = '${CANARY}'` },
    ],
    [
      'POST',
      '/api/3.0/mlflow/traces/search',
      { locations: LOCATIONS, filter: `trace.run_id = '${secretRun}'` },
    ],
    ...figures(),
    ...queries(secretRun),
  ]
}

function figures(): Request[] {
  const dimensions = { TRACES: ['trace_name'], ASSESSMENTS: ['assessment_name'] }
  return Object.entries(dimensions).flatMap(([view_type, by]): Request[] =>
    [[], by].map((dimensions) => [
      'POST',
      '/api/3.0/mlflow/traces/metrics',
      {
        experiment_ids: EXPERIMENTS,
        view_type,
        metric_name: view_type === 'TRACES' ? 'trace_count' : 'assessment_count',
        aggregations: [{ aggregation_type: 'COUNT' }],
        dimensions,
      },
    ]),
  )
}

function queries(secretRun: string): Request[] {
  const ids = JSON.stringify(EXPERIMENTS)
  return [
    `mutation { mlflowSearchRuns(input: { experimentIds: ${ids} }) { runs { info { runName } experiment { name } modelVersions { name } } nextPageToken } }`,
    `mutation { mlflowSearchDatasets(input: { experimentIds: ${ids} }) { datasetSummaries { name } } }`,
    `query { mlflowSearchModelVersions(input: {}) { modelVersions { name runId } nextPageToken } }`,
    `query { mlflowGetMetricHistoryBulkInterval(input: { runIds: ["${secretRun}"], metricKey: "loss" }) { metrics { runId value } } }`,
  ].map((query) => ['POST', '/graphql', { query }])
}

async function ask({ app }: World, caller: string | undefined, [method, path, json]: Request) {
  const url = path.startsWith('/') ? path : `/api/2.0/mlflow/${path}`
  const headers = { 'content-type': 'application/json', ...(caller && { 'x-caller': caller }) }
  const { statusCode, body } = await app.inject(
    method === 'GET'
      ? { method, url, headers, query: queryOf(json) }
      : { method, url, headers, payload: JSON.stringify(json) },
  )
  return { statusCode, body }
}

function queryOf(json: Json): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(json).map(([key, value]) => [key, Array.isArray(value) ? value : String(value)]),
  )
}

/** What one page after the other says, until there is no more. */
async function allPages(world: World, caller: string | undefined, [method, path, json]: Request) {
  const pages: string[] = []
  for (let page_token: unknown = ''; page_token !== undefined && pages.length < 20; ) {
    const { statusCode, body } = await ask(world, caller, [
      method,
      path,
      { ...json, ...(page_token ? { page_token } : {}) },
    ])
    pages.push(`${statusCode} ${comparable(body, world)}`)
    page_token = (JSON.parse(body) as Json).next_page_token
  }
  return pages
}

describe('who may not read the secrets', () => {
  it('gets the answers of a server that has none', { timeout: 90_000 }, async () => {
    const [world, twin] = await twoWorlds()
    const [asked, same] = [world, twin].map((one) => [...listings(), ...lookUps(one)]) as [
      Request[],
      Request[],
    ]
    const reached = new Set<string>()
    for (const [index, request] of asked.entries()) {
      for (const reader of Object.keys(READERS)) {
        const pages = await allPages(world, reader, request)
        const told = `${reader} ${JSON.stringify(request)}`
        expect(pages, told).toEqual(await allPages(twin, reader, same[index] as Request))
        expect(secretsIn(pages, request), told).toEqual([])
      }
      if (secretsIn(await allPages(world, undefined, request), request).length > 0) reached.add(request[1])
    }
    // The requests do reach the secrets, for who may read them.
    expect(reached.size).toBeGreaterThan(10)
  })
})

/** What answers tell of secrets that the question does not. */
function secretsIn(pages: readonly string[], request: Request): string[] {
  const asked = JSON.stringify(request)
  return [CANARY, '<secret run>', '<secret logged model>'].filter(
    (word) => !asked.includes(word) && pages.some((page) => page.includes(word)),
  )
}
