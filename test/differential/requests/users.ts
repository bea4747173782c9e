/** Users, and who may speak of them. */
import { get, patch, post, remove, sendRaw } from '../step.ts'
import { by, byAdmin, byQuery, PASSWORD, unsigned } from './signed-in.ts'

const JSON_BODY = { headers: { 'content-type': 'application/json' } }
const FORM = { headers: { 'content-type': 'application/x-www-form-urlencoded' } }
const CHANGED = 'another long password'

const create = (name: string, json: unknown) => post(name, 'users/create', json)

export const users = byAdmin('users', [
  get('who am I', 'users/current'),
  get('list the first', 'users/list'),
  create('create', { username: 'ann', password: PASSWORD }),
  create('create another', { username: 'bob', password: PASSWORD }),
  create('create one with an odd name', { username: 'größe: 1/2', password: PASSWORD }),
  create('create twice', { username: 'ann', password: PASSWORD }),
  create('create nobody', {}),
  create('create without a password', { username: 'x' }),
  create('create without a name', { password: PASSWORD }),
  create('create with no name', { username: '', password: PASSWORD }),
  create('create with no password', { username: 'x', password: '' }),
  create('create with null', { username: 'x', password: null }),
  create('create with a short password', { username: 'x', password: 'short' }),
  create('create with eleven characters', { username: 'x', password: 'x'.repeat(11) }),
  create('create with a number for a password', { username: 'x', password: 123_456_789_012 }),
  create('create from a list', []),
  sendRaw('POST', 'create from a form', 'users/create', `username=x&password=${PASSWORD}`, FORM),
  sendRaw('POST', 'create from broken JSON', 'users/create', '{', JSON_BODY),
  sendRaw('POST', 'create from nothing', 'users/create', ''),
  get('create by GET', 'users/create'),
  get('get', 'users/get', { username: 'ann' }),
  get('get one with an odd name', 'users/get', { username: 'größe: 1/2' }),
  get('get nobody', 'users/get', { username: 'nobody' }),
  get('get without a name', 'users/get'),
  get('get with no name', 'users/get', { username: '' }),
  post('get by POST', 'users/get', { username: 'ann' }),
  get('get as the UI does', '/ajax-api/2.0/mlflow/users/get', { username: 'ann' }),
  get('list', 'users/list', {}, { anyOrder: 'users' }),
  post('list by POST', 'users/list'),
  get('list at another version', '/api/3.0/mlflow/users/list'),

  patch('make an admin', 'users/update-admin', { username: 'bob', is_admin: true }),
  get('an admin', 'users/get', { username: 'bob' }),
  by('bob', get('who is an admin', 'users/current')),
  patch('make an admin no more', 'users/update-admin', { username: 'bob', is_admin: false }),
  patch('make an admin of nobody', 'users/update-admin', { username: 'nobody', is_admin: true }),
  patch('make an admin without saying so', 'users/update-admin', { username: 'ann' }),
  patch('make an admin without a name', 'users/update-admin', { is_admin: true }),
  patch('make an admin with text', 'users/update-admin', { username: 'ann', is_admin: 'yes' }),
  post('make an admin by POST', 'users/update-admin', { username: 'ann', is_admin: true }),

  patch('change a password', 'users/update-password', { username: 'bob', password: CHANGED }),
  by('bob', get('the old password', 'users/current')),
  by('bob', get('the new password', 'users/current'), CHANGED),
  patch('change to a short password', 'users/update-password', { username: 'bob', password: 'short' }),
  patch('change to no password', 'users/update-password', { username: 'bob', password: '' }),
  patch('change without a password', 'users/update-password', { username: 'bob' }),
  patch('change nobody’s password', 'users/update-password', { username: 'nobody', password: CHANGED }),
  patch('change nobody’s to a short one', 'users/update-password', { username: 'nobody', password: 'x' }),
  patch('change a password without a name', 'users/update-password', { password: CHANGED }),
  patch('change the own password unasked', 'users/update-password', {
    username: 'admin',
    password: CHANGED,
  }),
  by(
    'ann',
    patch('change the own password', 'users/update-password', {
      username: 'ann',
      password: CHANGED,
      current_password: PASSWORD,
    }),
  ),
  by(
    'ann',
    patch('change it to the same', 'users/update-password', {
      username: 'ann',
      password: CHANGED,
      current_password: CHANGED,
    }),
    CHANGED,
  ),
  by(
    'ann',
    patch('change it with a wrong one', 'users/update-password', {
      username: 'ann',
      password: PASSWORD,
      current_password: 'not the password',
    }),
    CHANGED,
  ),
  by(
    'ann',
    patch('change it without the current one', 'users/update-password', {
      username: 'ann',
      password: PASSWORD,
    }),
    CHANGED,
  ),
  by(
    'ann',
    patch('change it to a short one', 'users/update-password', {
      username: 'ann',
      password: 'short',
      current_password: CHANGED,
    }),
    CHANGED,
  ),
  patch('change it back', 'users/update-password', { username: 'ann', password: PASSWORD }),

  by('ann', get('who am I, a user', 'users/current')),
  by('ann', get('get oneself', 'users/get', { username: 'ann' })),
  by('ann', get('get another', 'users/get', { username: 'bob' })),
  by('ann', get('get nobody, a user', 'users/get', { username: 'nobody' })),
  by('ann', get('get without a name, a user', 'users/get')),
  by('ann', get('list, a user', 'users/list', {}, { anyOrder: 'users' })),
  by('ann', create('create, a user', { username: 'x', password: PASSWORD })),
  by('ann', patch('make an admin, a user', 'users/update-admin', { username: 'ann', is_admin: true })),
  by(
    'ann',
    patch('change a password, a user', 'users/update-password', { username: 'bob', password: PASSWORD }),
  ),
  by('ann', remove('delete, a user', 'users/delete', { username: 'ann' })),
  by('ann', get('read an experiment, a user', 'experiments/get', { experiment_id: '0' })),
  by('ann', post('delete an experiment, a user', 'experiments/delete', { experiment_id: '0' })),
  by(
    'ann',
    sendRaw('POST', 'send the form, a user', 'users/create-ui', `username=x&password=${PASSWORD}`, FORM),
  ),
  by('nobody', get('a user there is none of', 'users/current')),
  unsigned(get('nobody', 'users/current', {}, { compareHeaders: ['www-authenticate'] })),
  unsigned(get('nobody at a path that leads nowhere', 'no/such/path')),
  { ...get('nobody, by a token', 'users/current'), headers: { authorization: 'Bearer x' } },
  { ...get('nobody, by what is no name', 'users/current'), headers: { authorization: 'Basic x' } },
  unsigned(get('nobody, at the health', '/health')),
  unsigned(get('nobody, at the version', '/version')),
  unsigned(get('nobody, at the form', '/signup')),

  byQuery('DELETE', get('delete by the query', 'users/delete', { username: 'bob' })),
  remove('delete twice', 'users/delete', { username: 'bob' }),
  remove('delete', 'users/delete', { username: 'größe: 1/2' }),
  remove('delete by both', '/api/2.0/mlflow/users/delete?username=ann', {}),
  remove('delete oneself', 'users/delete', { username: 'admin' }),
  remove('delete without a name', 'users/delete', {}),
  byQuery('DELETE', get('delete without anything', 'users/delete')),
  post('delete by POST', 'users/delete', { username: 'ann' }),
  get('list in the end', 'users/list', {}, { anyOrder: 'users' }),
])
