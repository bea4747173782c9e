/**
 * Every route that is mounted, as every caller, on an object of each kind. What is expected follows from the route's
 * permission, so a new route is tested when it is there.
 */
import { describe, expect, it } from 'vitest'
import type { Level } from '../../server/access/grants.ts'
import { buildApp } from '../../server/app.ts'
import type { Permission } from '../../server/auth/permission.ts'
import { ONLY_SEEN } from '../../server/auth/permission.ts'
import { loginContext } from '../server/login-support.ts'
import { temporaryFolder, testContext } from '../server/support.ts'
import { exchanges, expectedOf, mayEnd, outcomeOf, permissionOf } from './exchanges.ts'
import { requestTo } from './requests.ts'
import { grant, lockedApp, type User } from './support.ts'
import { makeWorld, type World } from './world.ts'

/** Who asks, and the level they have on every owner; none for who is nobody. */
const CALLERS: readonly { who: string; headers: Record<string, string>; level?: Level | 'admin' }[] = [
  { who: 'nobody', headers: {} },
  { who: 'a bad credential', headers: { 'x-test-user': 'bad' } },
  { who: 'a user that is gone', headers: { 'x-test-user': 'gone' } },
  { who: 'a stranger', headers: { 'x-test-user': 'user' }, level: 'NO_PERMISSIONS' },
  { who: 'a reader', headers: { 'x-test-user': 'user' }, level: 'READ' },
  { who: 'an editor', headers: { 'x-test-user': 'user' }, level: 'EDIT' },
  { who: 'a manager', headers: { 'x-test-user': 'user' }, level: 'MANAGE' },
  { who: 'an admin', headers: { 'x-test-user': 'user' }, level: 'admin' },
]

describe.each(CALLERS)('$who', { timeout: 60_000 }, ({ headers, level }) => {
  it('is let through where the permission says so, and nowhere else', async () => {
    const { context } = await loginContext({ uiDir: await temporaryFolder() })
    const open = buildApp({ ...context, login: undefined })
    const users: Record<string, User> = {}
    const app = lockedApp(context, users)
    await app.ready()
    expect(app.mounted.map(({ url }) => url)).toContain('/api/2.0/mlflow/users/get')
    let world: World | undefined
    const surprises: string[] = []
    for (const { route, method, name } of exchanges(app)) {
      world ??= await makeWorld(open)
      users.user = { isAdmin: level === 'admin', grants: grantsOn(world, level) }
      const request = requestTo(route, method, world, world[name])
      const answer = await app.inject({ ...request, headers: { ...request.headers, ...headers } })
      const expected = expectedOf(permissionOf(route), level)
      if (outcomeOf(answer) !== expected || answer.statusCode === 500) {
        surprises.push(
          `${method} ${route.url}: ${expected}, got ${answer.statusCode} ${answer.body.slice(0, 200)}`,
        )
      }
      if (expected === 'let through' && mayEnd(route)) world = undefined
    }
    expect(surprises).toEqual([])
  })
})

it('leaves out of every search what a stranger may not see', async () => {
  const context = await testContext()
  const world = await makeWorld(buildApp(context))
  const app = lockedApp(context, { user: {} })
  await app.ready()
  const searches = exchanges(app).filter(({ route }) => isFiltered(permissionOf(route)))
  expect(searches.length).toBeGreaterThan(20)
  const told: string[] = []
  for (const { route, method, name } of searches) {
    const request = requestTo(route, method, world, world[name])
    const { body } = await app.inject({ ...request, headers: { ...request.headers, 'x-test-user': 'user' } })
    for (const secret of Object.values(world)) {
      // The answer may have a name that the request had.
      if (secret.length > 3 && body.includes(secret) && !JSON.stringify(request).includes(secret)) {
        told.push(`${method} ${route.url} tells ${secret}`)
      }
    }
  }
  expect(told).toEqual([])
})

function isFiltered(permission: Permission): boolean {
  return typeof permission === 'object' && Object.values(permission).includes(ONLY_SEEN)
}

function grantsOn({ experiment, model, prompt }: World, level: Level | 'admin' | undefined) {
  if (level === undefined || level === 'admin') return []
  return [
    grant('experiment', experiment, level),
    grant('registered_model', model, level),
    grant('prompt', prompt, level),
  ]
}
