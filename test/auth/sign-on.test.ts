import { createHmac } from 'node:crypto'
import { UnsecuredJWT } from 'jose'
import { describe, expect, it, vi } from 'vitest'
import type { OpenId } from '../support/openid.ts'
import { Browser, ME, ORIGIN, signOnServer } from './sign-on-support.ts'

describe('a sign-in', () => {
  it('leads to the provider, back, and to a session', async () => {
    const { app, login } = await signOnServer({ groupRoles: [{ group: 'data', role: 'editors' }] })
    const browser = new Browser(app)
    const begun = await browser.get('/auth/sign-in')
    const asked = new URL(String(begun.headers.location)).searchParams
    expect(Object.fromEntries(asked)).toMatchObject({
      redirect_uri: `${ORIGIN}/auth/callback`,
      response_type: 'code',
      scope: 'openid email profile',
      code_challenge_method: 'S256',
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
    })
    const back = await browser.signIn()
    expect([back.statusCode, back.headers.location]).toEqual([302, '/'])
    expect((await browser.get(ME)).statusCode).toBe(200)
    const user = await login.users.find('ann@example.com')
    expect([...(user?.roles ?? [])]).toEqual(['editors'])
  })

  it('takes what the id token does not say from the userinfo endpoint', async () => {
    const { app, provider, login } = await signOnServer({ oidcUsernameClaim: 'person.name' })
    provider.userinfo = { person: { name: 'ben' } }
    expect((await new Browser(app).signIn()).statusCode).toBe(302)
    expect(await login.users.find('ben')).toBeDefined()
  })

  it('is in the audit log, as a refused one is', async () => {
    const { app, login } = await signOnServer()
    await new Browser(app).signIn()
    await new Browser(app).get('/auth/callback?state=other&code=secret')
    await login.audit.flush()
    const rows = await login.db.selectFrom('trackyard_audit').selectAll().orderBy('status').execute()
    expect(rows).toMatchObject([
      { caller: 'ann@example.com', via: 'session', action: 'sign-in', status: 200, outcome: 'OK' },
      { caller: '', action: 'GET /auth/callback', status: 401, outcome: 'UNAUTHENTICATED' },
    ])
    expect(JSON.stringify(rows)).not.toContain('secret')
  })

  it('goes on in each of several tabs', async () => {
    const { app } = await signOnServer()
    const browser = new Browser(app)
    const [first, second] = [await browser.toCallback(), await browser.toCallback()]
    expect((await browser.get(first)).statusCode).toBe(302)
    expect((await browser.get(second)).statusCode).toBe(302)
  })

  it('is for members of the groups that may enter', async () => {
    const { app, provider } = await signOnServer({ oidcAllowedGroups: ['ml', 'ops'] })
    const browser = new Browser(app)
    expect((await browser.signIn()).statusCode).toBe(403)
    expect(browser.jar.find('session')).toBeUndefined()
    provider.claims = { ...provider.claims, groups: ['ops'] }
    expect((await browser.signIn()).statusCode).toBe(302)
  })

  it.each([{ email: '' }, { email: 7 }, { email: 'a'.repeat(300) }, { email_verified: false }])(
    'is refused to who is claimed to be %j',
    async (claims) => {
      const { app, provider } = await signOnServer()
      Object.assign(provider.claims, claims)
      const browser = new Browser(app)
      expect((await browser.signIn()).statusCode).toBe(401)
      expect(browser.jar.find('session')).toBeUndefined()
    },
  )
})

describe('an id token', () => {
  const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds
  type Forge = (provider: OpenId) => OpenId['idToken']
  const forged: Record<string, Forge> = {
    'without a signature': () => async (claims) => new UnsecuredJWT(claims).encode(),
    'signed with HS256 and the public key': (provider) => async (claims) => {
      const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
      const signed = `${encode({ alg: 'HS256', kid: 'key-0' })}.${encode(claims)}`
      return `${signed}.${createHmac('sha256', await provider.publicKey())
        .update(signed)
        .digest('base64url')}`
    },
    'whose claims were changed': (provider) => async (claims) => {
      const [header, , signature] = (await provider.sign(claims)).split('.')
      const changed = Buffer.from(JSON.stringify({ ...claims, email: 'eve@example.com' })).toString(
        'base64url',
      )
      return [header, changed, signature].join('.')
    },
    'for another audience': (provider) => async (claims) => provider.sign({ ...claims, aud: 'other' }),
    'of another issuer': (provider) => async (claims) =>
      provider.sign({ ...claims, iss: 'https://evil.example.com' }),
    'that has expired': (provider) => async (claims) => provider.sign({ ...claims, exp: inSeconds(-120) }),
    'without an expiry':
      (provider) =>
      async ({ exp, ...claims }) =>
        provider.sign(claims),
    'with another nonce': (provider) => async (claims) => provider.sign({ ...claims, nonce: 'other' }),
    'without a nonce':
      (provider) =>
      async ({ nonce, ...claims }) =>
        provider.sign(claims),
    'by a key that is not published': (provider) => async (claims) => provider.sign(claims, { kid: 'other' }),
    'that is no token': () => async () => 'x.y.z',
  }

  it.each(Object.keys(forged))('%s is refused', async (kind) => {
    const { app, provider } = await signOnServer()
    const good = provider.idToken
    provider.idToken = (forged[kind] as Forge)(provider)
    const browser = new Browser(app)
    const back = await browser.signIn()
    expect(back.statusCode).toBe(401)
    expect(back.headers['content-type']).toContain('text/html')
    expect(browser.jar.find('session')).toBeUndefined()
    provider.idToken = good
    expect((await browser.signIn()).statusCode).toBe(302)
  })

  it('signed by an algorithm that is not allowed is refused', async () => {
    const { app } = await signOnServer({ oidcAlgorithms: ['ES256'] })
    expect((await new Browser(app).get('/auth/sign-in')).statusCode).toBe(503)
  })

  it('by a new key has the keys read once more, and unknown ones do not', async () => {
    const { app, provider } = await signOnServer()
    const browser = new Browser(app)
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      await browser.signIn()
      expect(provider.keyReads).toBe(1)
      vi.setSystemTime(Date.now() + 61_000)
      await provider.rotate()
      expect((await browser.signIn()).statusCode).toBe(302)
      expect(provider.keyReads).toBe(2)
      provider.idToken = (claims) => provider.sign(claims, { kid: 'other' })
      for (let i = 0; i < 5; i++) expect((await browser.signIn()).statusCode).toBe(401)
      expect(provider.keyReads).toBe(2)
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('the callback', () => {
  it.each([
    ['without a state', (url: string) => url.replace(/state=[^&]*&?/, '')],
    ['with another state', (url: string) => url.replace(/state=[^&]*/, 'state=other')],
    [
      'with a state that begins as the right one',
      (url: string) => url.replace(/(state=[^&]{16})[^&]*/, '$1'),
    ],
    ['with the state twice', (url: string) => `${url}&state=other`],
    ['with another code', (url: string) => url.replace(/code=[^&]*/, 'code=other')],
    ['without a code', (url: string) => url.replace(/code=[^&]*&?/, '')],
    ['of another issuer', (url: string) => url.replace(/iss=[^&]*/, 'iss=https://evil.example.com')],
    ['with an error', (url: string) => url.replace(/code=[^&]*/, 'error=access_denied')],
  ])('%s is refused', async (_what, change) => {
    const { app } = await signOnServer()
    const browser = new Browser(app)
    const back = await browser.get(change(await browser.toCallback()))
    expect(back.statusCode).toBe(401)
    expect(browser.jar.find('session')).toBeUndefined()
  })

  it('is refused in another browser', async () => {
    const { app } = await signOnServer()
    const url = await new Browser(app).toCallback()
    const other = new Browser(app)
    expect((await other.get(url)).statusCode).toBe(401)
    await other.toCallback()
    expect((await other.get(url)).statusCode).toBe(401)
    expect(other.jar.find('session')).toBeUndefined()
  })

  it('is refused with a part of the state that it began with', async () => {
    const { app } = await signOnServer()
    const browser = new Browser(app)
    const url = await browser.toCallback()
    const back = await browser.get(url.replace(/(state=[^&]{16})[^&]*/, '$1'))
    // The provider is not asked.
    expect(back.payload).toContain('not begun in this browser')
  })

  it('is refused ten minutes later', async () => {
    const server = await signOnServer()
    const browser = new Browser(server.app)
    const url = await browser.toCallback()
    server.aheadMs = 601_000
    expect((await browser.get(url)).statusCode).toBe(401)
  })

  it('is good once, even where the provider takes a code again', async () => {
    const { app, provider } = await signOnServer()
    provider.takesOldCodes = true
    const browser = new Browser(app)
    const url = await browser.toCallback()
    const replayed = new Browser(app, browser.jar.copy())
    expect((await browser.get(url)).statusCode).toBe(302)
    expect((await replayed.get(url)).statusCode).toBe(401)
    await browser.get('/auth/sign-out')
    const later = new Browser(app, replayed.jar.copy())
    expect((await later.get(url)).statusCode).toBe(401)
    expect(replayed.jar.find('session') ?? later.jar.find('session')).toBeUndefined()
  })

  it('repeats nothing that it is sent without escaping it', async () => {
    const { app } = await signOnServer()
    const browser = new Browser(app)
    const url = await browser.toCallback()
    const back = await browser.get(
      url.replace(/code=[^&]*/, 'error=%3Cscript%3E&error_description=%3Cscript%3E'),
    )
    expect(back.payload).not.toContain('<script>')
    expect(back.headers['content-security-policy']).toContain("default-src 'none'")
  })
})

describe('a provider that is away', () => {
  it('is said on a page, and asked again soon', async () => {
    const server = await signOnServer()
    const { app, provider } = server
    provider.isAway = true
    const browser = new Browser(app)
    const refused = await browser.get('/auth/sign-in')
    expect([refused.statusCode, refused.headers['retry-after']]).toEqual([503, '5'])
    expect(refused.payload).toContain('Try again in a moment')
    provider.isAway = false
    server.aheadMs = 5_000
    expect((await browser.signIn()).statusCode).toBe(302)
  })

  it('ends no session, and is known again from before', async () => {
    const server = await signOnServer()
    const { app, provider } = server
    const browser = new Browser(app)
    await browser.signIn()
    provider.isAway = true
    server.aheadMs = 3_700_000
    expect((await browser.get(ME)).statusCode).toBe(200)
    expect((await browser.get('/auth/sign-in')).statusCode).toBe(302)
    expect((await browser.get('/auth/sign-out')).statusCode).toBe(302)
  })

  it('is one that calls itself otherwise, too', async () => {
    const { provider } = await signOnServer()
    const { app } = await signOnServer({ oidcIssuer: provider.url.replace('127.0.0.1', 'localhost') })
    expect((await new Browser(app).get('/auth/sign-in')).statusCode).toBe(503)
  })
})
