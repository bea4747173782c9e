import { describe, expect, it } from 'vitest'
import { listAudit } from '../../server/store/audit.ts'
import { deleteUserRows, getUser } from '../../server/store/users.ts'
import { Browser, ME, ORIGIN, signOnServer } from '../auth/sign-on-support.ts'

const WRITE = {
  method: 'POST',
  url: '/api/2.0/mlflow/experiments/create',
  headers: { 'content-type': 'application/json' },
} as const
const write = (name: string, headers: object) => ({
  ...WRITE,
  payload: JSON.stringify({ name }),
  headers: { ...WRITE.headers, ...headers },
})

describe('the cookie of a session', () => {
  it('is for this host over TLS alone, not for scripts, and lasts no longer than the session', async () => {
    const { app } = await signOnServer({ sessionHours: 3 })
    const browser = new Browser(app)
    await browser.signIn()
    expect(browser.jar.find('session')).toMatchObject({
      name: '__Host-trackyard-session',
      path: '/',
      httpOnly: true,
      secure: true,
      sameSite: 'lax',
      maxAge: 3 * 3600,
    })
    expect(browser.jar.find('session')).not.toHaveProperty('domain')
  })

  it('is plain where people come to this machine without TLS', async () => {
    const { app } = await signOnServer({ publicUrl: 'http://127.0.0.1:5000' })
    const browser = new Browser(app)
    await browser.get('/auth/sign-in', { host: '127.0.0.1:5000' })
    expect(browser.jar.find('sign-in')).toMatchObject({ httpOnly: true, sameSite: 'lax' })
    expect(browser.jar.find('sign-in')?.name).not.toContain('__Host-')
    expect(browser.jar.find('sign-in')?.secure).toBeFalsy()
  })

  it('is another one after every sign-in, and the one before is over', async () => {
    const { app } = await signOnServer()
    const browser = new Browser(app)
    await browser.signIn()
    const before = new Browser(app, browser.jar.copy())
    await browser.signIn()
    expect(browser.jar.find('session')?.value).not.toBe(before.jar.find('session')?.value)
    expect((await browser.get(ME)).statusCode).toBe(200)
    expect((await before.get(ME)).statusCode).toBe(401)
  })

  it('is refused as any other text', async () => {
    const { app } = await signOnServer()
    for (const value of ['x', 'a.b.c.d.e', '__proto__']) {
      const headers = { cookie: `__Host-trackyard-session=${value}; mlflow_user=x` }
      expect((await app.inject({ url: ME, headers })).statusCode).toBe(401)
    }
  })

  it('is of no use to who reads the database, nor is another sealed text', async () => {
    const { app, login } = await signOnServer()
    const browser = new Browser(app)
    await browser.signIn()
    await browser.get('/auth/sign-in')
    const [row] = await login.db.selectFrom('trackyard_sessions').selectAll().execute()
    const values = [row?.id_hash, row?.attempt_hash, row?.sealed_id_token, browser.jar.find('sign-in')?.value]
    for (const value of values) {
      const headers = { cookie: `__Host-trackyard-session=${value}; mlflow_user=x` }
      expect((await app.inject({ url: ME, headers })).statusCode).toBe(401)
    }
  })
})

describe('a session', () => {
  it('is over after the sign-out, whoever has kept the cookie', async () => {
    const { app, provider } = await signOnServer()
    const browser = new Browser(app)
    await browser.signIn()
    const kept = new Browser(app, browser.jar.copy())
    const left = await browser.get('/auth/sign-out')
    const url = new URL(String(left.headers.location))
    expect([url.origin + url.pathname, left.statusCode]).toEqual([`${provider.url}/end`, 302])
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: 'trackyard',
      post_logout_redirect_uri: `${ORIGIN}/auth/signed-out`,
      id_token_hint: expect.stringMatching(/^ey/),
    })
    expect(browser.jar.find('session')).toBeUndefined()
    expect((await kept.get(ME)).statusCode).toBe(401)
    expect((await browser.get('/auth/signed-out')).statusCode).toBe(200)
  })

  it.each(['a sign-out here', "a sign-out in MLflow's UI"])(
    'is over in the audit log too after %s',
    async (way) => {
      const { app, login } = await signOnServer()
      const browser = new Browser(app)
      await browser.signIn()
      if (way === 'a sign-out here') await browser.get('/auth/sign-out')
      else browser.jar.forget('mlflow_user')
      await browser.get('/')
      await browser.get('/auth/sign-out')
      await login.audit.flush()
      const left = { caller: 'ann@example.com', via: 'session', action: 'sign-out', outcome: 'OK' }
      expect(await listAudit(login.db, { action: 'sign-out' }, 10)).toMatchObject([left])
    },
  )

  it('does not end because another site wants it to', async () => {
    const { app } = await signOnServer()
    const browser = new Browser(app)
    await browser.signIn()
    expect((await browser.get('/auth/sign-out', { 'sec-fetch-site': 'cross-site' })).statusCode).toBe(200)
    expect((await browser.get(ME)).statusCode).toBe(200)
  })

  it("ends with a sign-out in MLflow's UI, which deletes a cookie of its own", async () => {
    const { app } = await signOnServer()
    const browser = new Browser(app)
    await browser.signIn()
    const kept = new Browser(app, browser.jar.copy())
    browser.jar.forget('mlflow_user')
    expect((await browser.get(ME)).statusCode).toBe(401)
    expect((await kept.get(ME)).statusCode).toBe(401)
    const page = await browser.get('/')
    expect([page.statusCode, page.headers.location]).toEqual([302, '/auth/sign-out'])
    expect((await browser.get('/auth/sign-out')).headers.location).toContain('id_token_hint')
  })

  it('is over once its user is deleted, and stays so for another of that name', async () => {
    const { app, login } = await signOnServer()
    const browser = new Browser(app)
    await browser.signIn()
    const user = await getUser(login.db, 'ann@example.com')
    await login.db.transaction().execute((tx) => deleteUserRows(tx, user.id))
    expect((await browser.get(ME)).statusCode).toBe(401)
    login.users.forgetAll()
    await new Browser(app).signIn()
    expect((await browser.get(ME)).statusCode).toBe(401)
  })

  it('is over once its user has another password', async () => {
    const { app, login } = await signOnServer()
    const browser = new Browser(app)
    await browser.signIn()
    await login.db.updateTable('users').set({ password_hash: 'another' }).execute()
    expect((await browser.get(ME)).statusCode).toBe(401)
  })

  it('is over after its time, however much it is used', async () => {
    const server = await signOnServer({ sessionHours: 1 })
    const browser = new Browser(server.app)
    await browser.signIn()
    for (const minutes of [20, 40, 59]) {
      server.aheadMs = minutes * 60_000
      expect((await browser.get(ME)).statusCode).toBe(200)
    }
    server.aheadMs = 61 * 60_000
    expect((await browser.get(ME)).statusCode).toBe(401)
  })

  it('is over when nobody has used it for a while', async () => {
    const server = await signOnServer({ sessionIdleMinutes: 30 })
    const browser = new Browser(server.app)
    await browser.signIn()
    for (const minutes of [20, 40]) {
      server.aheadMs = minutes * 60_000
      expect((await browser.get(ME)).statusCode).toBe(200)
    }
    server.aheadMs = 71 * 60_000
    expect((await browser.get(ME)).statusCode).toBe(401)
  })

  it('is read with a key that was the first one before', async () => {
    const [old, young] = ['o'.repeat(32), 'y'.repeat(32)]
    const { app, context } = await signOnServer({ secretKey: old })
    const browser = new Browser(app)
    await browser.signIn()
    const settings = context.config as { secretKey: string }
    settings.secretKey = `${young},${old}`
    expect((await browser.get(ME)).statusCode).toBe(200)
    settings.secretKey = young
    expect((await browser.get(ME)).statusCode).toBe(401)
  })
})

describe('a write of a browser that is signed in', () => {
  const elsewhere: Record<string, Record<string, string>> = {
    'another site': { origin: 'https://evil.example' },
    'a page that may be at any site': { origin: 'null' },
    'a neighbour that CORS allows': { origin: 'https://other.example.com', 'sec-fetch-site': 'same-site' },
    'this machine': { origin: 'http://localhost:8080' },
    'who does not say where': {},
    'another site without an origin': { 'sec-fetch-site': 'cross-site' },
    'a neighbour without an origin': { 'sec-fetch-site': 'same-site' },
    'nowhere without an origin': { 'sec-fetch-site': 'none' },
  }

  it('is refused from anywhere else', async () => {
    const { app } = await signOnServer({ corsAllowedOrigins: ['https://other.example.com'] })
    const browser = new Browser(app)
    await browser.signIn()
    for (const [where, headers] of Object.entries(elsewhere)) {
      expect((await browser.send(write('x', headers))).statusCode, where).toBe(403)
    }
  })

  it('is done from pages of this server', async () => {
    const { app } = await signOnServer()
    const browser = new Browser(app)
    await browser.signIn()
    expect((await browser.send(write('a', { origin: ORIGIN }))).statusCode).toBe(200)
    expect((await browser.send(write('b', { 'sec-fetch-site': 'same-origin' }))).statusCode).toBe(200)
  })
})

describe('who is not signed in', () => {
  it('is led to the provider from the page alone', async () => {
    const { app } = await signOnServer()
    const page = await app.inject('/?a=b')
    expect([page.statusCode, page.headers.location]).toEqual([302, '/auth/sign-in?return_to=%2F%3Fa%3Db'])
    const paths = [ME, ME.replace('/api/', '/ajax-api/'), '/get-artifact?path=x&run_uuid=x', '/nosuch']
    for (const url of paths) {
      const answer = await app.inject({ url, headers: { accept: 'text/html' } })
      expect([answer.statusCode, answer.headers.location, answer.headers['www-authenticate']]).toEqual([
        401,
        undefined,
        'Bearer realm="mlflow"',
      ])
      expect(answer.json()).toHaveProperty('error_code', 'UNAUTHENTICATED')
    }
    expect((await app.inject({ method: 'POST', url: '/graphql', payload: {} })).statusCode).toBe(401)
    expect((await app.inject({ method: 'POST', url: '/v1/traces', payload: {} })).statusCode).toBe(401)
  })

  it('is led back below the static prefix', async () => {
    const { app } = await signOnServer({ staticPrefix: '/mlflow' })
    const page = await app.inject('/mlflow/')
    expect(page.headers.location).toBe('/mlflow/auth/sign-in?return_to=%2Fmlflow%2F')
    const there = new URL(String((await new Browser(app).get('/mlflow/auth/sign-in')).headers.location))
    expect(there.searchParams.get('redirect_uri')).toBe(`${ORIGIN}/mlflow/auth/callback`)
  })

  it('may still have a password, where people have those too', async () => {
    const { app } = await signOnServer({
      login: ['basic', 'oidc'],
      authAdminPassword: 'a long enough password',
    })
    const authorization = `Basic ${Buffer.from('admin:a long enough password').toString('base64')}`
    expect((await app.inject({ url: ME, headers: { authorization } })).statusCode).toBe(200)
    expect((await app.inject(ME)).headers['www-authenticate']).toBe('Basic realm="mlflow"')
    const stale = { cookie: '__Host-trackyard-session=x' }
    expect((await app.inject({ url: ME, headers: stale })).headers['www-authenticate']).toBe(
      'Bearer realm="mlflow"',
    )
  })

  it('finds no sign-on where there is none', async () => {
    const { app } = await signOnServer({ login: ['basic'], authAdminPassword: 'a long enough password' })
    expect((await app.inject('/auth/sign-in')).statusCode).toBe(401)
    expect((await app.inject('/')).statusCode).toBe(401)
  })
})
