/** What people who sign in find, of what is theirs and what is not. */
import type { FastifyInstance } from 'fastify'
import { expect, it, onTestFinished } from 'vitest'
import { buildApp } from '../../server/app.ts'
import { ADMIN_PASSWORD, loginContext } from './login-support.ts'

const PASSWORD = 'correct horse battery'

function signedIn(app: FastifyInstance, username: string, password = PASSWORD) {
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  return async (path: string, payload: object = {}) => {
    const url = path.startsWith('/') ? path : `/api/2.0/mlflow/${path}`
    const headers = { authorization, 'content-type': 'application/json' }
    const answer = await app.inject({ method: 'POST', url, headers, payload: JSON.stringify(payload) })
    return { status: answer.statusCode, body: answer.json() }
  }
}

it('find what they made, and others what they were let see, at once', async () => {
  const { context } = await loginContext({ defaultPermission: 'NO_PERMISSIONS' })
  const app = buildApp(context)
  onTestFinished(() => app.close())
  const admin = signedIn(app, 'admin', ADMIN_PASSWORD)
  for (const username of ['ann', 'bob']) await admin('users/create', { username, password: PASSWORD })
  const [ann, bob] = [signedIn(app, 'ann'), signedIn(app, 'bob')]
  const { experiment_id } = (await ann('experiments/create', { name: 'hers' })).body
  await ann('runs/create', { experiment_id, run_name: 'first' })

  const namesFor = async (ask: typeof ann) => {
    const { body } = await ask('experiments/search', { max_results: 1, order_by: ['name DESC'] })
    const runs = await ask('runs/search', { experiment_ids: ['0', experiment_id] })
    return {
      experiments: (body.experiments ?? []).map(({ name }: { name: string }) => name),
      more: body.next_page_token !== undefined,
      runs: (runs.body.runs ?? []).length,
    }
  }
  expect(await namesFor(admin)).toEqual({ experiments: ['hers'], more: true, runs: 1 })
  expect(await namesFor(ann)).toEqual({ experiments: ['hers'], more: false, runs: 1 })
  expect(await namesFor(bob)).toEqual({ experiments: [], more: false, runs: 0 })
  const grant = {
    username: 'bob',
    resource_type: 'experiment',
    resource_id: experiment_id,
    permission: 'READ',
  }
  expect((await ann('/api/3.0/mlflow/users/permissions/grant', grant)).status).toBe(200)
  expect(await namesFor(bob)).toEqual({ experiments: ['hers'], more: false, runs: 1 })
  const location = `mlflow-artifacts:/${experiment_id}/mine`
  expect((await bob('experiments/create', { name: 'his', artifact_location: location })).status).toBe(403)
})
