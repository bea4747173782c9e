import type { FastifyInstance } from 'fastify'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { buildApp } from '../../server/app.ts'
import { ADMIN_PASSWORD, loginContext } from './login-support.ts'
import { testApp } from './support.ts'

// Each password takes a core for a tenth of a second.
vi.setConfig({ testTimeout: 60_000 })

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'

const PASSWORD = 'correct horse battery'

/** A server with a login, asked as one user or another. */
async function lockedServer(settings: Parameters<typeof loginContext>[0] = {}) {
  const { context, login } = await loginContext(settings)
  const app = buildApp(context)
  onTestFinished(() => app.close())
  const admin = asUser(app, 'admin', ADMIN_PASSWORD)
  const make = async (username: string) => {
    await admin('POST', 'users/create', { username, password: PASSWORD })
    return asUser(app, username, PASSWORD)
  }
  return { app, admin, make, login }
}

function asUser(app: FastifyInstance, username: string, password: string) {
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  return async (method: Method, path: string, json: object = {}) => {
    const version = /^roles|^users\/(roles|permissions|current\/)/.test(path) ? '3.0' : '2.0'
    const url = `/api/${version}/mlflow/${path}`
    const headers = { authorization, 'content-type': 'application/json' }
    const answer = await app.inject(
      method === 'GET'
        ? { method, url, headers: { authorization }, query: json as Record<string, string> }
        : { method, url, headers, payload: JSON.stringify(json) },
    )
    return { status: answer.statusCode, body: answer.json() }
  }
}

describe('the last administrator', () => {
  const LEFT = { error_code: 'BAD_REQUEST', message: expect.stringContaining('Make another user') }
  const isAdmin = (username: string, is_admin: boolean) => ({ username, is_admin })

  it('stays one, and may go when there is another', async () => {
    const { admin, make } = await lockedServer()
    expect(await admin('PATCH', 'users/update-admin', isAdmin('admin', false))).toEqual({
      status: 400,
      body: LEFT,
    })
    const ann = await make('ann')
    await admin('PATCH', 'users/update-admin', isAdmin('ann', true))
    const both = await Promise.all([
      ann('PATCH', 'users/update-admin', isAdmin('admin', false)),
      admin('PATCH', 'users/update-admin', isAdmin('ann', false)),
    ])
    // Each has taken the other's right, or heard that it is too late.
    expect(both.map(({ status }) => status).filter((status) => status === 200)).toHaveLength(1)
  })

  it('may be one by a role, which nothing takes away then', async () => {
    const { admin, make, login } = await lockedServer()
    const ann = await make('ann')
    const { role } = (await admin('POST', 'roles/create', { name: 'admin', workspace: 'default' })).body
    const all = { role_id: role.id, resource_type: 'workspace', resource_pattern: '*', permission: 'MANAGE' }
    const { role_permission } = (await admin('POST', 'roles/permissions/add', all)).body
    const held = { username: 'ann', role_id: role.id }
    await admin('POST', 'roles/assign', held)
    expect((await ann('DELETE', 'users/delete', { username: 'admin' })).status).toBe(200)
    const role_permission_id = role_permission.id
    for (const [method, path, json] of [
      ['DELETE', 'roles/unassign', held],
      ['DELETE', 'roles/delete', { role_id: role.id }],
      ['DELETE', 'roles/permissions/remove', { role_permission_id }],
      ['PATCH', 'roles/permissions/update', { role_permission_id, permission: 'USE' }],
    ] as const) {
      expect([path, await ann(method, path, json)]).toEqual([path, { status: 400, body: LEFT }])
    }
    login.users.forgetAll()
    expect((await ann('GET', 'users/current')).body.user).toMatchObject({ username: 'ann', is_admin: true })
  })
})

describe('signing in with a password', () => {
  it('is asked of everybody, and answered the same whoever is unknown or wrong', async () => {
    const { app, admin } = await lockedServer()
    const path = 'experiments/search'
    expect((await admin('POST', path, { max_results: 1 })).status).toBe(200)
    const wrong = await asUser(app, 'admin', 'not the password')('POST', path, { max_results: 1 })
    expect(wrong.status).toBe(401)
    for (const name of ['nobody', '', 'nobody\0', 'x'.repeat(5_000)]) {
      expect(await asUser(app, name, PASSWORD)('POST', path, { max_results: 1 })).toEqual(wrong)
    }
    const url = `/api/2.0/mlflow/${path}?max_results=1`
    for (const authorization of ['Basic', 'Basic !!!', 'Basic YWRtaW4=']) {
      const { statusCode, headers } = await app.inject({ url, headers: { authorization } })
      expect(statusCode).toBe(401)
      expect(headers['www-authenticate']).toBe('Basic realm="mlflow"')
    }
  })

  it('ends at once with a new password, for an admin no more, and for a user who is gone', async () => {
    const { app, admin, make } = await lockedServer()
    const ann = await make('ann')
    expect((await ann('GET', 'users/current')).body).toEqual({
      user: { id: expect.any(Number), username: 'ann', is_admin: false },
      is_basic_auth: true,
    })
    expect((await ann('GET', 'roles/list')).status).toBe(403)
    expect((await admin('PATCH', 'users/update-admin', { username: 'ann', is_admin: true })).status).toBe(200)
    expect((await ann('GET', 'roles/list')).status).toBe(200)
    await admin('PATCH', 'users/update-admin', { username: 'ann', is_admin: false })
    expect((await ann('GET', 'roles/list')).status).toBe(403)
    const password = 'another long password'
    expect((await admin('PATCH', 'users/update-password', { username: 'ann', password })).status).toBe(200)
    expect((await ann('GET', 'users/current')).status).toBe(401)
    const again = asUser(app, 'ann', password)
    expect((await again('GET', 'users/current')).status).toBe(200)
    expect((await admin('DELETE', 'users/delete', { username: 'ann' })).status).toBe(200)
    expect((await again('GET', 'users/current')).status).toBe(401)
  })
})

describe('a user', () => {
  it('reads and changes itself, and nobody else', async () => {
    const { admin, make } = await lockedServer()
    const [ann] = [await make('ann'), await make('bob')]
    expect((await ann('GET', 'users/get', { username: 'ann' })).body.user.username).toBe('ann')
    for (const [method, path, json] of [
      ['GET', 'users/get', { username: 'bob' }],
      ['GET', 'users/get', { username: 'no such user' }],
      ['GET', 'users/permissions/list', { username: 'bob' }],
      ['GET', 'users/roles/list', { username: 'bob' }],
      ['GET', 'users/permissions/get', { username: 'bob', resource_type: 'run', resource_id: '*' }],
      ['PATCH', 'users/update-password', { username: 'bob', password: PASSWORD }],
      ['PATCH', 'users/update-admin', { username: 'ann', is_admin: true }],
      ['POST', 'users/create', { username: 'eve', password: PASSWORD }],
      ['DELETE', 'users/delete', { username: 'bob' }],
      ['POST', 'roles/create', { name: 'mine', workspace: 'default' }],
      ['POST', 'roles/assign', { username: 'ann', role_id: 1 }],
      [
        'POST',
        'roles/permissions/add',
        { role_id: 1, resource_type: 'run', resource_pattern: '*', permission: 'EDIT' },
      ],
    ] as const) {
      expect([path, (await ann(method, path, json)).status]).toEqual([path, 403])
    }
    const change = (json: object) => ann('PATCH', 'users/update-password', { username: 'ann', ...json })
    expect(await change({ password: 'x'.repeat(12) })).toMatchObject({
      status: 400,
      body: { message: 'Current password is required when changing your own password.' },
    })
    expect((await change({ password: 'x'.repeat(12), current_password: 'wrong' })).body.message).toBe(
      'Current password does not match.',
    )
    expect((await change({ password: 'short', current_password: PASSWORD })).status).toBe(400)
    expect((await change({ password: 'x'.repeat(12), current_password: PASSWORD })).status).toBe(200)
    expect((await admin('DELETE', 'users/delete', { username: 'admin' })).status).toBe(400)
  })

  it('manages what it has made, lets others in and out again', async () => {
    const { make } = await lockedServer({ defaultPermission: 'NO_PERMISSIONS' })
    const [ann, bob] = [await make('ann'), await make('bob')]
    const { experiment_id: id } = (await ann('POST', 'experiments/create', { name: 'of ann' })).body
    const reads = async (who: typeof ann) =>
      (await who('GET', 'experiments/get', { experiment_id: id })).status
    expect(await reads(ann)).toBe(200)
    expect(await reads(bob)).toBe(403)
    const grant = { username: 'bob', resource_type: 'experiment', resource_id: id }
    expect((await bob('POST', 'users/permissions/grant', { ...grant, permission: 'READ' })).status).toBe(403)
    expect((await ann('POST', 'users/permissions/grant', { ...grant, permission: 'READ' })).status).toBe(200)
    expect(await reads(bob)).toBe(200)
    expect((await bob('GET', 'users/permissions/get', grant)).body).toEqual({
      allowed: false,
      permission: 'READ',
    })
    for (const resource_id of ['*', '999']) {
      const more = { ...grant, resource_id, permission: 'MANAGE' }
      expect((await ann('POST', 'users/permissions/grant', more)).status).toBe(403)
    }
    expect((await ann('POST', 'users/permissions/revoke', grant)).status).toBe(200)
    expect(await reads(bob)).toBe(403)
  })

  it('has no right left to a model of a name that was another one’s', async () => {
    const { make } = await lockedServer({ defaultPermission: 'NO_PERMISSIONS' })
    const [ann, bob] = [await make('ann'), await make('bob')]
    const reads = async (who: typeof ann, name: string) =>
      (await who('GET', 'registered-models/get', { name })).status
    await ann('POST', 'registered-models/create', { name: 'model' })
    await ann('POST', 'registered-models/rename', { name: 'model', new_name: 'other' })
    expect(await reads(ann, 'other')).toBe(200)
    await bob('POST', 'registered-models/create', { name: 'model' })
    expect(await reads(ann, 'model')).toBe(403)
    await ann('DELETE', 'registered-models/delete', { name: 'other' })
    await bob('POST', 'registered-models/create', { name: 'other' })
    expect(await reads(ann, 'other')).toBe(403)
    expect(await reads(bob, 'other')).toBe(200)
  })
})

describe('a role', () => {
  it('gives whoever holds it what it grants', async () => {
    const { admin, make } = await lockedServer({ defaultPermission: 'NO_PERMISSIONS' })
    const ann = await make('ann')
    const { experiment_id: id } = (await admin('POST', 'experiments/create', { name: 'e' })).body
    const reads = async () => (await ann('GET', 'experiments/get', { experiment_id: id })).status
    expect((await ann('GET', 'roles/list', { workspace: 'default' })).status).toBe(403)
    const { role } = (await admin('POST', 'roles/create', { name: 'readers', workspace: 'default' })).body
    expect(role).toEqual({
      id: role.id,
      name: 'readers',
      workspace: 'default',
      description: null,
      permissions: [],
    })
    await admin('POST', 'roles/assign', { username: 'ann', role_id: role.id })
    expect(await reads()).toBe(403)
    const permission = {
      role_id: role.id,
      resource_type: 'experiment',
      resource_pattern: '*',
      permission: 'READ',
    }
    const added = (await admin('POST', 'roles/permissions/add', permission)).body.role_permission
    expect(added).toEqual({ id: added.id, ...permission })
    expect(await reads()).toBe(200)
    const listed = (await ann('GET', 'roles/list', { workspace: 'default' })).body.roles
    expect(listed.map(({ name }: { name: string }) => name)).toEqual(['readers'])
    const all: { id: number }[] = (await admin('GET', 'roles/list')).body.roles
    // What is granted to others names what may be hidden from her.
    for (const role_id of [all.find(({ id }) => id !== role.id)?.id, 4711]) {
      for (const path of ['roles/get', 'roles/permissions/list']) {
        expect((await ann('GET', path, { role_id })).status).toBe(403)
        expect((await ann('GET', path, { role_id: role.id })).status).toBe(200)
      }
    }
    expect((await ann('GET', 'roles/list', { workspace: 'other' })).status).toBe(403)
    const denied = { role_permission_id: added.id, permission: 'DENY' }
    expect((await admin('PATCH', 'roles/permissions/update', denied)).body.role_permission.permission).toBe(
      'DENY',
    )
    expect(await reads()).toBe(403)
    await admin('DELETE', 'roles/permissions/remove', { role_permission_id: added.id })
    await admin('POST', 'roles/permissions/add', permission)
    expect((await admin('GET', 'roles/users/list', { role_id: role.id })).body.assignments).toHaveLength(1)
    await admin('DELETE', 'roles/delete', { role_id: role.id })
    expect(await reads()).toBe(403)
    expect((await admin('GET', 'users/roles/list', { username: 'ann' })).body).toEqual({ roles: [] })
  })
})

describe('the page for a new user', () => {
  const sent = (cookie: string, body: object) => ({
    method: 'POST' as const,
    url: '/api/2.0/mlflow/users/create-ui',
    headers: {
      authorization: `Basic ${Buffer.from(`admin:${ADMIN_PASSWORD}`).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
      cookie,
    },
    payload: new URLSearchParams(body as Record<string, string>).toString(),
  })

  it('is for admins, and its form for who has opened it', async () => {
    const { app, admin, make } = await lockedServer()
    await make('ann')
    const authorization = (name: string, password: string) => ({
      authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
    })
    expect((await app.inject({ url: '/signup', headers: authorization('ann', PASSWORD) })).statusCode).toBe(
      403,
    )
    const page = await app.inject({ url: '/signup', headers: authorization('admin', ADMIN_PASSWORD) })
    const cookie = String(page.headers['set-cookie'])
    expect(cookie).toMatch(/; HttpOnly; SameSite=Strict$/)
    const token = /name="csrf_token" value="([0-9a-f]+)"/.exec(page.body)?.[1] ?? ''
    const user = { username: 'bob', password: PASSWORD }
    expect((await app.inject(sent('', { ...user, csrf_token: token }))).statusCode).toBe(400)
    expect((await app.inject(sent(cookie, { ...user, csrf_token: 'f'.repeat(48) }))).statusCode).toBe(400)
    expect((await app.inject(sent(cookie, user))).statusCode).toBe(400)
    expect((await admin('GET', 'users/get', { username: 'bob' })).status).toBe(404)
    const made = await app.inject(sent(cookie, { ...user, csrf_token: token }))
    expect([made.statusCode, made.headers.location]).toEqual([303, '/'])
    expect((await admin('GET', 'users/get', { username: 'bob' })).status).toBe(200)
  })
})

it('has none of it while no login is on', async () => {
  const app = await testApp()
  const missing = (await app.inject('/api/2.0/mlflow/no/such/path')).json()
  for (const url of ['/api/2.0/mlflow/users/current', '/ajax-api/3.0/mlflow/roles/list', '/signup']) {
    const answer = await app.inject(url)
    expect(answer.statusCode).toBe(404)
    expect(answer.json()).toEqual({ ...missing, message: `No endpoint at GET ${url}` })
  }
})
