import { get, patch, post, remove, type Scenario } from '../step.ts'

const TRACES = '/api/3.0/mlflow/traces'
const V2 = '/api/2.0/mlflow/traces'
const TAGS = `${TRACES}/tr-1/tags`
const SAID = `${TRACES}/tr-1/assessments`

const located = (experiment_id: string) => ({
  type: 'MLFLOW_EXPERIMENT',
  mlflow_experiment: { experiment_id },
})

function start(name: string, trace_id: string, more: object = {}) {
  const trace_info = {
    trace_id,
    trace_location: located('{{exp}}'),
    request_time: '2025-01-02T03:04:05.678Z',
    execution_duration: '1.234s',
    state: 'OK',
    ...more,
  }
  return post(name, TRACES, { trace: { trace_info } })
}

function search(name: string, more: object) {
  return post(name, `${TRACES}/search`, { locations: [located('{{exp}}')], max_results: 50, ...more })
}

const FILTERS = [
  "status = 'OK'",
  "trace.status IN ('ERROR')",
  "name = 'chat'",
  "name ILIKE 'CH%'",
  'name IS NULL',
  "tags.k = 'v'",
  'tags.k IS NOT NULL',
  "metadata.b = 'x'",
  "request_metadata.`mlflow.trace.session` = 's1'",
  'metadata.`mlflow.trace.tokenUsage` IS NOT NULL',
  'timestamp_ms > 1735787045678',
  'execution_time = 1234',
  'end_time > 1735787046912',
  "request_id IN ('tr-1', 'tr-2')",
  "client_request_id = 'c1'",
  "run_id = 'r'",
  "prompt = 'p/1'",
  "prompt = 'p'",
  "span.name = 'x'",
  "span.foo = 'x'",
  "feedback.good = 'true'",
  'feedback.good IS NULL',
  'feedback.good = 1',
  'expectation.good > 0.5',
  "issue.id = 'x'",
  'nonsense',
  "foo.bar = 'x'",
  "status > 'a'",
  'status IS NULL',
  "tags.k IN ('v')",
]

const ORDERS = [
  'timestamp DESC',
  'execution_time',
  'name',
  'tags.k DESC',
  'metadata.b',
  'request_id DESC',
  'foo',
]

const COUNT = [{ aggregation_type: 'COUNT' }]
const SPREAD = [
  ...['AVG', 'MIN', 'MAX'].map((aggregation_type) => ({ aggregation_type })),
  ...[0, 50, 62.5, 99, 100].map((percentile_value) => ({ aggregation_type: 'PERCENTILE', percentile_value })),
]
const WITHIN = { start_time_ms: 1735776000000, end_time_ms: 1735862399999 }

const MEASURED: readonly object[] = [
  {},
  { dimensions: ['trace_name', 'trace_status'] },
  { dimensions: ['trace_status'], max_results: 1 },
  { time_interval_seconds: 60, ...WITHIN },
  { time_interval_seconds: 7, ...WITHIN, dimensions: ['trace_status'] },
  { start_time_ms: 1735787045679 },
  { end_time_ms: 1735787045678 },
  { metric_name: 'session_count' },
  { metric_name: 'latency', aggregations: SPREAD },
  { metric_name: 'latency', aggregations: SPREAD, dimensions: ['trace_name'] },
  { metric_name: 'latency', aggregations: SPREAD, time_interval_seconds: 1, ...WITHIN },
  { metric_name: 'total_tokens', aggregations: [{ aggregation_type: 'SUM' }, ...SPREAD] },
  { metric_name: 'cache_read_input_tokens', aggregations: [{ aggregation_type: 'SUM' }] },
  { filters: ["trace.status = 'OK'"] },
  { filters: ["trace.tag.k = 'w'"] },
  { filters: ["trace.tag.`mlflow.traceName` = 'chatty'"] },
  { filters: ["trace.metadata.b = 'x'", "trace.status = 'OK'"] },
  { filters: ["trace.metadata.`mlflow.trace.session` = 's1'"] },
  { filters: ["trace.metadata.mlflow.sourceRun = 'r'"] },
  {
    view_type: 'ASSESSMENTS',
    metric_name: 'assessment_count',
    dimensions: ['assessment_name', 'assessment_value'],
  },
  { view_type: 'ASSESSMENTS', metric_name: 'assessment_value', aggregations: SPREAD },
  { view_type: 'ASSESSMENTS', metric_name: 'assessment_count', filters: ["trace.status = 'ERROR'"] },
  { view_type: 'ASSESSMENTS', metric_name: 'assessment_count', filters: ["assessment.type = 'feedback'"] },
  { view_type: 'SPANS', metric_name: 'span_count', dimensions: ['span_name'] },
  { view_type: 2, metric_name: 'total_cost', aggregations: SPREAD },
  { view_type: 'NOTHING' },
  { view_type: null },
  { metric_name: 'nothing' },
  { metric_name: null },
  { metric_name: 'latency' },
  { aggregations: null },
  { aggregations: [{}] },
  { aggregations: [{ aggregation_type: 'COUNT', percentile_value: 5 }] },
  { aggregations: [{ aggregation_type: 'NOTHING' }] },
  { metric_name: 'latency', aggregations: [{ aggregation_type: 'PERCENTILE', percentile_value: 101 }] },
  { dimensions: ['span_name', 'nothing'] },
  { dimensions: ['trace_name', 'trace_name'] },
  { time_interval_seconds: 60 },
  { experiment_ids: [] },
  { experiment_ids: ['x'] },
  { experiment_ids: ['77'] },
  { max_results: 0 },
  { filters: [''] },
  { filters: ["trace.status != 'OK'"] },
  { filters: ["trace.status = 'OK' AND trace.status = 'OK'"] },
  { filters: ["trace.nothing = 'OK'"] },
  { filters: ["nothing.status = 'OK'"] },
  { filters: ["trace.tag = 'OK'"] },
  { filters: ["trace.status.x = 'OK'"] },
  { filters: ['trace.status = 1'] },
  { filters: ["span.name = 'x'"] },
  { filters: ["assessment.name = 'x'"] },
]

function measure(more: object) {
  return post(`measure ${JSON.stringify(more)}`, `${TRACES}/metrics`, {
    experiment_ids: ['{{exp}}'],
    view_type: 'TRACES',
    metric_name: 'trace_count',
    aggregations: COUNT,
    ...more,
  })
}

export const traces: Scenario = {
  name: 'traces',
  steps: [
    post(
      'create an experiment',
      'experiments/create',
      { name: 'traces' },
      { save: { exp: 'experiment_id' } },
    ),
    start('start', 'tr-1', {
      client_request_id: 'c1',
      request_preview: 'asked',
      trace_metadata: {
        'mlflow.trace.session': 's1',
        'mlflow.trace.tokenUsage': '{"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}',
        'mlflow.trace.cost': '{"input_cost": 1e-05, "output_cost": 2, "total_cost": 2.00001}',
        b: 'x',
      },
      tags: { 'mlflow.traceName': 'chat', k: 'v' },
    }),
    start('start a failed one', 'tr-2', { state: 'ERROR', request_time: '2025-01-02T03:04:06Z' }),
    start('start one that goes on', 'tr-3', { state: 'IN_PROGRESS', execution_duration: null }),
    start('start again', 'tr-2', { state: 'OK', request_preview: 'later', tags: { k: 'w' } }),
    start('start in no experiment', 'tr-4', { trace_location: located('99999') }),
    start('start in an experiment of letters', 'tr-4', { trace_location: located('abc') }),
    start('start with a long name', 'tr-6', { tags: { 'mlflow.traceName': 'n'.repeat(4097) } }),
    post('start nothing', TRACES, {}),
    get('info', `${TRACES}/tr-1`),
    get('info, unknown', `${TRACES}/no`),
    get('info of version 2', `${V2}/tr-1/info`, undefined, { anyOrder: 'trace_info.request_metadata' }),
    post('infos', `${TRACES}/batchGetInfos`, { trace_ids: ['tr-2', 'no', 'tr-1'] }),
    post('infos of nothing', `${TRACES}/batchGetInfos`, {}),
    patch('set a tag', TAGS, { key: 'a', value: 'b' }),
    patch('set a tag of version 2', `${V2}/tr-1/tags`, { key: 'a2', value: 'b' }),
    patch('set the name', TAGS, { key: 'mlflow.traceName', value: 'chatty' }),
    patch('set no tag', TAGS, {}),
    patch('set a bad tag', TAGS, { key: '..', value: 'x' }),
    patch('set a reserved tag', TAGS, { key: 'mlflow.trace.spansLocation', value: 'x' }),
    patch('set a tag of nothing', `${TRACES}/no/tags`, { key: 'a', value: 'b' }),
    remove('delete a tag', TAGS, { key: 'a' }),
    remove('delete a tag again', TAGS, { key: 'a' }),
    remove('delete a reserved tag', TAGS, { key: 'mlflow.trace.spansLocation' }),
    post('link to a run', `${V2}/link-to-run`, { trace_ids: ['tr-1'], run_id: 'r' }),
    post('link too many', `${V2}/link-to-run`, {
      trace_ids: Array.from({ length: 101 }, () => 'tr-1'),
      run_id: 'r',
    }),
    post('link a prompt', `${V2}/link-prompts`, {
      trace_id: 'tr-1',
      prompt_versions: [{ name: 'p', version: '1' }],
    }),
    post('link a prompt to nothing', `${V2}/link-prompts`, {
      trace_id: 'no',
      prompt_versions: [{ name: 'p', version: '1' }],
    }),
    post(
      'say',
      SAID,
      {
        assessment: {
          assessment_name: 'good',
          feedback: { value: true },
          source: { source_type: 'HUMAN', source_id: 'a' },
          create_time: '2025-01-02T03:04:05Z',
          last_update_time: '2025-01-02T03:04:05Z',
        },
      },
      { save: { said: 'assessment.assessment_id' } },
    ),
    post('say nothing', SAID, { assessment: { assessment_name: 'good' } }),
    post('say of nothing', `${TRACES}/no/assessments`, { assessment: { feedback: { value: 1 } } }),
    get('what was said', `${SAID}/{{said}}`),
    get('what was not said', `${SAID}/no`),
    ...FILTERS.map((filter) => search(`filter ${filter}`, { filter })),
    ...ORDERS.map((order) => search(`order ${order}`, { order_by: [order] })),
    ...MEASURED.map(measure),
    search('max_results 0', { max_results: 0 }),
    search('max_results 501', { max_results: 501 }),
    search('bad token', { page_token: 'bad' }),
    post('search nowhere', `${TRACES}/search`, { locations: [] }),
    post('search, no locations', `${TRACES}/search`, {}),
    get('search of version 2', V2, {
      experiment_ids: '{{exp}}',
      max_results: '50',
      filter: "request_id = 'tr-2'",
    }),
    post(
      'start of version 2',
      V2,
      { experiment_id: '{{exp}}', timestamp_ms: 1000, tags: [{ key: 'c', value: 'd' }] },
      { save: { old: 'trace_info.request_id' } },
    ),
    patch('end of version 2', `${V2}/{{old}}`, { timestamp_ms: 1500, status: 'OK' }),
    patch('end nothing', `${V2}/no`, { timestamp_ms: 1500, status: 'OK' }),
    get('spans, no trace named', '/ajax-api/2.0/mlflow/get-trace-artifact'),
    get('whole, none named', `${TRACES}/get`),
    get('whole, spans elsewhere', `${TRACES}/get`, { trace_id: 'tr-1' }),
    remove('unsay', `${SAID}/{{said}}`),
    remove('unsay again', `${SAID}/{{said}}`),
    post('delete by id', `${TRACES}/delete-traces`, {
      experiment_id: '{{exp}}',
      request_ids: ['tr-3', 'no'],
    }),
    post('delete by time', `${V2}/delete-traces`, { experiment_id: '{{exp}}', max_timestamp_millis: 1500 }),
    post('delete nothing', `${V2}/delete-traces`, { experiment_id: '{{exp}}' }),
    post('delete both ways', `${V2}/delete-traces`, {
      experiment_id: '{{exp}}',
      request_ids: ['tr-1'],
      max_timestamp_millis: 5,
    }),
    post('delete 0', `${V2}/delete-traces`, {
      experiment_id: '{{exp}}',
      max_timestamp_millis: 5,
      max_traces: 0,
    }),
    start('start at a time that is none', 'tr-5', { request_time: 'nope' }),
  ],
}
