/** What holds for every endpoint: paths, methods, bodies, hosts, origins. */
import { get, post, type Scenario, sendRaw } from '../step.ts'

const JSON_TYPE = { 'content-type': 'application/json' }
const GUARDS = ['x-content-type-options', 'x-frame-options']

export const http: Scenario = {
  name: 'http',
  steps: [
    get('health', '/health'),
    get('version', '/version'),
    get('server-info', '/api/3.0/mlflow/server-info'),
    get('server-info for the UI', '/ajax-api/3.0/mlflow/server-info'),
    get('unknown path', 'nope'),
    get('unknown path of the UI', '/ajax-api/2.0/mlflow/nope'),
    get('no login: current user', '/ajax-api/2.0/mlflow/users/current'),
    get('no login: users', 'users/list'),
    get('wrong method: GET', 'runs/create'),
    post('wrong method: POST', 'experiments/get', { experiment_id: '0' }),
    get('other API version', '/api/1.0/mlflow/experiments/get', { experiment_id: '0' }),
    get('API version 3.0 of a 2.0 endpoint', '/api/3.0/mlflow/experiments/get', { experiment_id: '0' }),
    get('trailing slash', 'experiments/get/', { experiment_id: '0' }),
    get('UI prefix', '/ajax-api/2.0/mlflow/experiments/get', { experiment_id: '0' }),
    get('answer headers', 'experiments/get', { experiment_id: '0' }, { compareHeaders: GUARDS }),
    get('error headers', 'experiments/get', { experiment_id: '99' }, { compareHeaders: GUARDS }),

    sendRaw('POST', 'malformed JSON', 'experiments/create', '{', { headers: JSON_TYPE }),
    sendRaw('POST', 'malformed JSON of a run', 'runs/create', '{', { headers: JSON_TYPE }),
    sendRaw('POST', 'empty body', 'experiments/create', '', { headers: JSON_TYPE }),
    sendRaw('POST', 'JSON null', 'experiments/create', 'null', { headers: JSON_TYPE }),
    sendRaw('POST', 'JSON array', 'experiments/create', '[1]', { headers: JSON_TYPE }),
    sendRaw('POST', 'JSON number', 'experiments/create', '1', { headers: JSON_TYPE }),
    sendRaw('POST', 'JSON in a JSON string', 'experiments/create', '"{\\"name\\":\\"http-doubled\\"}"', {
      headers: JSON_TYPE,
    }),
    sendRaw('POST', 'text', 'experiments/create', '{"name":"http-text"}', {
      headers: { 'content-type': 'text/plain' },
    }),
    sendRaw('POST', 'form', 'experiments/create', '{"name":"http-form"}', {
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    }),
    sendRaw('POST', 'no content type', 'experiments/create', '{"name":"http-none"}'),
    sendRaw('POST', 'content type with charset', 'experiments/create', '{"name":"http-charset"}', {
      headers: { 'content-type': 'application/json; charset=utf-8' },
    }),
    post('unknown field', 'experiments/create', { name: 'http-unknown', zzz: { deep: [1] } }),
    post('camelCase', 'experiments/create', { name: 'http-camel', artifactLocation: 's3://bucket/camel' }),
    post('both spellings', 'experiments/create', {
      name: 'x',
      artifactLocation: 'a',
      artifact_location: 'b',
    }),
    post('null is unset', 'experiments/create', { name: null }),
    post('null optional', 'experiments/create', { name: 'http-null', artifact_location: null, tags: null }),
    post('wrong type: number', 'experiments/create', { name: 5 }),
    post('wrong type: boolean', 'experiments/create', { name: true }),
    post('wrong type: list', 'experiments/create', { name: ['x'] }),
    post('wrong type: object', 'experiments/create', { name: { a: 1 } }),
    post('wrong type: a list of a message', 'experiments/create', { name: 'http-x', tags: { key: 'a' } }),
    post('wrong type: in a list', 'experiments/create', { name: 'http-x', tags: ['a'] }),
    get('repeated scalar in a query', 'experiments/get', { experiment_id: ['0', '1'] }),
    get('unknown query parameter', 'experiments/get', { experiment_id: '0', zzz: '1' }),
    sendRaw('GET', 'GET with a JSON body', 'experiments/get', '{"experiment_id":"0"}', {
      headers: JSON_TYPE,
    }),

    get('foreign host', 'experiments/get', { experiment_id: '0' }, { headers: { host: 'evil.example' } }),
    get(
      'host that begins like localhost',
      'experiments/get',
      { experiment_id: '0' },
      {
        headers: { host: 'localhost.evil.example' },
      },
    ),
    get(
      'host: private address',
      'experiments/get',
      { experiment_id: '0' },
      { headers: { host: '10.1.2.3:5000' } },
    ),
    get(
      'host: private address, 172',
      'experiments/get',
      { experiment_id: '0' },
      {
        headers: { host: '172.20.0.3:5000' },
      },
    ),
    get('host: public address', 'experiments/get', { experiment_id: '0' }, { headers: { host: '8.8.8.8' } }),
    get(
      'host: localhost, no port',
      'experiments/get',
      { experiment_id: '0' },
      { headers: { host: 'localhost' } },
    ),
    get('host: ::1', 'experiments/get', { experiment_id: '0' }, { headers: { host: '[::1]:5000' } }),
    get('foreign host on health', '/health', {}, { headers: { host: 'evil.example' } }),
    get('foreign host on version', '/version', {}, { headers: { host: 'evil.example' } }),
    post(
      'foreign origin',
      'experiments/search',
      { max_results: 1 },
      { headers: { origin: 'http://evil.example' } },
    ),
    post(
      'foreign origin on the UI prefix',
      '/ajax-api/2.0/mlflow/experiments/search',
      { max_results: 1 },
      {
        headers: { origin: 'http://evil.example' },
      },
    ),
    post('origin null', 'experiments/search', { max_results: 1 }, { headers: { origin: 'null' } }),
    post(
      'origin that begins like localhost',
      'experiments/search',
      { max_results: 1 },
      {
        headers: { origin: 'http://localhost.evil.example' },
      },
    ),
    get(
      'foreign origin may read',
      'experiments/get',
      { experiment_id: '0' },
      {
        headers: { origin: 'http://evil.example' },
        compareHeaders: ['access-control-allow-origin'],
      },
    ),
    get(
      'local origin',
      'experiments/get',
      { experiment_id: '0' },
      {
        headers: { origin: 'http://localhost:3000' },
        compareHeaders: ['access-control-allow-origin'],
      },
    ),
    post(
      'local origin may write',
      'experiments/create',
      { name: 'http-origin' },
      {
        headers: { origin: 'http://localhost:3000' },
      },
    ),
  ],
}
