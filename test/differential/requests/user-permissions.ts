/** What is granted to users alone, and what all that they hold comes to. */
import { get, post } from '../step.ts'
import { by, byAdmin, PASSWORD } from './signed-in.ts'

const PERMISSIONS = '/api/3.0/mlflow/users/permissions'
const OWN = '/api/3.0/mlflow/users/current/permissions'

const resource = (json: object) => ({
  username: 'own-ann',
  resource_type: 'experiment',
  resource_id: '{{experiment}}',
  ...json,
})
const grant = (name: string, json: object = {}) =>
  post(name, `${PERMISSIONS}/grant`, resource({ permission: 'EDIT', ...json }))
const revoke = (name: string, json: object = {}) => post(name, `${PERMISSIONS}/revoke`, resource(json))
const check = (name: string, json: Record<string, string> = {}) =>
  get(name, `${PERMISSIONS}/get`, resource(json) as Record<string, string>)

export const userPermissions = byAdmin('user permissions', [
  post('a user', 'users/create', { username: 'own-ann', password: PASSWORD }),
  post('another user', 'users/create', { username: 'own-bob', password: PASSWORD }),
  post('an experiment', 'experiments/create', { name: 'granted' }, { save: { experiment: 'experiment_id' } }),
  check('check before'),
  grant('grant'),
  grant('grant twice'),
  check('check'),
  by('own-ann', post('use it', 'runs/create', { experiment_id: '{{experiment}}', start_time: 1 })),
  by('own-bob', post('use it without', 'runs/create', { experiment_id: '{{experiment}}', start_time: 1 })),
  by('own-bob', get('read it without', 'experiments/get-by-name', { experiment_name: 'granted' })),
  grant('grant a model that is not there', { resource_type: 'registered_model', resource_id: 'none' }),
  grant('grant all prompts', { resource_type: 'prompt', resource_id: '*', permission: 'DENY' }),
  grant('grant all runs', { resource_type: 'run', resource_id: '*', permission: 'READ' }),
  grant('grant one run', { resource_type: 'run', resource_id: '1' }),
  grant('grant a scorer', { resource_type: 'scorer', resource_id: '1/judge' }),
  grant('grant a workspace', { resource_type: 'workspace', resource_id: '*' }),
  grant('grant to nobody', { username: 'nobody' }),
  grant('grant a type there is none of', { resource_type: 'table' }),
  grant('grant a level there is none of', { permission: 'ALL' }),
  grant('grant nothing', { permission: 'NO_PERMISSIONS' }),
  grant('grant no id', { resource_id: '' }),
  post('grant without anything', `${PERMISSIONS}/grant`),
  post('grant without a level', `${PERMISSIONS}/grant`, resource({})),
  get('grant by GET', `${PERMISSIONS}/grant`),
  check('check a model', { resource_type: 'registered_model', resource_id: 'none' }),
  check('check a denied prompt', { resource_type: 'prompt', resource_id: 'any' }),
  check('check all runs', { resource_type: 'run', resource_id: '*' }),
  check('check one run', { resource_type: 'run', resource_id: '1' }),
  check('check a scorer', { resource_type: 'scorer', resource_id: '1/judge' }),
  check('check a scorer of no experiment', { resource_type: 'scorer', resource_id: 'judge' }),
  check('check an experiment that is not there', { resource_id: '999999' }),
  check('check a workspace', { resource_type: 'workspace', resource_id: '*' }),
  check('check a type there is none of', { resource_type: 'table' }),
  check('check nobody', { username: 'nobody' }),
  check('check an admin', { username: 'admin' }),
  get('check without anything', `${PERMISSIONS}/get`),
  get('check without an id', `${PERMISSIONS}/get`, { username: 'own-ann', resource_type: 'experiment' }),
  get('list', `${PERMISSIONS}/list`, { username: 'own-ann' }, { anyOrder: 'permissions' }),
  get('list of an admin', `${PERMISSIONS}/list`, { username: 'admin' }),
  get('list of nobody', `${PERMISSIONS}/list`, { username: 'nobody' }),
  get('list without a name', `${PERMISSIONS}/list`),
  get('list the own', OWN),
  by('own-ann', get('list the own, a user', OWN, {}, { anyOrder: 'permissions' })),
  by(
    'own-ann',
    get('list, oneself', `${PERMISSIONS}/list`, { username: 'own-ann' }, { anyOrder: 'permissions' }),
  ),
  by('own-bob', get('list, another', `${PERMISSIONS}/list`, { username: 'own-ann' })),
  by('own-ann', check('check, oneself')),
  by('own-bob', check('check, another')),
  by('own-ann', grant('grant, a user who may only edit', { username: 'own-bob' })),
  revoke('revoke'),
  revoke('revoke twice'),
  revoke('revoke from nobody', { username: 'nobody' }),
  revoke('revoke a type there is none of', { resource_type: 'table' }),
  revoke('revoke a workspace', { resource_type: 'workspace' }),
  post('revoke without anything', `${PERMISSIONS}/revoke`),
  by(
    'own-ann',
    post('make an experiment', 'experiments/create', { name: 'own' }, { save: { own: 'experiment_id' } }),
  ),
  by('own-ann', check('check the own experiment', { resource_id: '{{own}}' })),
  by('own-ann', grant('let another in', { username: 'own-bob', resource_id: '{{own}}', permission: 'READ' })),
  by('own-ann', grant('grant what is not there, a user', { username: 'own-bob', resource_id: '999999' })),
  by('own-ann', grant('grant all, a user', { username: 'own-bob', resource_id: '*' })),
  by('own-ann', post('make a model', 'registered-models/create', { name: 'own model' })),
  by(
    'own-ann',
    check('check the own model', { resource_type: 'registered_model', resource_id: 'own model' }),
  ),
  by(
    'own-ann',
    post('rename the model', 'registered-models/rename', { name: 'own model', new_name: 'renamed' }),
  ),
  by(
    'own-ann',
    check('check the renamed model', { resource_type: 'registered_model', resource_id: 'renamed' }),
  ),
  by('own-ann', revoke('let the other out', { username: 'own-bob', resource_id: '{{own}}' })),
  get('list in the end', `${PERMISSIONS}/list`, { username: 'own-ann' }, { anyOrder: 'permissions' }),
])
