/** How a person is read from claims is one rule, whichever way the claims come. */
import type { JWTPayload } from 'jose'
import { describe, expect, it } from 'vitest'
import { personOf } from '../../server/auth/claims.ts'
import type { Config } from '../../server/config.ts'
import { startIssuer } from '../support/issuer.ts'
import { startLoadBalancer } from '../support/load-balancer.ts'
import { Browser, ME, ORIGIN, type SignOnServer, signOnServer } from './sign-on-support.ts'

const GROUPS: [string, unknown, string[]][] = [
  ['a list', ['ml', 'ops'], ['ml', 'ops']],
  ['one text', 'ml', ['ml']],
  ['one text with a blank, which is one group', 'data team', ['data team']],
  ['a list with what is no group', ['ml', 7, null, ['ops'], { ops: true }], ['ml']],
  ['an empty list', [], []],
  ['nothing', undefined, []],
  ['null', null, []],
  ['an object', { ml: true }, []],
  ['another case', ['ML'], ['ML']],
]

const NAMES = ['ben', 'Ben Müller', 'BEN@Example.com', 'repo:org/app:ref:refs/heads/main', 'b'.repeat(255)]

const NO_NAMES: unknown[] = [
  ...[undefined, null, 7, ['ann'], { name: 'ann' }, '', ' ', ' ann', 'ann\n', 'a'.repeat(256)],
  // What nobody sees makes a name look like another's.
  ...['ann\u0000', 'ann\u200b', '\u202eann', 'an\u00adn', '\ud800'],
]

describe('the person of some claims', () => {
  const names = { username: 'name', groups: 'groups' }

  it.each(GROUPS)('has the groups of %s', (_, groups, found) => {
    expect(personOf({ name: 'ann', groups }, names).groups).toEqual(found)
  })

  it.each<[string, JWTPayload]>([
    ['realm_access.roles', { realm_access: { roles: ['ml'] } }],
    ['a.b.c', { a: { b: { c: ['ml'] } } }],
    ['https://example.com/groups', { 'https://example.com/groups': ['ml'] }],
    ['cognito:groups', { 'cognito:groups': ['ml'] }],
    // The name itself comes before the path that it is.
    ['a.b', { 'a.b': 'ml', a: { b: 'ops' } }],
  ])('has them in the claim %s', (groups, claims) => {
    expect(personOf({ name: 'ann', ...claims }, { ...names, groups }).groups).toEqual(['ml'])
  })

  it.each(['a.b.c', 'name.length', 'a.constructor.name', '__proto__.roles', '.', 'a.', 'a.0', 'list.0'])(
    'has none in the claim %s',
    (groups) => {
      const claims = { name: 'ann', a: { b: 'ml' }, list: [{ a: 'ml' }] }
      expect(personOf(claims, { ...names, groups }).groups).toEqual([])
    },
  )

  it('has those that a scope lists, which OAuth writes with blanks between', () => {
    for (const groups of ['scope', 'scp', 'access.scp']) {
      const claims = { name: 'ann', scope: 'openid  ml', scp: 'openid ml', access: { scp: 'openid ml' } }
      expect(personOf(claims, { ...names, groups }).groups).toEqual(['openid', 'ml'])
    }
    expect(personOf({ name: 'ann', scp: ['a b', 'c'] }, { ...names, groups: 'scp' }).groups).toEqual([
      'a b',
      'c',
    ])
  })

  it.each(NAMES)('has the name %s as it is written', (name) => {
    expect(personOf({ name }, names).username).toBe(name)
  })

  it.each(NO_NAMES)('is refused where the name is %j', (name) => {
    expect(() => personOf({ name }, names)).toThrow('its claim name is no name of a user')
  })

  it('is refused with an address that its issuer has not verified, where that is the name', () => {
    const email = 'ann@example.com'
    const byAddress = { ...names, username: 'email' }
    for (const email_verified of [undefined, true, 'true']) {
      expect(personOf({ email, email_verified }, byAddress).username).toBe(email)
    }
    for (const email_verified of [false, 'false']) {
      expect(() => personOf({ email, email_verified }, byAddress)).toThrow('not verified the address')
      expect(personOf({ name: 'ann', email, email_verified }, names).username).toBe('ann')
    }
  })
})

interface Way {
  readonly server: SignOnServer
  /** @returns the status of a sign-in with these claims */
  readonly enter: (claims: JWTPayload) => Promise<number>
}

const CLAIMS = { username: 'person.name', groups: 'realm_access.roles' }

const WAYS: Record<string, () => Promise<Way>> = {
  async oidc() {
    const server = await start({
      login: ['oidc'],
      oidcUsernameClaim: CLAIMS.username,
      oidcGroupsClaim: CLAIMS.groups,
    })
    const { app, provider } = server
    const enter = async (claims: JWTPayload) => {
      provider.claims = { sub: '00u1', ...claims }
      return (await new Browser(app).signIn()).statusCode
    }
    return { server, enter }
  },
  async jwt() {
    const issuer = await startIssuer()
    const server = await start({
      ...issuer.settings,
      login: ['jwt'],
      jwtUsernameClaim: CLAIMS.username,
      jwtGroupsClaim: CLAIMS.groups,
    })
    const enter = async (claims: JWTPayload) =>
      ask(server, { authorization: `Bearer ${await issuer.sign(claims)}` })
    return { server, enter }
  },
  async 'load-balancer'() {
    const balancer = await startLoadBalancer()
    const server = await start({
      ...balancer.settings,
      login: ['load-balancer'],
      loadBalancerUsernameClaim: CLAIMS.username,
      loadBalancerGroupsClaim: CLAIMS.groups,
    })
    const enter = (claims: JWTPayload) => ask(server, { 'x-amzn-oidc-data': balancer.token({}, claims) })
    return { server, enter }
  },
}

function start(settings: Partial<Config>): Promise<SignOnServer> {
  const groupRoles = ['ml', 'ops', 'data team'].map((group) => ({ group, role: `role of ${group}` }))
  return signOnServer({ groupRoles, ...settings })
}

async function ask({ app }: SignOnServer, headers: Record<string, string>): Promise<number> {
  return (await app.inject({ url: ME, headers: { host: new URL(ORIGIN).host, ...headers } })).statusCode
}

describe.each(Object.entries(WAYS))('who comes by %s', (_, way) => {
  const rolesOf = async ({ login }: SignOnServer, username: string) => {
    login.users.forget(username)
    return [...((await login.users.find(username))?.roles ?? [])].sort()
  }

  it('is that person, and has at every sign-in the roles of its groups of then', {
    timeout: 60_000,
  }, async () => {
    const { server, enter } = await way()
    for (const [label, groups, found] of [...GROUPS, ...GROUPS.toReversed()]) {
      const status = await enter({ person: { name: 'ann' }, realm_access: { roles: groups } })
      expect([label, status < 400]).toEqual([label, true])
      const roles = found.filter((group) => group !== 'ML').map((group) => `role of ${group}`)
      expect([label, await rolesOf(server, 'ann')]).toEqual([label, roles.sort()])
    }
  })

  it('is one user for each name, and none without one', { timeout: 60_000 }, async () => {
    const { server, enter } = await way()
    for (const name of NO_NAMES) expect([name, await enter({ person: { name } })]).toEqual([name, 401])
    for (const name of NAMES) expect(await enter({ person: { name } })).toBeLessThan(400)
    const users = await server.login.db.selectFrom('users').select('username').orderBy('id').execute()
    expect(users.map(({ username }) => username)).toEqual(NAMES)
  })
})
