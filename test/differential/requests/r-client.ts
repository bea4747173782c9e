import { get, patch, post, remove, type Scenario } from '../step.ts'

/**
 * What the R package `mlflow` sends (its R/tracking-*.R and R/model-registry.R): every value of a body as a string,
 * numbers as R prints them and `TRUE` too; both `run_uuid` and `run_id`; frames as lists of rows; nothing for NULL.
 */
const RUN = { run_uuid: '{{run}}', run_id: '{{run}}' }
const NOW = '1763729999123'

const TRACKING = [
  post(
    'create_experiment',
    'experiments/create',
    { name: 'r', tags: [{ key: 'a', value: 'b' }] },
    { save: { exp: 'experiment_id' } },
  ),
  post('set_experiment_tag', 'experiments/set-experiment-tag', {
    experiment_id: '{{exp}}',
    key: 'c',
    value: 'd',
  }),
  get('get_experiment', 'experiments/get', { experiment_id: '{{exp}}' }),
  get('get_experiment by name', 'experiments/get-by-name', { experiment_name: 'r' }),
  post('rename_experiment', 'experiments/update', { experiment_id: '{{exp}}', new_name: 'r2' }),
  post('delete_experiment', 'experiments/delete', { experiment_id: '{{exp}}' }),
  post('restore_experiment', 'experiments/restore', { experiment_id: '{{exp}}' }),
  post('search_experiments', 'experiments/search', {
    filter: "name = 'r2'",
    view_type: 'ACTIVE_ONLY',
    max_results: '1000',
    order_by: [],
  }),
  post('search_experiments in order', 'experiments/search', {
    filter: "tags.a = 'b'",
    view_type: 'ALL',
    max_results: '1',
    order_by: ['name ASC', 'experiment_id DESC'],
  }),
  post('search_experiments, a limit R prints its way', 'experiments/search', {
    view_type: 'ALL',
    max_results: '1e+05',
    order_by: [],
  }),
  get('list_experiments of old', 'experiments/list', { view_type: 'ACTIVE_ONLY' }),
  post(
    'create_run',
    'runs/create',
    {
      experiment_id: '{{exp}}',
      user_id: 'rstudio',
      run_name: 'from R',
      start_time: NOW,
      tags: [
        { key: 'mlflow.user', value: 'rstudio' },
        { key: 'mlflow.source.name', value: '<console>' },
        { key: 'mlflow.source.type', value: 'LOCAL' },
      ],
    },
    { save: { run: 'run.info.run_uuid' } },
  ),
  get('get_run', 'runs/get', RUN),
  post('log_metric', 'runs/log-metric', {
    ...RUN,
    key: 'loss',
    value: '0.333333333333333',
    timestamp: NOW,
    step: '0',
  }),
  ...['NaN', 'Infinity', '-Infinity', '1e-10', '1e+05', '5', 'NA'].map((value, step) =>
    post(`log_metric ${value}`, 'runs/log-metric', {
      ...RUN,
      key: `m${step}`,
      value,
      timestamp: NOW,
      step: '3',
    }),
  ),
  post('log_metric, a step R prints its way', 'runs/log-metric', {
    ...RUN,
    key: 's',
    value: '1',
    timestamp: NOW,
    step: '1e+05',
  }),
  post('log_metric, a time R prints its way', 'runs/log-metric', {
    ...RUN,
    key: 't',
    value: '1',
    timestamp: '1.7e+12',
    step: '0',
  }),
  post('log_batch', 'runs/log-batch', {
    run_id: '{{run}}',
    metrics: [
      { key: 'b', value: '0.5', step: '1', timestamp: NOW },
      { key: 'b', value: 'NaN', step: '2', timestamp: NOW },
      { key: 'c', value: '-Infinity', step: '1', timestamp: NOW },
    ],
    params: [{ key: 'p', value: '1' }],
    tags: [{ key: 't', value: 'TRUE' }],
  }),
  post('log_batch of parameters', 'runs/log-batch', {
    run_id: '{{run}}',
    metrics: [],
    params: [{ key: 'q', value: 'x' }],
  }),
  post('log_param', 'runs/log-parameter', { ...RUN, key: 'lr', value: '0.1' }),
  post('log_param again', 'runs/log-parameter', { ...RUN, key: 'lr', value: '0.1' }),
  post('log_param changed', 'runs/log-parameter', { ...RUN, key: 'lr', value: '0.2' }),
  post('set_tag', 'runs/set-tag', { ...RUN, key: 'k', value: 'v' }),
  post('delete_tag', 'runs/delete-tag', { run_id: '{{run}}', key: 'k' }),
  get('get_metric_history', 'metrics/get-history', { ...RUN, metric_key: 'b' }),
  post('search_runs', 'runs/search', {
    experiment_ids: ['{{exp}}'],
    filter: "params.lr = '0.1'",
    run_view_type: 'ACTIVE_ONLY',
    order_by: [],
  }),
  post('search_runs in order', 'runs/search', {
    experiment_ids: ['{{exp}}'],
    run_view_type: 'ALL',
    order_by: ['metrics.b DESC'],
  }),
  post('list_run_infos', 'runs/search', { experiment_ids: ['{{exp}}'], run_view_type: 'ALL' }),
  get('list_artifacts', 'artifacts/list', RUN),
  get('list_artifacts of a folder', 'artifacts/list', { ...RUN, path: 'model' }),
  post('record_logged_model', 'runs/log-model', {
    run_id: '{{run}}',
    model_json:
      '{"artifact_path":"model","run_id":"{{run}}","flavors":{"crate":{}},"utc_time_created":"2026-01-01"}',
  }),
  post('set_terminated', 'runs/update', { ...RUN, status: 'FINISHED', end_time: NOW }),
  post('delete_run', 'runs/delete', { run_id: '{{run}}' }),
  post('restore_run', 'runs/restore', { run_id: '{{run}}' }),
]

const REGISTRY = [
  post('create_registered_model', 'registered-models/create', {
    name: 'r-model',
    tags: [{ key: 'a', value: 'b' }],
    description: 'd',
  }),
  get('get_registered_model', 'registered-models/get', { name: 'r-model' }),
  post('rename_registered_model', 'registered-models/rename', { name: 'r-model', new_name: 'r-model-2' }),
  patch('update_registered_model', 'registered-models/update', { name: 'r-model-2', description: 'e' }),
  get('search_registered_models', 'registered-models/search', {
    filter: "name = 'r-model-2'",
    max_results: '100',
  }),
  post('search_registered_models by POST', 'registered-models/search', { max_results: '100', order_by: [] }),
  post('create_model_version', 'model-versions/create', {
    name: 'r-model-2',
    source: 's3://bucket/model',
    run_id: '{{run}}',
    tags: [{ key: 'c', value: 'd' }],
    description: 'one',
  }),
  get('get_model_version', 'model-versions/get', { name: 'r-model-2', version: '1' }),
  get('get_model_version_download_uri', 'model-versions/get-download-uri', {
    name: 'r-model-2',
    version: '1',
  }),
  patch('update_model_version', 'model-versions/update', {
    name: 'r-model-2',
    version: '1',
    description: 'f',
  }),
  post('transition_model_version_stage', 'model-versions/transition-stage', {
    name: 'r-model-2',
    version: '1',
    stage: 'Staging',
    archive_existing_versions: 'FALSE',
  }),
  post('transition_model_version_stage, archiving', 'model-versions/transition-stage', {
    name: 'r-model-2',
    version: '1',
    stage: 'Production',
    archive_existing_versions: 'TRUE',
  }),
  get('get_latest_versions', 'registered-models/get-latest-versions', { name: 'r-model-2' }),
  get('get_latest_versions of a stage', 'registered-models/get-latest-versions', {
    name: 'r-model-2',
    stages: 'Production',
  }),
  post('set_model_version_tag', 'model-versions/set-tag', {
    name: 'r-model-2',
    version: '1',
    key: 'k',
    value: 'v',
  }),
  post('set_registered_model_alias', 'registered-models/alias', {
    name: 'r-model-2',
    alias: 'champion',
    version: '1',
  }),
  get('get_model_version_by_alias', 'registered-models/alias', { name: 'r-model-2', alias: 'champion' }),
  remove('delete_model_version', 'model-versions/delete', { name: 'r-model-2', version: '1' }),
  remove('delete_registered_model', 'registered-models/delete', { name: 'r-model-2' }),
]

export const rClient: Scenario = { name: 'the R client', steps: [...TRACKING, ...REGISTRY] }
