/** A database of users that MLflow has made goes to us and back again. */
import type { FastifyInstance } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { buildApp } from '../../server/app.ts'
import { loginContext } from '../server/login-support.ts'
import { temporaryFolder, testContext, testDatabase } from '../server/support.ts'
import { mlflowEnvironment } from '../support/mlflow.ts'
import { emptyDatabase, hasPostgres } from '../support/postgres.ts'
import { runScript } from './scripts.ts'

const mlflow = await mlflowEnvironment()

/** Of every user that login_store.py makes. */
const PASSWORD = 'correct horse battery'
const CHANGED = 'another long password'
const BACKENDS = hasPostgres() ? ['SQLite', 'PostgreSQL'] : ['SQLite']

const RESOURCES = [
  ['experiment', '1'],
  ['experiment', '2'],
  ['run', '*'],
  ['scorer', '1/judge'],
  ['registered_model', 'model'],
  ['registered_model', 'of eve'],
  ['prompt', 'größe'],
  ['prompt', 'another'],
] as const

type Described = Record<
  string,
  { is_admin: boolean; passwords: string[]; grants: string[][]; levels: Record<string, string> }
>
type Call = (
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path: string,
  json?: Record<string, unknown>,
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers of any shape
) => Promise<{ status: number; body: any }>

describe.skipIf(!mlflow).each(BACKENDS)('a database of users on %s', (backend) => {
  it('made by MLflow, works here and back again', { timeout: 240_000 }, async () => {
    if (!mlflow) return
    const backendStoreUri = await testDatabase(await temporaryFolder())
    await makeResources(backendStoreUri)
    const uri = backend === 'PostgreSQL' ? await emptyDatabase() : `sqlite:///${await temporaryFolder()}/u.db`
    const asked = JSON.stringify({ passwords: [PASSWORD, CHANGED], resources: RESOURCES })
    const byMlflow = (what: 'make' | 'read'): Promise<Described> =>
      runScript(mlflow, 'login_store.py', { url: '', args: [what, uri, asked] })
    const before = await byMlflow('make')
    expect(Object.keys(before).sort()).toEqual(['ann', 'bob', 'cleo', 'dan', 'größe', 'root'])

    const settings = { backendStoreUri, authDatabaseUri: uri, defaultPermission: 'NO_PERMISSIONS' } as const
    const app = buildApp((await loginContext(settings)).context)
    onTestFinished(() => app.close())
    const admin = as(app, 'root', PASSWORD)
    const readByUs = () => described(admin, (name, password) => as(app, name, password))
    const { admin: made, ...there } = await readByUs()
    expect(made).toEqual({ is_admin: true, passwords: [], grants: [], levels: noLevels() })
    expect(there).toEqual(before)
    await useGrants(app)
    await change(app)
    const after = await byMlflow('read')
    expect(after).toEqual(await readByUs())
    expect(after).toMatchObject({
      eve: {
        is_admin: false,
        passwords: [CHANGED],
        levels: { 'experiment/2': 'MANAGE', 'registered_model/of eve': 'MANAGE', 'run/*': 'NO_PERMISSIONS' },
      },
      ann: { passwords: [CHANGED], levels: { 'experiment/1': 'READ', 'registered_model/model': 'MANAGE' } },
      bob: { is_admin: true, levels: { 'experiment/1': 'READ' } },
    })
    expect(Object.keys(after)).not.toContain('dan')
    expect(after.eve?.grants).toHaveLength(2)
  })
})

/** What the grants name, made before there was a login. */
async function makeResources(backendStoreUri: string): Promise<void> {
  const app = buildApp(await testContext({ backendStoreUri }))
  const make = as(app, '', '')
  expect((await make('POST', 'experiments/create', { name: 'first' })).body.experiment_id).toBe('1')
  const tags = [{ key: 'mlflow.prompt.is_prompt', value: 'true' }]
  for (const model of [{ name: 'model' }, { name: 'größe', tags }])
    expect((await make('POST', 'registered-models/create', model)).status).toBe(200)
  await app.close()
}

/** What MLflow's grants let each do, and what they do not. */
async function useGrants(app: FastifyInstance): Promise<void> {
  const statuses = async (name: string) => {
    const call = as(app, name, PASSWORD)
    const answers = [
      await call('GET', 'experiments/get', { experiment_id: '1' }),
      await call('POST', 'runs/create', { experiment_id: '1' }),
      await call('POST', 'experiments/set-experiment-tag', { experiment_id: '1', key: name, value: '1' }),
      await call('GET', 'registered-models/get', { name: 'model' }),
      await call('PATCH', 'registered-models/update', { name: 'größe', description: name }),
      await call('GET', 'roles/list', { workspace: 'default' }),
    ]
    return answers.map(({ status }) => status)
  }
  expect(await statuses('ann')).toEqual([200, 200, 200, 403, 403, 200])
  expect(await statuses('bob')).toEqual([403, 403, 403, 403, 200, 200])
  expect(await statuses('cleo')).toEqual([200, 200, 200, 200, 200, 200])
  expect(await statuses('dan')).toEqual([200, 200, 200, 403, 403, 200])
  expect(await statuses('größe')).toEqual([403, 403, 403, 200, 403, 200])
}

/** Changes some of everything through our server. */
async function change(app: FastifyInstance): Promise<void> {
  const admin = as(app, 'root', PASSWORD)
  const done = async (...[method, path, json]: Parameters<Call>) => {
    const { status, body } = await admin(method, path, json)
    expect([path, status]).toEqual([path, 200])
    return body
  }
  await done('POST', 'users/create', { username: 'eve', password: CHANGED })
  const eve = as(app, 'eve', CHANGED)
  expect((await eve('POST', 'experiments/create', { name: 'of eve' })).body.experiment_id).toBe('2')
  expect((await eve('POST', 'registered-models/create', { name: 'of eve' })).status).toBe(200)
  const own = { username: 'ann', password: CHANGED, current_password: PASSWORD }
  expect((await as(app, 'ann', PASSWORD)('PATCH', 'users/update-password', own)).status).toBe(200)
  await done('PATCH', 'users/update-admin', { username: 'bob', is_admin: true })
  await done('DELETE', 'users/delete', { username: 'dan' })

  const { roles } = await done('GET', 'roles/list', { workspace: 'default' })
  const roleId = (name: string) => roles.find((role: { name: string }) => role.name === name).id
  await done('DELETE', 'roles/unassign', { username: 'bob', role_id: roleId('banned') })
  await done('DELETE', 'roles/delete', { role_id: roleId('banned') })
  const renamed = { role_id: roleId('readers'), name: 'who look', description: 'changed' }
  const [grant] = (await done('PATCH', 'roles/update', renamed)).role.permissions
  await done('PATCH', 'roles/permissions/update', { role_permission_id: grant.id, permission: 'READ' })
  const { role } = await done('POST', 'roles/create', { name: 'owners', workspace: 'default' })
  const added = { role_id: role.id, resource_type: 'registered_model', resource_pattern: '*' }
  await done('POST', 'roles/permissions/add', { ...added, permission: 'MANAGE' })
  await done('POST', 'roles/assign', { username: 'ann', role_id: role.id })
  for (const [resource_type, resource_id] of [
    ['experiment', '1'],
    ['registered_model', 'model'],
  ])
    await done('POST', 'users/permissions/revoke', { username: 'ann', resource_type, resource_id })
  const granted = { username: 'größe', resource_type: 'prompt', resource_id: 'another', permission: 'DENY' }
  await done('POST', 'users/permissions/grant', granted)
}

/** As login_store.py describes them. */
async function described(admin: Call, asUser: (name: string, password: string) => Call): Promise<Described> {
  const { users } = (await admin('GET', 'users/list')).body
  const entries: [string, Described[string]][] = []
  for (const { username, is_admin, roles } of users) {
    const passwords: string[] = []
    for (const password of [PASSWORD, CHANGED]) {
      const { status } = await asUser(username, password)('GET', 'users/current')
      if (status === 200) passwords.push(password)
    }
    const levels: Record<string, string> = {}
    for (const [resource_type, resource_id] of RESOURCES) {
      const resource = { username, resource_type, resource_id }
      const { permission } = (await admin('GET', 'users/permissions/get', resource)).body
      levels[`${resource_type}/${resource_id}`] = permission
    }
    entries.push([username, { is_admin, passwords, grants: roles.flatMap(grantsOf).sort(), levels }])
  }
  return Object.fromEntries(entries)
}

interface Role {
  readonly name: string
  readonly description: string
  readonly permissions: readonly Record<string, string>[]
}

function grantsOf({ name, description, permissions }: Role): (string | undefined)[][] {
  return permissions.map((one) => [
    name,
    description,
    one.resource_type,
    one.resource_pattern,
    one.permission,
  ])
}

function noLevels(): Record<string, string> {
  return Object.fromEntries(RESOURCES.map((resource) => [resource.join('/'), 'NO_PERMISSIONS']))
}

function as(app: FastifyInstance, username: string, password: string): Call {
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  return async (method, path, json = {}) => {
    const version = /^(roles|users\/(permissions|roles))\//.test(path) ? '3.0' : '2.0'
    const answer = await app.inject({
      method,
      url: `/api/${version}/mlflow/${path}`,
      headers: { authorization },
      ...(method === 'GET' ? { query: json as Record<string, string> } : { payload: json }),
    })
    return { status: answer.statusCode, body: answer.json() }
  }
}
