import { get, post, type Scenario, type Step } from '../step.ts'

const RUN = { run_id: '{{run}}' }
const batch = (name: string, json: object): Step => post(name, 'runs/log-batch', { ...RUN, ...json })
const batchSpare = (name: string, json: object): Step =>
  post(name, 'runs/log-batch', { run_id: '{{spare}}', ...json })
const points = (count: number) =>
  Array.from({ length: count }, (_, step) => ({ key: 'b', value: step, timestamp: 1, step }))
const pairs = (count: number, prefix: string) =>
  Array.from({ length: count }, (_, at) => ({ key: `${prefix}${at}`, value: String(at) }))
const metric = { key: 'm', value: 1, timestamp: 1, step: 0 }

export const logBatch: Scenario = {
  name: 'log-batch',
  steps: [
    post('create an experiment', 'experiments/create', { name: 'batch' }, { save: { exp: 'experiment_id' } }),
    post(
      'create a run',
      'runs/create',
      { experiment_id: '{{exp}}', run_name: 'r' },
      { save: { run: 'run.info.run_id' } },
    ),
    post(
      'create a spare run',
      'runs/create',
      { experiment_id: '{{exp}}', run_name: 'spare' },
      {
        save: { spare: 'run.info.run_id' },
      },
    ),
    batch('nothing', {}),
    batch('all three', {
      metrics: [metric, { ...metric, value: 2, step: 1 }],
      params: [{ key: 'p', value: '1' }],
      tags: [{ key: 't', value: '1' }],
    }),
    batch('the same again', {
      metrics: [metric, { ...metric, value: 2, step: 1 }],
      params: [{ key: 'p', value: '1' }],
      tags: [{ key: 't', value: '1' }],
    }),
    batch('one point twice', {
      metrics: [
        { ...metric, key: 'dup' },
        { ...metric, key: 'dup' },
      ],
    }),
    batch('one point as NaN twice', {
      metrics: [
        { ...metric, key: 'n', value: 'NaN' },
        { ...metric, key: 'n', value: 'NaN' },
      ],
    }),
    batch('NaN and 0 at one step', {
      metrics: [
        { ...metric, key: 'n0', value: 'NaN' },
        { ...metric, key: 'n0', value: 0 },
      ],
    }),
    batch('one tag twice', {
      tags: [
        { key: 'tt', value: '1' },
        { key: 'tt', value: '2' },
      ],
    }),
    batch('one param twice, the same', {
      params: [
        { key: 'pp', value: '1' },
        { key: 'pp', value: '1' },
      ],
    }),
    batch('one param twice, different', {
      params: [
        { key: 'pd', value: '1' },
        { key: 'pd', value: '2' },
      ],
    }),
    batch('two params twice, different', {
      params: [
        { key: 'pd', value: '1' },
        { key: 'pd', value: '2' },
        { key: 'pe', value: '1' },
        { key: 'pe', value: '2' },
      ],
    }),
    batch('a param changed', { params: [{ key: 'p', value: '2' }] }),
    batch('two params changed', {
      params: [
        { key: 'p', value: '2' },
        { key: 'pp', value: '2' },
      ],
    }),
    batch('a param changed, with a metric', {
      params: [{ key: 'p', value: '2' }],
      metrics: [{ ...metric, key: 'with' }],
    }),
    batch('the run name', { tags: [{ key: 'mlflow.runName', value: 'named' }] }),
    get('the run has them', 'runs/get', RUN),
    batch('1000 metrics', { metrics: points(1000) }),
    batch('1001 metrics', { metrics: points(1001) }),
    batch('100 params', { params: pairs(100, 'hp') }),
    batch('101 params', { params: pairs(101, 'hq') }),
    batch('100 tags', { tags: pairs(100, 'ht') }),
    batch('101 tags', { tags: pairs(101, 'hu') }),
    batch('1000 in all', { metrics: points(800), params: pairs(100, 'hp'), tags: pairs(100, 'ht') }),
    batch('1001 in all', { metrics: points(801), params: pairs(100, 'hp'), tags: pairs(100, 'ht') }),
    batch('a metric without timestamp and step', { metrics: [{ key: 'b', value: 1 }] }),
    batch('a metric without timestamp', { metrics: [{ key: 'b', value: 1, step: 0 }] }),
    batch('a metric without step', { metrics: [{ key: 'nostep', value: 1, timestamp: 1 }] }),
    batch('a metric without value', { metrics: [{ key: 'b', timestamp: 1, step: 0 }] }),
    batch('a metric without key', { metrics: [{ value: 1, timestamp: 1, step: 0 }] }),
    batchSpare('a bad value in the second metric', { metrics: [metric, { ...metric, value: 'x' }] }),
    batch('a bad key in the second metric', { metrics: [metric, { ...metric, key: '../x' }] }),
    batch('a metric key of 251', { metrics: [{ ...metric, key: 'k'.repeat(251) }] }),
    batch('a param without key', { params: [{ value: '1' }] }),
    batch('a param without value', { params: [{ key: 'novalue' }] }),
    batch('a param value of 6001', { params: [{ key: 'long', value: 'x'.repeat(6001) }] }),
    batch('a param key of 251', { params: [{ key: 'k'.repeat(251), value: '1' }] }),
    batchSpare('a param of a number', { params: [{ key: 'x', value: 1 }] }),
    batch('a tag without key', { tags: [{ value: '1' }] }),
    batch('a tag key of 251', { tags: [{ key: 'k'.repeat(251), value: '1' }] }),
    batch('a tag value of 8001', { tags: [{ key: 'long', value: 'x'.repeat(8001) }] }),
    batch('a tag with a bad key', { tags: [{ key: 'a$b', value: '1' }] }),
    batch('metrics not a list', { metrics: metric }),
    batch('a metric that is text', { metrics: ['m'] }),
    batch('metrics null', { metrics: null }),
    post('no run', 'runs/log-batch', { metrics: [] }),
    post('an unknown run', 'runs/log-batch', { run_id: 'f'.repeat(32), metrics: [metric] }),
    post('an unknown run and nothing', 'runs/log-batch', { run_id: 'f'.repeat(32) }),
    batch('more than a megabyte', { tags: [{ key: 'huge', value: 'x'.repeat(1_000_001) }] }),
    get('the run has no more than that', 'runs/get', RUN),
  ],
}
