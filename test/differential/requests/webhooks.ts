/** Webhooks to addresses that need no resolving; none of them is ever connected to. */
import { get, patch, post, remove, type Scenario } from '../step.ts'

const URL = 'https://8.8.8.8/hook'
const EVENTS = [{ entity: 'REGISTERED_MODEL', action: 'CREATED' }]
const hook = (name: string, more: object = {}) =>
  post(name, 'webhooks', { name: 'hook', url: URL, events: EVENTS, ...more })

export const webhooks: Scenario = {
  name: 'webhooks',
  steps: [
    get('none', 'webhooks'),
    post(
      'create',
      'webhooks',
      { name: 'first', url: URL, events: EVENTS, description: 'd' },
      { save: { id: 'webhook.webhook_id' } },
    ),
    get('get', 'webhooks/{{id}}'),
    post(
      'create disabled, of many events',
      'webhooks',
      {
        name: 'many',
        url: URL,
        status: 'DISABLED',
        events: [
          { entity: 'PROMPT_TAG', action: 'SET' },
          { entity: 'MODEL_VERSION_ALIAS', action: 'DELETED' },
          { entity: 'MODEL_VERSION_ALIAS', action: 'CREATED' },
        ],
      },
      { save: { many: 'webhook.webhook_id' } },
    ),
    get('list', 'webhooks'),
    get('list one', 'webhooks', { max_results: '1' }, { save: { page: 'next_page_token' } }),
    get('list the next', 'webhooks', { max_results: '1', page_token: '{{page}}' }),
    get('list 0', 'webhooks', { max_results: '0' }),
    get('list 1001', 'webhooks', { max_results: '1001' }),
    get('list -1', 'webhooks', { max_results: '-1' }),
    get('list with a bad token', 'webhooks', { page_token: 'zzz' }),
    post('create nothing', 'webhooks', {}),
    post('create without a URL', 'webhooks', { name: 'x' }),
    post('create without events', 'webhooks', { name: 'x', url: URL }),
    hook('create with no events', { events: [] }),
    hook('create with events that are text', { events: 'x' }),
    hook('create with a name that is a number', { name: 1 }),
    hook('create with an unknown entity', { events: [{ entity: 'NOPE', action: 'CREATED' }] }),
    hook('create with an empty event', { events: [{}] }),
    hook('create with an event there is none of', {
      events: [{ entity: 'REGISTERED_MODEL', action: 'SET' }],
    }),
    hook('create with an event twice', { events: [...EVENTS, ...EVENTS] }),
    hook('create with a bad name', { name: '-a' }),
    hook('create with a name of 64', { name: 'n'.repeat(64) }),
    hook('create with http', { url: 'http://8.8.8.8/' }),
    hook('create with file', { url: 'file:///etc/passwd' }),
    hook('create with a blank URL', { url: ' ' }),
    hook('create without a host', { url: 'https://' }),
    hook('create to this machine', { url: 'https://127.0.0.1/' }),
    hook('create to this machine as a number', { url: 'https://2130706433/' }),
    hook('create to the cloud’s metadata', { url: 'https://169.254.169.254/' }),
    hook('create to a private network', { url: 'https://10.0.0.1/' }),
    hook('create to a wrapped address', { url: 'https://[::ffff:127.0.0.1]/' }),
    hook('create with a user', { url: 'https://user@8.8.8.8/' }),
    hook('create with a space', { url: 'https://8.8.8.8/a b' }),
    hook('create with a long description', { description: 'd'.repeat(1001) }),
    hook('create with a secret', { secret: 's' }),
    patch('update', 'webhooks/{{id}}', { name: 'other', status: 'DISABLED', description: '' }),
    patch('update events', 'webhooks/{{id}}', { events: [{ entity: 'PROMPT', action: 'CREATED' }] }),
    patch('update nothing', 'webhooks/{{id}}', {}),
    patch('update to no name', 'webhooks/{{id}}', { name: '' }),
    patch('update to a bad name', 'webhooks/{{id}}', { name: 'a/b' }),
    patch('update to this machine', 'webhooks/{{id}}', { url: 'https://127.0.0.1/' }),
    get('get as updated', 'webhooks/{{id}}'),
    remove('delete', 'webhooks/{{many}}'),
    remove('delete again', 'webhooks/{{many}}'),
    get('get unknown', 'webhooks/nope'),
    patch('update unknown', 'webhooks/nope', { name: 'x' }),
    remove('delete unknown', 'webhooks/nope'),
    post('test unknown', 'webhooks/nope/test'),
    post('test an event there is none of', 'webhooks/{{id}}/test', {
      event: { entity: 'PROMPT', action: 'SET' },
    }),
  ],
}
