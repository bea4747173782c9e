/** Datasets and models that a run has read and written. */
import { get, post, type Scenario, type Step } from '../step.ts'

const RUN = { run_id: '{{run}}' }
const OF_THE_RUN = { anyOrder: 'run.inputs.dataset_inputs' }
const OF_THE_FIRST = { anyOrder: 'runs.0.inputs.dataset_inputs' }
const dataset = { name: 'train', digest: 'd1', source_type: 'local', source: '{"uri":"x"}' }
const CONTEXT = [{ key: 'mlflow.data.context', value: 'training' }]
const logInputs = (name: string, json: object): Step => post(name, 'runs/log-inputs', { ...RUN, ...json })
const logSpare = (name: string, json: object): Step =>
  post(name, 'runs/log-inputs', { run_id: '{{spare}}', ...json })
const DATASETS = '/ajax-api/2.0/mlflow/experiments/search-datasets'

const modelJson = (run: string, path: string) =>
  JSON.stringify({
    run_id: run,
    artifact_path: path,
    utc_time_created: '2026-01-01 00:00:00.000000',
    flavors: { python_function: { loader_module: 'x' } },
  })

export const inputs: Scenario = {
  name: 'inputs and outputs',
  steps: [
    post(
      'create an experiment',
      'experiments/create',
      { name: 'inputs' },
      { save: { exp: 'experiment_id' } },
    ),
    post(
      'create a run',
      'runs/create',
      { experiment_id: '{{exp}}', run_name: 'r' },
      { save: { run: 'run.info.run_id' } },
    ),
    post(
      'create a model',
      'logged-models',
      { experiment_id: '{{exp}}', name: 'in' },
      { save: { model: 'model.info.model_id' } },
    ),
    post(
      'create a spare experiment',
      'experiments/create',
      { name: 'inputs-spare' },
      { save: { expSpare: 'experiment_id' } },
    ),
    post(
      'create a spare run',
      'runs/create',
      { experiment_id: '{{expSpare}}', run_name: 'spare' },
      {
        save: { spare: 'run.info.run_id' },
      },
    ),
    logInputs('a dataset', { datasets: [{ dataset, tags: CONTEXT }] }),
    logInputs('the same dataset', { datasets: [{ dataset, tags: CONTEXT }] }),
    logInputs('the same dataset, another context', {
      datasets: [{ dataset, tags: [{ key: 'mlflow.data.context', value: 'eval' }] }],
    }),
    logInputs('with schema and profile', {
      datasets: [
        { dataset: { ...dataset, name: 'test', digest: 'd2', schema: '{"a":1}', profile: '{"n":2}' } },
      ],
    }),
    logInputs('two of one batch', {
      datasets: [
        { dataset: { ...dataset, name: 'x1' }, tags: [{ key: 'k', value: 'v' }] },
        { dataset: { ...dataset, name: 'x2' } },
      ],
    }),
    logInputs('no datasets', {}),
    logSpare('no name', { datasets: [{ dataset: { digest: 'd', source_type: 's', source: 'x' } }] }),
    logSpare('no digest', { datasets: [{ dataset: { name: 'n', source_type: 's', source: 'x' } }] }),
    logSpare('no source', { datasets: [{ dataset: { name: 'n', digest: 'd', source_type: 's' } }] }),
    logSpare('no source type', { datasets: [{ dataset: { name: 'n', digest: 'd', source: 'x' } }] }),
    logSpare('no dataset in it', { datasets: [{ tags: CONTEXT }] }),
    logInputs('a name of 501', { datasets: [{ dataset: { ...dataset, name: 'n'.repeat(501) } }] }),
    logInputs('a digest of 37', { datasets: [{ dataset: { ...dataset, digest: 'n'.repeat(37) } }] }),
    logInputs('a tag key of 256', { datasets: [{ dataset, tags: [{ key: 'k'.repeat(256), value: 'v' }] }] }),
    logInputs('a tag value of 501', {
      datasets: [{ dataset, tags: [{ key: 'k', value: 'v'.repeat(501) }] }],
    }),
    logInputs('a source of 65536', { datasets: [{ dataset: { ...dataset, source: 'x'.repeat(65536) } }] }),
    logInputs('a model', { models: [{ model_id: '{{model}}' }] }),
    logInputs('the same model', { models: [{ model_id: '{{model}}' }] }),
    logInputs('an unknown model', { models: [{ model_id: `m-${'0'.repeat(32)}` }] }),
    logSpare('a model without an id', { models: [{}] }),
    post('to an unknown run', 'runs/log-inputs', { run_id: 'f'.repeat(32), datasets: [{ dataset }] }),
    post('to no run', 'runs/log-inputs', { datasets: [{ dataset }] }),
    get('the run has them', 'runs/get', RUN, OF_THE_RUN),
    post('outputs', 'runs/outputs', { ...RUN, models: [{ model_id: '{{model}}', step: 3 }] }),
    post('outputs of the spare run', 'runs/outputs', {
      run_id: '{{spare}}',
      models: [{ model_id: '{{model}}', step: 3 }],
    }),
    post('the same outputs', 'runs/outputs', {
      run_id: '{{spare}}',
      models: [{ model_id: '{{model}}', step: 3 }],
    }),
    post('outputs at another step', 'runs/outputs', {
      run_id: '{{spare}}',
      models: [{ model_id: '{{model}}', step: 4 }],
    }),
    post('outputs: nothing', 'runs/outputs', RUN),
    post('outputs: an unknown model', 'runs/outputs', {
      ...RUN,
      // After every random id: the run's outputs come in the order of the ids.
      models: [{ model_id: `m-${'f'.repeat(32)}`, step: 0 }],
    }),
    post('outputs: an unknown run', 'runs/outputs', {
      run_id: 'f'.repeat(32),
      models: [{ model_id: '{{model}}', step: 0 }],
    }),
    post('outputs: no run', 'runs/outputs', { models: [{ model_id: '{{model}}', step: 0 }] }),
    get('the run has the outputs', 'runs/get', RUN, OF_THE_RUN),
    post('search gives them', 'runs/search', { experiment_ids: ['{{exp}}'] }, OF_THE_FIRST),
    post(
      'datasets of an experiment',
      DATASETS,
      { experiment_ids: ['{{exp}}'] },
      { anyOrder: 'dataset_summaries' },
    ),
    post('datasets of an unknown experiment', DATASETS, { experiment_ids: ['9999'] }),
    post('datasets of no experiment', DATASETS, {}),
    post('datasets of 21 experiments', DATASETS, {
      experiment_ids: Array.from({ length: 21 }, (_, at) => String(at)),
    }),
    post('datasets by the misspelt path', '/api/2.0mlflow/experiments/search-datasets', {
      experiment_ids: ['{{exp}}'],
    }),

    post('log-model', 'runs/log-model', { ...RUN, model_json: modelJson('{{run}}', 'model') }),
    post('log-model again', 'runs/log-model', { ...RUN, model_json: modelJson('{{run}}', 'other') }),
    post('log-model: not JSON', 'runs/log-model', { ...RUN, model_json: 'not json' }),
    post('log-model: a list', 'runs/log-model', { ...RUN, model_json: '[]' }),
    post('log-model: fields missing', 'runs/log-model', { ...RUN, model_json: '{"run_id":"x"}' }),
    post('log-model: nothing', 'runs/log-model', RUN),
    post('log-model: an unknown run', 'runs/log-model', {
      run_id: 'f'.repeat(32),
      model_json: modelJson('x', 'model'),
    }),
    get('the run has its history', 'runs/get', RUN, OF_THE_RUN),
  ],
}
