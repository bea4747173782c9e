import { get, post, type Scenario, type Step, sendRaw } from '../step.ts'

const RUN = { run_id: '{{run}}' }
const JSON_TYPE = { 'content-type': 'application/json' }

const log = (name: string, metric: object): Step => post(name, 'runs/log-metric', { ...RUN, ...metric })
/** What one server may refuse goes to a run that nothing reads. */
const logSpare = (name: string, metric: object): Step =>
  post(name, 'runs/log-metric', { run_id: '{{spare}}', ...metric })
const logRaw = (name: string, metric: string, run = 'run'): Step =>
  sendRaw('POST', name, 'runs/log-metric', `{"run_id":"{{${run}}}",${metric}}`, { headers: JSON_TYPE })
const history = (name: string, query: Record<string, string>): Step =>
  get(name, 'metrics/get-history', { ...RUN, ...query })
const BULK = '/ajax-api/2.0/mlflow/metrics/get-history-bulk'
const INTERVAL = '/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval'

export const metrics: Scenario = {
  name: 'metrics',
  steps: [
    post(
      'create an experiment',
      'experiments/create',
      { name: 'metrics' },
      { save: { exp: 'experiment_id' } },
    ),
    post(
      'create a run',
      'runs/create',
      { experiment_id: '{{exp}}', start_time: 1, run_name: 'r' },
      { save: { run: 'run.info.run_id' } },
    ),
    post(
      'create a spare run',
      'runs/create',
      { experiment_id: '{{exp}}', run_name: 'spare' },
      { save: { spare: 'run.info.run_id' } },
    ),
    post(
      'create a second run',
      'runs/create',
      { experiment_id: '{{exp}}', start_time: 2, run_name: 's' },
      {
        save: { second: 'run.info.run_id' },
      },
    ),
    log('log', { key: 'm', value: 1.5, timestamp: 1700000000000, step: 1 }),
    log('log values as text', { key: 'm', value: '2.5', timestamp: '1700000000000', step: '2' }),
    log('log the same point twice', { key: 'm', value: 1.5, timestamp: 1700000000000, step: 1 }),
    log('log an earlier step later', { key: 'm', value: 9, timestamp: 1700000000009, step: 0 }),
    log('log the same step, later time', { key: 'm', value: 2.25, timestamp: 1700000000001, step: 2 }),
    log('log the same step, same time, greater value', {
      key: 'm',
      value: 2.75,
      timestamp: 1700000000001,
      step: 2,
    }),
    log('log NaN', { key: 'nan', value: 'NaN', timestamp: 1, step: 0 }),
    log('log Infinity', { key: 'inf', value: 'Infinity', timestamp: 1, step: 0 }),
    log('log -Infinity', { key: 'neg', value: '-Infinity', timestamp: 1, step: 0 }),
    logRaw('log a bare NaN', '"key":"bare","value":NaN,"timestamp":1', 'spare'),
    logRaw('log a bare Infinity', '"key":"bareInf","value":Infinity,"timestamp":1', 'spare'),
    logRaw('log 1e400', '"key":"huge","value":1e400,"timestamp":1', 'spare'),
    logRaw('log a whole fraction', '"key":"whole","value":1.0,"timestamp":1.0,"step":2.0'),
    logRaw('log a long fraction', '"key":"long","value":0.1234567890123456789,"timestamp":1'),
    log('log 1e308', { key: 'big', value: 1e308, timestamp: 1 }),
    log('log -0', { key: 'zero', value: '-0', timestamp: 1 }),
    log('log 0', { key: 'zero', value: 0, timestamp: 2 }),
    logSpare('log nan in lower case', { key: 'x', value: 'nan', timestamp: 1 }),
    logSpare('log inf', { key: 'x', value: 'inf', timestamp: 1 }),
    log('log a value in exponents', { key: 'exp', value: '1e-3', timestamp: 1 }),
    logSpare('log an empty value', { key: 'x', value: '', timestamp: 1 }),
    logSpare('log a boolean', { key: 'x', value: true, timestamp: 1 }),
    logSpare('log null', { key: 'x', value: null, timestamp: 1 }),
    logSpare('log no value', { key: 'x', timestamp: 1 }),
    logSpare('log no timestamp', { key: 'x', value: 1 }),
    log('log no key', { value: 1, timestamp: 1 }),
    log('log an empty key', { key: '', value: 1, timestamp: 1 }),
    logSpare('log a bad value', { key: 'x', value: 'abc', timestamp: 1 }),
    logSpare('log a list', { key: 'x', value: [1], timestamp: 1 }),
    log('log timestamp 0', { key: 'ts0', value: 1, timestamp: 0 }),
    log('log a negative timestamp', { key: 'tsneg', value: 1, timestamp: -1 }),
    logSpare('log a fraction of a timestamp', { key: 'x', value: 1, timestamp: 1.5 }),
    logSpare('log a timestamp as a word', { key: 'x', value: 1, timestamp: 'now' }),
    log('log an int64 timestamp', { key: 'ts64', value: 1, timestamp: '9223372036854775807' }),
    logRaw('log an int64 timestamp as a number', '"key":"ts64n","value":1,"timestamp":9007199254740993'),
    logSpare('log a timestamp beyond int64', { key: 'x', value: 1, timestamp: '9223372036854775808' }),
    log('log a negative step', { key: 'stepneg', value: 1, timestamp: 1, step: -3 }),
    log('log an int64 step', { key: 'step64', value: 1, timestamp: 1, step: '9007199254740993' }),
    logSpare('log a fraction of a step', { key: 'x', value: 1, timestamp: 1, step: 0.5 }),
    log('log a key with everything allowed', { key: 'a/b_c-d.e f:g', value: 1, timestamp: 1 }),
    log('log a unicode key', { key: 'größe', value: 1, timestamp: 1 }),
    log('log a bad key', { key: 'a$b', value: 1, timestamp: 1 }),
    log('log a key out of its folder', { key: '../b', value: 1, timestamp: 1 }),
    log('log a key with an empty part', { key: 'a//b', value: 1, timestamp: 1 }),
    log('log an absolute key', { key: '/a', value: 1, timestamp: 1 }),
    log('log a key with a dot part', { key: 'a/./b', value: 1, timestamp: 1 }),
    log('log a key that ends in a slash', { key: 'a/', value: 1, timestamp: 1 }),
    log('log the key .', { key: '.', value: 1, timestamp: 1 }),
    log('log a key of 250', { key: 'k'.repeat(250), value: 1, timestamp: 1 }),
    log('log a key of 251', { key: 'k'.repeat(251), value: 1, timestamp: 1 }),
    post('log to an unknown run', 'runs/log-metric', {
      run_id: 'f'.repeat(32),
      key: 'm',
      value: 1,
      timestamp: 1,
    }),
    post('log to a malformed run', 'runs/log-metric', { run_id: 'a/b', key: 'm', value: 1, timestamp: 1 }),
    post('log to no run', 'runs/log-metric', { key: 'm', value: 1, timestamp: 1 }),
    post('log by run_uuid', 'runs/log-metric', { run_uuid: '{{run}}', key: 'uuid', value: 1, timestamp: 1 }),
    get('the run has the latest of each', 'runs/get', RUN),

    history('history', { metric_key: 'm' }),
    get('history by run_uuid', 'metrics/get-history', { run_uuid: '{{run}}', metric_key: 'm' }),
    history('history of NaN', { metric_key: 'nan' }),
    history('history of Infinity', { metric_key: 'inf' }),
    history('history of int64', { metric_key: 'ts64' }),
    history('history of an unknown key', { metric_key: 'zzz' }),
    history('history of no key', {}),
    get('history of an unknown run', 'metrics/get-history', { run_id: 'f'.repeat(32), metric_key: 'm' }),
    get('history of no run', 'metrics/get-history', { metric_key: 'm' }),
    get(
      'history, first page',
      'metrics/get-history',
      { ...RUN, metric_key: 'm', max_results: '2' },
      {
        save: { page: 'next_page_token' },
      },
    ),
    history('history, second page', { metric_key: 'm', max_results: '2', page_token: '{{page}}' }),
    history('history, exactly one page', { metric_key: 'm', max_results: '5' }),
    history('history, max_results 0', { metric_key: 'm', max_results: '0' }),
    history('history, max_results -1', { metric_key: 'm', max_results: '-1' }),
    history('history, max_results a word', { metric_key: 'm', max_results: 'x' }),
    history('history, bad token', { metric_key: 'm', max_results: '2', page_token: 'zzz' }),
    history('history, a token alone', { metric_key: 'm', page_token: '{{page}}' }),

    post('log a series', 'runs/log-batch', {
      ...RUN,
      metrics: Array.from({ length: 40 }, (_, step) => ({
        key: 'series',
        value: step / 2,
        timestamp: 1000 + step,
        step,
      })),
    }),
    post('log a series to the second run', 'runs/log-batch', {
      run_id: '{{second}}',
      metrics: Array.from({ length: 25 }, (_, at) => ({
        key: 'series',
        value: at,
        timestamp: 1000 + at,
        step: at * 3,
      })),
    }),
    post('log two points at one step', 'runs/log-batch', {
      ...RUN,
      metrics: [
        { key: 'series', value: 99, timestamp: 5000, step: 7 },
        { key: 'series', value: 98, timestamp: 4000, step: 7 },
      ],
    }),
    get('bulk', BULK, { run_id: '{{run}}', metric_key: 'm' }),
    get(
      'bulk of two runs',
      BULK,
      {
        run_id: ['{{run}}', '{{second}}'],
        metric_key: 'series',
        max_results: '100',
      },
      { anyOrder: 'metrics' },
    ),
    get('bulk, max_results', BULK, {
      run_id: '{{run}}',
      metric_key: 'series',
      max_results: '3',
    }),
    get('bulk of NaN', BULK, { run_id: '{{run}}', metric_key: 'nan' }),
    get('bulk of an unknown key', BULK, { run_id: '{{run}}', metric_key: 'zzz' }),
    get('bulk of an unknown run', BULK, { run_id: 'f'.repeat(32), metric_key: 'm' }),
    get('bulk of no run', BULK, { metric_key: 'm' }),
    get('bulk of no key', BULK, { run_id: '{{run}}' }),
    get('bulk, max_results a word', BULK, { run_id: '{{run}}', metric_key: 'm', max_results: 'x' }),
    get('bulk of 101 runs', BULK, {
      run_id: Array.from({ length: 101 }, (_, at) => `r${at}`),
      metric_key: 'm',
    }),
    get('interval', INTERVAL, { run_ids: '{{run}}', metric_key: 'series', max_results: '5' }),
    get(
      'interval of two runs',
      INTERVAL,
      {
        run_ids: ['{{run}}', '{{second}}'],
        metric_key: 'series',
        max_results: '10',
      },
      { anyOrder: 'metrics' },
    ),
    get(
      'interval of everything',
      INTERVAL,
      {
        run_ids: ['{{run}}', '{{second}}'],
        metric_key: 'series',
        max_results: '320',
      },
      { anyOrder: 'metrics' },
    ),
    get(
      'interval between steps',
      INTERVAL,
      {
        run_ids: ['{{run}}', '{{second}}'],
        metric_key: 'series',
        start_step: '5',
        end_step: '20',
        max_results: '4',
      },
      { anyOrder: 'metrics' },
    ),
    get('interval of one step', INTERVAL, {
      run_ids: '{{run}}',
      metric_key: 'series',
      start_step: '7',
      end_step: '7',
      max_results: '4',
    }),
    get('interval, start only', INTERVAL, { run_ids: '{{run}}', metric_key: 'series', start_step: '5' }),
    get('interval, end only', INTERVAL, { run_ids: '{{run}}', metric_key: 'series', end_step: '5' }),
    get('interval, end before start', INTERVAL, {
      run_ids: '{{run}}',
      metric_key: 'series',
      start_step: '9',
      end_step: '5',
    }),
    get('interval without max_results', INTERVAL, { run_ids: '{{run}}', metric_key: 'series' }),
    get('interval, max_results 1', INTERVAL, { run_ids: '{{run}}', metric_key: 'series', max_results: '1' }),
    get('interval, max_results 2', INTERVAL, { run_ids: '{{run}}', metric_key: 'series', max_results: '2' }),
    get('interval, max_results 0', INTERVAL, { run_ids: '{{run}}', metric_key: 'series', max_results: '0' }),
    get('interval, max_results 2501', INTERVAL, {
      run_ids: '{{run}}',
      metric_key: 'series',
      max_results: '2501',
    }),
    get('interval of NaN', INTERVAL, { run_ids: '{{run}}', metric_key: 'nan', max_results: '5' }),
    get('interval of an unknown key', INTERVAL, { run_ids: '{{run}}', metric_key: 'zzz', max_results: '5' }),
    get('interval of an unknown run', INTERVAL, {
      run_ids: 'f'.repeat(32),
      metric_key: 'series',
      max_results: '5',
    }),
    get('interval of no run', INTERVAL, { metric_key: 'series' }),
    get('interval of no key', INTERVAL, { run_ids: '{{run}}' }),
    get('interval of 101 runs', INTERVAL, {
      run_ids: Array.from({ length: 101 }, (_, at) => `r${at}`),
      metric_key: 'm',
    }),
    get('interval on the other prefix', '/api/2.0/mlflow/metrics/get-history-bulk-interval', {
      run_ids: '{{run}}',
      metric_key: 'series',
      max_results: '3',
    }),
  ],
}
