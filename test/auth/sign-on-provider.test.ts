import { describe, expect, it } from 'vitest'
import { CookieJar } from '../support/cookie-jar.ts'
import { startOpenIdProvider } from '../support/openid-provider.ts'
import { freePort } from '../support/server-process.ts'
import { ME, signOnServer } from './sign-on-support.ts'

const GROUPS = { 'ann@example.com': ['data'], 'ben@example.com': ['sales'] }

/** One browser for the server and the provider: it follows redirects and sends forms. */
class Follower {
  readonly #jars = new Map<string, CookieJar>()

  async open(
    url: string,
    form?: Record<string, string>,
  ): Promise<{ response: Response; url: string; page: string }> {
    const { host } = new URL(url)
    const jar = this.#jars.get(host) ?? new CookieJar()
    this.#jars.set(host, jar)
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: jar.header() },
      ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    })
    jar.take(response.headers.getSetCookie())
    const to = response.headers.get('location')
    const page = await response.text()
    return to ? this.open(new URL(to, url).href) : { response, url, page }
  }

  /** Answers the provider's pages until it leads back. */
  async signIn(origin: string, login: string) {
    let at = await this.open(`${origin}/auth/sign-in?return_to=/health`)
    for (const prompt of ['login', 'consent']) {
      const action = /action="([^"]*\/interaction\/[^"]*)"/.exec(at.page)?.[1]
      if (action === undefined) throw new Error(`no form of the provider at ${at.url}`)
      at = await this.open(new URL(action, at.url).href, { prompt, login, password: 'any' })
    }
    return at
  }
}

async function start() {
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const { issuer, clientId, clientSecret } = await startOpenIdProvider(origin, GROUPS)
  const server = await signOnServer({
    publicUrl: origin,
    oidcIssuer: issuer,
    oidcClientId: clientId,
    oidcClientSecret: clientSecret,
    oidcAllowedGroups: ['data'],
    groupRoles: [{ group: 'data', role: 'admin' }],
  })
  await server.app.listen({ host: '127.0.0.1', port })
  return { ...server, origin }
}

describe('at a real provider', () => {
  it('a person signs in, with the roles of its groups', async () => {
    const { login, origin } = await start()
    const person = new Follower()
    const back = await person.signIn(origin, 'ann@example.com')
    expect([back.url, back.page]).toEqual([`${origin}/health`, 'OK'])
    expect((await person.open(origin + ME)).response.status).toBe(200)
    const user = await login.users.find('ann@example.com')
    expect([...(user?.roles ?? [])]).toEqual(['admin'])
  })

  it('who is in none of the groups does not', async () => {
    const { login, origin } = await start()
    const person = new Follower()
    const back = await person.signIn(origin, 'ben@example.com')
    expect([back.response.status, new URL(back.url).pathname]).toEqual([403, '/auth/callback'])
    expect((await person.open(origin + ME)).response.status).toBe(401)
    expect(await login.users.find('ben@example.com')).toBeUndefined()
  })
})
