import { get, post, type Scenario } from '../step.ts'

const RUN = { run_id: '{{run}}' }

export const runs: Scenario = {
  name: 'runs',
  steps: [
    post('create an experiment', 'experiments/create', { name: 'runs' }, { save: { exp: 'experiment_id' } }),
    post(
      'create another',
      'experiments/create',
      { name: 'runs-located', artifact_location: 's3://bucket/dir/' },
      {
        save: { located: 'experiment_id' },
      },
    ),
    post(
      'create',
      'runs/create',
      {
        experiment_id: '{{exp}}',
        start_time: 1700000000000,
        run_name: 'r1',
        user_id: 'ann',
        tags: [{ key: 't', value: 'v' }],
      },
      { save: { run: 'run.info.run_id' } },
    ),
    post(
      'create elsewhere',
      'runs/create',
      { experiment_id: '{{located}}', run_name: 'x' },
      {
        save: { elsewhere: 'run.info.run_id' },
      },
    ),
    post(
      'start_time as text',
      'runs/create',
      { experiment_id: '{{exp}}', start_time: '1700000000001' },
      {
        save: { unnamed: 'run.info.run_id' },
      },
    ),
    post('no start_time', 'runs/create', { experiment_id: '{{exp}}' }, { save: { r3: 'run.info.run_id' } }),
    post('no experiment', 'runs/create', {}),
    post('empty experiment', 'runs/create', { experiment_id: '' }),
    post('unknown experiment', 'runs/create', { experiment_id: '99999' }),
    post('experiment not a number', 'runs/create', { experiment_id: 'abc' }),
    post('experiment as a number', 'runs/create', { experiment_id: 1 }),
    post('start_time not a number', 'runs/create', { experiment_id: '{{exp}}', start_time: 'abc' }),
    post('start_time a fraction', 'runs/create', { experiment_id: '{{exp}}', start_time: 1.5 }),
    post(
      'start_time negative',
      'runs/create',
      { experiment_id: '{{exp}}', start_time: -5, run_name: 'neg' },
      {
        save: { neg: 'run.info.run_id' },
      },
    ),
    post('start_time beyond int64', 'runs/create', {
      experiment_id: '{{exp}}',
      start_time: '9223372036854775808',
    }),
    post(
      'camelCase',
      'runs/create',
      { experimentId: '{{exp}}', startTime: 5, runName: 'camel' },
      {
        save: { camel: 'run.info.run_id' },
      },
    ),
    post('both spellings', 'runs/create', { experimentId: '{{exp}}', experiment_id: '{{exp}}' }),
    post(
      'name by tag',
      'runs/create',
      {
        experiment_id: '{{exp}}',
        tags: [{ key: 'mlflow.runName', value: 'by-tag' }],
      },
      { save: { tagged: 'run.info.run_id' } },
    ),
    post(
      'name by both, the same',
      'runs/create',
      {
        experiment_id: '{{exp}}',
        run_name: 'same',
        tags: [{ key: 'mlflow.runName', value: 'same' }],
      },
      { save: { both: 'run.info.run_id' } },
    ),
    post('name by both, different', 'runs/create', {
      experiment_id: '{{exp}}',
      run_name: 'one',
      tags: [{ key: 'mlflow.runName', value: 'two' }],
    }),
    post(
      'name empty',
      'runs/create',
      { experiment_id: '{{exp}}', run_name: '' },
      { save: { r4: 'run.info.run_id' } },
    ),
    post(
      'name of 250',
      'runs/create',
      { experiment_id: '{{exp}}', run_name: 'n'.repeat(250) },
      { save: { r5: 'run.info.run_id' } },
    ),
    post('name of 251', 'runs/create', { experiment_id: '{{exp}}', run_name: 'n'.repeat(251) }),
    post(
      'parent run',
      'runs/create',
      {
        experiment_id: '{{exp}}',
        run_name: 'child',
        tags: [
          { key: 'mlflow.parentRunId', value: '{{run}}' },
          { key: 'mlflow.user', value: 'ann' },
        ],
      },
      { save: { child: 'run.info.run_id' } },
    ),
    post('a tag with a bad key', 'runs/create', {
      experiment_id: '{{exp}}',
      tags: [{ key: 'a$b', value: 'x' }],
    }),
    post('a tag without a key', 'runs/create', { experiment_id: '{{exp}}', tags: [{ value: 'x' }] }),
    post('one tag twice', 'runs/create', {
      experiment_id: '{{exp}}',
      run_name: 'twice',
      tags: [
        { key: 'k', value: '1' },
        { key: 'k', value: '2' },
      ],
    }),

    get('get', 'runs/get', RUN),
    get('get by run_uuid', 'runs/get', { run_uuid: '{{run}}' }),
    get('get by both', 'runs/get', { run_uuid: '{{run}}', run_id: '{{run}}' }),
    get('get of two tags', 'runs/get', { run_id: '{{child}}' }),
    get('get unknown', 'runs/get', { run_id: 'f'.repeat(32) }),
    get('get malformed', 'runs/get', { run_id: 'a/b' }),
    get('get nothing', 'runs/get'),
    get('get empty', 'runs/get', { run_id: '' }),

    post('update', 'runs/update', { ...RUN, status: 'FINISHED', end_time: 1700000005000, run_name: 'r2' }),
    get('get updated', 'runs/get', RUN),
    post('update the status alone', 'runs/update', { ...RUN, status: 'FAILED' }),
    post('update by run_uuid', 'runs/update', { run_uuid: '{{run}}', status: 'KILLED' }),
    post('update nothing', 'runs/update', RUN),
    post('update to an unknown status', 'runs/update', { ...RUN, status: 'DONE' }),
    post('update to a status in lower case', 'runs/update', { ...RUN, status: 'finished' }),
    post('update to a status by number', 'runs/update', { ...RUN, status: 3 }),
    post('update to a status by unknown number', 'runs/update', { ...RUN, status: 99 }),
    post('update back to running', 'runs/update', { ...RUN, status: 'RUNNING' }),
    post('update the name to nothing', 'runs/update', { ...RUN, run_name: '' }),
    post('update an unknown run', 'runs/update', { run_id: 'f'.repeat(32), status: 'FINISHED' }),
    post('update no run', 'runs/update', { status: 'FINISHED' }),
    post('update a malformed end_time', 'runs/update', { ...RUN, end_time: 'soon' }),
    post('name by set-tag', 'runs/set-tag', { ...RUN, key: 'mlflow.runName', value: 'r3' }),
    get('get named', 'runs/get', RUN),
    post('name deleted by delete-tag', 'runs/delete-tag', { ...RUN, key: 'mlflow.runName' }),
    get('get without its name tag', 'runs/get', RUN),
    post('update the name after', 'runs/update', { ...RUN, run_name: 'r4' }),
    get('get named again', 'runs/get', RUN),

    post('delete', 'runs/delete', RUN),
    get('get deleted', 'runs/get', RUN),
    post('delete again', 'runs/delete', RUN),
    post('log a metric to deleted', 'runs/log-metric', { ...RUN, key: 'm', value: 1, timestamp: 1 }),
    post('log a param to deleted', 'runs/log-parameter', { ...RUN, key: 'p', value: '1' }),
    post('set a tag on deleted', 'runs/set-tag', { ...RUN, key: 't', value: '1' }),
    post('delete a tag of deleted', 'runs/delete-tag', { ...RUN, key: 't' }),
    post('log a batch to deleted', 'runs/log-batch', {
      ...RUN,
      metrics: [{ key: 'm', value: 1, timestamp: 1, step: 0 }],
    }),
    post('update deleted', 'runs/update', { ...RUN, status: 'FINISHED' }),
    post('log inputs to deleted', 'runs/log-inputs', {
      ...RUN,
      datasets: [{ dataset: { name: 'd', digest: '1', source_type: 's', source: '{}' } }],
    }),
    post('restore', 'runs/restore', RUN),
    post('restore again', 'runs/restore', RUN),
    get('get restored', 'runs/get', RUN),
    post('delete unknown', 'runs/delete', { run_id: 'f'.repeat(32) }),
    post('restore unknown', 'runs/restore', { run_id: 'f'.repeat(32) }),
    post('delete nothing', 'runs/delete', {}),
    post('delete malformed', 'runs/delete', { run_id: '../x' }),
  ],
}
