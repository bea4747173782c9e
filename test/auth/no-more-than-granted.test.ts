import { describe, expect, it } from 'vitest'
import { buildApp } from '../../server/app.ts'
import { createToken } from '../../server/operations/access-tokens.ts'
import { lockedServer } from '../server/locked-server.ts'
import { testContext } from '../server/support.ts'
import { grant, lockedApp, type User } from './support.ts'
import { makeWorld } from './world.ts'

const JSON_TYPE = { 'content-type': 'application/json' }

describe('a token that is limited', () => {
  it('lets nobody in for longer than it is good', async () => {
    const { app, context, login, user } = await lockedServer()
    const ann = { ...JSON_TYPE, ...(await user('ann')) }
    await user('bob')
    const made = await app.inject({
      method: 'POST',
      url: '/api/2.0/mlflow/experiments/create',
      headers: ann,
      payload: '{"name":"e"}',
    })
    const { experiment_id } = made.json()
    const scopes = [
      { most: 'write' },
      { most: 'admin', experiments: new Set([experiment_id]) },
      { most: 'admin' },
    ] as const
    const answers: number[] = []
    for (const scope of scopes) {
      const request = { username: 'ann', name: 'ci', scope }
      const { token } = await createToken(login.db, request, context.config, Date.now())
      const headers = { ...JSON_TYPE, authorization: `Bearer ${token}` }
      for (const [what, more] of [['grant', { permission: 'MANAGE' }], ['revoke']] as const) {
        const url = `/api/3.0/mlflow/users/permissions/${what}`
        const resource = { resource_type: 'experiment', resource_id: experiment_id }
        const payload = JSON.stringify({ username: 'bob', ...resource, ...more })
        answers.push((await app.inject({ method: 'POST', url, headers, payload })).statusCode)
      }
    }
    expect(answers).toEqual([403, 403, 403, 403, 200, 200])
  })
})

describe('who may rename a model', () => {
  it('gets no more of it by a name that a role grants more on', async () => {
    const context = await testContext()
    const world = await makeWorld(buildApp(context))
    const users: Record<string, User> = {}
    const app = lockedApp(context, users)
    const types = [
      ['registered_model', world.model],
      ['prompt', world.prompt],
    ] as const
    for (const [type, name] of types) {
      users.user = { grants: [grant(type, name, 'EDIT'), grant(type, 'mine', 'MANAGE')] }
      const rename = async (new_name: string) => {
        const url = '/api/2.0/mlflow/registered-models/rename'
        const payload = JSON.stringify({ name, new_name })
        const headers = { ...JSON_TYPE, 'x-test-user': 'user' }
        return (await app.inject({ method: 'POST', url, headers, payload })).statusCode
      }
      expect(await rename('mine')).toBe(403)
      expect(await rename(`another-${name}`)).toBe(200)
    }
  })
})
