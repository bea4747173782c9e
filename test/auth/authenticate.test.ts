import { expect, it } from 'vitest'
import { buildApp } from '../../server/app.ts'
import { testApp, testContext } from '../server/support.ts'
import { lockedApp } from './support.ts'

const SEARCH = '/api/2.0/mlflow/experiments/search?max_results=1'

it('lets nobody in who does not say who they are, and says how', async () => {
  const app = lockedApp(await testContext(), {})
  const answer = await app.inject(SEARCH)
  expect(answer.statusCode).toBe(401)
  expect(answer.headers['www-authenticate']).toBe('Basic realm="mlflow"')
  expect(answer.json()).toMatchObject({ error_code: 'UNAUTHENTICATED' })
})

it.each(['bad', 'gone'])('lets nobody in as %s, whose credential is good for nothing', async (name) => {
  const app = lockedApp(await testContext(), {})
  const answer = await app.inject({ url: SEARCH, headers: { 'x-test-user': name } })
  expect(answer.statusCode).toBe(401)
  expect(answer.headers['www-authenticate']).toBe('Basic realm="mlflow"')
})

it('lets in who is a user', async () => {
  const app = lockedApp(await testContext(), { ann: {} })
  const answer = await app.inject({ url: SEARCH, headers: { 'x-test-user': 'ann' } })
  expect(answer.statusCode).toBe(200)
})

it('tells nobody which paths lead somewhere', async () => {
  const app = lockedApp(await testContext(), { ann: {} })
  expect((await app.inject('/nosuch')).statusCode).toBe(401)
  expect((await app.inject({ method: 'PUT', url: SEARCH })).statusCode).toBe(401)
  const signedIn = { headers: { 'x-test-user': 'ann' } }
  expect((await app.inject({ url: '/nosuch', ...signedIn })).statusCode).toBe(404)
})

it('has no users to speak of while no login is on', async () => {
  const app = await testApp()
  expect((await app.inject('/ajax-api/2.0/mlflow/users/current')).statusCode).toBe(404)
  expect((await app.inject(SEARCH)).statusCode).toBe(200)
})

it('does not start with a route that has no permission', async () => {
  const app = buildApp(await testContext())
  app.get('/forgotten', async () => 'everybody reads this')
  app.get('/empty', { config: { permission: {} } }, async () => 'and this')
  await expect(app.ready()).rejects.toThrow('routes without a permission: /forgotten, /empty')
})
