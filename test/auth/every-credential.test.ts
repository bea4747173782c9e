/** Every route that is mounted, with real credentials: those that are limited, those that are over, and sessions. */
import type { RouteOptions } from 'fastify'
import { describe, expect, it } from 'vitest'
import type { Scope } from '../../server/access/access.ts'
import { buildApp } from '../../server/app.ts'
import { nameOf, ONLY_SEEN } from '../../server/auth/permission.ts'
import { createToken } from '../../server/operations/access-tokens.ts'
import { deleteToken } from '../../server/store/access-tokens.ts'
import { insertUser } from '../../server/store/users.ts'
import { temporaryFolder } from '../server/support.ts'
import { exchanges, expectedOf, mayEnd, type Outcome, outcomeOf, permissionOf } from './exchanges.ts'
import { requestTo } from './requests.ts'
import { Browser, ORIGIN, type SignOnServer, signOnServer } from './sign-on-support.ts'
import { makeWorld, type World } from './world.ts'

type Headers = Record<string, string>
type Expected = (route: RouteOptions) => Outcome

/** An experiment beside those of the world, which have names of one digit too. */
const ANOTHER = '4711'
const DAY_MS = 86_400_000

const CREDENTIALS: readonly {
  what: string
  make(server: SignOnServer): Promise<Headers>
  expected: Expected
}[] = [
  {
    what: 'a token of an admin that only reads',
    make: async (server) => bearer((await adminsToken(server, { most: 'read' })).token),
    expected: withLimits((name) => name.endsWith('.read')),
  },
  {
    what: 'a token of an admin for another experiment',
    make: async (server) => {
      const scope = { most: 'admin', experiments: new Set([ANOTHER]) } as const
      return bearer((await adminsToken(server, scope)).token)
    },
    expected: withLimits(() => false),
  },
  { what: 'a token that has expired', make: expiredToken, expected: asNobody },
  { what: 'a token that was revoked', make: revokedToken, expected: asNobody },
  { what: 'a session of somebody in a role that grants nothing', make: session, expected: asReader },
  { what: 'a session that has ended', make: endedSession, expected: asNobody },
]

describe.each(CREDENTIALS)('$what', { timeout: 60_000 }, ({ make, expected }) => {
  it('is let through where the permission says so, and nowhere else', async () => {
    const server = await signOnServer({
      uiDir: await temporaryFolder(),
      groupRoles: [{ group: 'data', role: 'editors' }],
    })
    const { app, context } = server
    await app.ready()
    const open = buildApp({ ...context, login: undefined })
    const credential = await make(server)
    let world: World | undefined
    const surprises: string[] = []
    for (const { route, method, name } of exchanges(app)) {
      world ??= await makeWorld(open)
      const request = requestTo(route, method, world, world[name])
      const answer = await app.inject({ ...request, headers: { ...request.headers, ...credential } })
      const wanted = expected(route)
      if (outcomeOf(answer) !== wanted || answer.statusCode === 500) {
        surprises.push(
          `${method} ${route.url}: ${wanted}, got ${answer.statusCode} ${answer.body.slice(0, 200)}`,
        )
      }
      if (wanted === 'let through' && mayEnd(route)) world = undefined
    }
    expect(surprises).toEqual([])
    expect(app.mounted.map(({ url }) => url)).toContain('/auth/callback')
  })
})

function asNobody(route: RouteOptions): Outcome {
  return expectedOf(permissionOf(route), undefined)
}

/** What everybody may do who is signed in; roles are for those to read who are in one. */
function asReader(route: RouteOptions): Outcome {
  const permission = permissionOf(route)
  return nameOf(permission) === 'role.read' ? 'let through' : expectedOf(permission, 'READ')
}

/** What is left of an admin who may do everything: of what names objects, that which `mayDo`. */
function withLimits(mayDo: (name: string) => boolean): Expected {
  return (route) => {
    const permission = permissionOf(route)
    // A limited token makes no other, lists none and revokes none.
    if (route.url.endsWith('/trackyard/tokens')) return 'denied'
    if (typeof permission === 'string') return permission === 'admin' ? 'denied' : 'let through'
    const named = Object.entries(permission).filter(([, objects]) => objects !== ONLY_SEEN)
    const isMet = named.every(([name]) => mayDo(name) && !/^(user|role)\./.test(name))
    return isMet ? 'let through' : 'denied'
  }
}

async function adminsToken({ login, context }: SignOnServer, scope: Scope, now = Date.now()) {
  const username = 'boss'
  await insertUser(login.db, { username, passwordHash: '!', isAdmin: true })
  return createToken(login.db, { username, name: 'ci', scope, lifetimeMs: DAY_MS }, context.config, now)
}

async function expiredToken(server: SignOnServer): Promise<Headers> {
  return bearer((await adminsToken(server, { most: 'admin' }, Date.now() - DAY_MS)).token)
}

async function revokedToken(server: SignOnServer): Promise<Headers> {
  const { token, info } = await adminsToken(server, { most: 'admin' })
  await deleteToken(server.login.db, info.id)
  return bearer(token)
}

async function session({ app }: SignOnServer): Promise<Headers> {
  const browser = new Browser(app)
  await browser.signIn()
  return fromOwnPage(browser)
}

async function endedSession({ app }: SignOnServer): Promise<Headers> {
  const browser = new Browser(app)
  await browser.signIn()
  const before = fromOwnPage(browser)
  await browser.get('/auth/sign-out')
  return before
}

/** Where another site has led somebody, the way out only asks whether to take it. */
function fromOwnPage({ jar }: Browser): Headers {
  return { cookie: jar.header(), origin: ORIGIN, 'sec-fetch-site': 'cross-site' }
}

function bearer(token: string): Headers {
  return { authorization: `Bearer ${token}` }
}
