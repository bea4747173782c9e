import { get, post, type Scenario } from '../step.ts'

const LONG = 'n'.repeat(500)

export const experiments: Scenario = {
  name: 'experiments',
  steps: [
    post(
      'create',
      'experiments/create',
      { name: 'exp', tags: [{ key: 'a', value: 'b' }] },
      {
        save: { exp: 'experiment_id' },
      },
    ),
    post(
      'create with location',
      'experiments/create',
      { name: 'exp-located', artifact_location: 's3://bucket/dir' },
      {
        save: { located: 'experiment_id' },
      },
    ),
    get('get with location', 'experiments/get', { experiment_id: '{{located}}' }),
    post(
      'create with an empty location',
      'experiments/create',
      { name: 'exp-empty', artifact_location: '' },
      {
        save: { empty: 'experiment_id' },
      },
    ),
    get('get with an empty location', 'experiments/get', { experiment_id: '{{empty}}' }),
    post('create with a query in its location', 'experiments/create', {
      name: 'e1',
      artifact_location: 's3://bucket/d?x=1',
    }),
    post('create with a fragment in its location', 'experiments/create', {
      name: 'e2',
      artifact_location: 's3://bucket/d#x',
    }),
    post('create with dots in its location', 'experiments/create', {
      name: 'e3',
      artifact_location: 'mlflow-artifacts:/../x',
    }),
    post('create in a bucket that is not configured', 'experiments/create', {
      name: 'e7',
      artifact_location: 's3://elsewhere/dir',
    }),
    post('create with a local path', 'experiments/create', {
      name: 'e4',
      artifact_location: '/tmp/somewhere',
    }),
    post('create with a file URI', 'experiments/create', {
      name: 'e5',
      artifact_location: 'file:///tmp/somewhere',
    }),
    post('create with a long location', 'experiments/create', {
      name: 'e6',
      artifact_location: `s3://bucket/${'x'.repeat(2050)}`,
    }),
    post('create twice', 'experiments/create', { name: 'exp' }),
    post('create without a name', 'experiments/create', {}),
    post('create with an empty name', 'experiments/create', { name: '' }),
    post('create with a name of spaces', 'experiments/create', { name: '   ' }),
    post(
      'create with a unicode name',
      'experiments/create',
      { name: 'ünïcödé/実験 🧪' },
      {
        save: { unicode: 'experiment_id' },
      },
    ),
    get('get by a unicode name', 'experiments/get-by-name', { experiment_name: 'ünïcödé/実験 🧪' }),
    post('create with a name of 500', 'experiments/create', { name: LONG }),
    post('create with a name of 501', 'experiments/create', { name: `${LONG}n` }),
    post('create with a tag without a value', 'experiments/create', {
      name: 'exp-tag1',
      tags: [{ key: 'k' }],
    }),
    get('get a tag without a value', 'experiments/get-by-name', { experiment_name: 'exp-tag1' }),
    post('create with a tag without a key', 'experiments/create', {
      name: 'exp-tag2',
      tags: [{ value: 'v' }],
    }),
    post('create with one tag twice', 'experiments/create', {
      name: 'exp-tag3',
      tags: [
        { key: 'k', value: '1' },
        { key: 'k', value: '2' },
      ],
    }),
    get('get one tag twice', 'experiments/get-by-name', { experiment_name: 'exp-tag3' }),

    get('get', 'experiments/get', { experiment_id: '{{exp}}' }),
    get('get by name', 'experiments/get-by-name', { experiment_name: 'exp' }),
    get('get the default', 'experiments/get', { experiment_id: '0' }),
    get('get unknown', 'experiments/get', { experiment_id: '99999' }),
    get('get not a number', 'experiments/get', { experiment_id: 'abc' }),
    get('get a negative id', 'experiments/get', { experiment_id: '-1' }),
    get('get with spaces', 'experiments/get', { experiment_id: ' 0 ' }),
    get('get beyond int64', 'experiments/get', { experiment_id: '99999999999999999999999' }),
    get('get with a plus', 'experiments/get', { experiment_id: '+0' }),
    get('get a fraction', 'experiments/get', { experiment_id: '1.0' }),
    get('get without id', 'experiments/get'),
    get('get an empty id', 'experiments/get', { experiment_id: '' }),
    get('get by unknown name', 'experiments/get-by-name', { experiment_name: 'nobody' }),
    get('get by name of another case', 'experiments/get-by-name', { experiment_name: 'EXP' }),
    get('get by no name', 'experiments/get-by-name'),

    post('set a tag', 'experiments/set-experiment-tag', { experiment_id: '{{exp}}', key: 'c', value: 'd' }),
    post('set it again', 'experiments/set-experiment-tag', {
      experiment_id: '{{exp}}',
      key: 'c',
      value: 'e',
    }),
    post('set an empty value', 'experiments/set-experiment-tag', {
      experiment_id: '{{exp}}',
      key: 'f',
      value: '',
    }),
    post('set no value', 'experiments/set-experiment-tag', { experiment_id: '{{exp}}', key: 'g' }),
    post('set no key', 'experiments/set-experiment-tag', { experiment_id: '{{exp}}', value: 'x' }),
    post('set a key with a slash', 'experiments/set-experiment-tag', {
      experiment_id: '{{exp}}',
      key: 'a/b',
      value: 'x',
    }),
    post('set a bad key', 'experiments/set-experiment-tag', {
      experiment_id: '{{exp}}',
      key: 'a$b',
      value: 'x',
    }),
    post('set a key out of its folder', 'experiments/set-experiment-tag', {
      experiment_id: '{{exp}}',
      key: '../b',
      value: 'x',
    }),
    post('set a key of 250', 'experiments/set-experiment-tag', {
      experiment_id: '{{exp}}',
      key: 'k'.repeat(250),
      value: 'x',
    }),
    post('set a key of 251', 'experiments/set-experiment-tag', {
      experiment_id: '{{exp}}',
      key: 'k'.repeat(251),
      value: 'x',
    }),
    post('set a value of 5000', 'experiments/set-experiment-tag', {
      experiment_id: '{{exp}}',
      key: 'v5000',
      value: 'x'.repeat(5000),
    }),
    post('set a value of 5001', 'experiments/set-experiment-tag', {
      experiment_id: '{{exp}}',
      key: 'v5001',
      value: 'x'.repeat(5001),
    }),
    post('set on unknown', 'experiments/set-experiment-tag', { experiment_id: '9999', key: 'c', value: 'd' }),
    get('get its tags', 'experiments/get', { experiment_id: '{{exp}}' }),
    post('delete a tag', 'experiments/delete-experiment-tag', { experiment_id: '{{exp}}', key: 'c' }),
    post('delete it again', 'experiments/delete-experiment-tag', { experiment_id: '{{exp}}', key: 'c' }),
    post('delete a tag of unknown', 'experiments/delete-experiment-tag', { experiment_id: '9999', key: 'c' }),
    post('delete no tag', 'experiments/delete-experiment-tag', { experiment_id: '{{exp}}' }),

    post(
      'create a run in it',
      'runs/create',
      { experiment_id: '{{exp}}', start_time: 5 },
      { save: { expRun: 'run.info.run_id' } },
    ),
    post('delete', 'experiments/delete', { experiment_id: '{{exp}}' }),
    get('get deleted', 'experiments/get', { experiment_id: '{{exp}}' }),
    get('get deleted by name', 'experiments/get-by-name', { experiment_name: 'exp' }),
    get('its run is deleted', 'runs/get', { run_id: '{{expRun}}' }),
    post('delete again', 'experiments/delete', { experiment_id: '{{exp}}' }),
    post('create with the name of a deleted one', 'experiments/create', { name: 'exp' }),
    post('rename deleted', 'experiments/update', { experiment_id: '{{exp}}', new_name: 'exp-x' }),
    post('tag deleted', 'experiments/set-experiment-tag', { experiment_id: '{{exp}}', key: 'c', value: 'd' }),
    post('delete a tag of deleted', 'experiments/delete-experiment-tag', {
      experiment_id: '{{exp}}',
      key: 'a',
    }),
    post('create a run in deleted', 'runs/create', { experiment_id: '{{exp}}' }),
    post('restore', 'experiments/restore', { experiment_id: '{{exp}}' }),
    post('restore again', 'experiments/restore', { experiment_id: '{{exp}}' }),
    get('its run is back', 'runs/get', { run_id: '{{expRun}}' }),
    post('rename', 'experiments/update', { experiment_id: '{{exp}}', new_name: 'exp-renamed' }),
    post('rename to the same', 'experiments/update', { experiment_id: '{{exp}}', new_name: 'exp-renamed' }),
    post('rename to a taken name', 'experiments/update', { experiment_id: '{{exp}}', new_name: 'Default' }),
    post('rename to nothing', 'experiments/update', { experiment_id: '{{exp}}', new_name: '' }),
    post('rename to 501', 'experiments/update', { experiment_id: '{{exp}}', new_name: 'n'.repeat(501) }),
    post('rename unknown', 'experiments/update', { experiment_id: '9999', new_name: 'x' }),
    post('rename with no new name', 'experiments/update', { experiment_id: '{{exp}}' }),
    get('get renamed', 'experiments/get', { experiment_id: '{{exp}}' }),
    post('delete unknown', 'experiments/delete', { experiment_id: '9999' }),
    post('restore unknown', 'experiments/restore', { experiment_id: '9999' }),
    post('delete not a number', 'experiments/delete', { experiment_id: 'abc' }),
    post('delete the default', 'experiments/delete', { experiment_id: '0' }),
    post('restore the default', 'experiments/restore', { experiment_id: '0' }),
  ],
}
