import type { FastifyInstance, InjectOptions } from 'fastify'
import { onTestFinished } from 'vitest'
import { buildApp } from '../../server/app.ts'
import type { Config } from '../../server/config.ts'
import type { Context } from '../../server/context.ts'
import type { Login } from '../../server/operations/login.ts'
import { temporaryFolder, testContext, testDatabase } from '../server/support.ts'
import { CookieJar } from '../support/cookie-jar.ts'
import { CLIENT_ID, CLIENT_SECRET, type OpenId, startOpenId } from '../support/openid.ts'

export const ORIGIN = 'https://mlflow.example.com'
export const ME = '/api/2.0/mlflow/experiments/get?experiment_id=0'

export interface SignOnServer {
  readonly app: FastifyInstance
  readonly context: Context
  readonly login: Login
  readonly provider: OpenId
  /** Its clock runs ahead by this. */
  aheadMs: number
}

/** A server at whose provider people sign in. */
export async function signOnServer(settings: Partial<Config> = {}): Promise<SignOnServer> {
  const provider = await startOpenId()
  const uri = await testDatabase(await temporaryFolder())
  const opened = await testContext({
    backendStoreUri: uri,
    authDatabaseUri: uri,
    login: ['oidc'],
    oidcIssuer: provider.url,
    oidcClientId: CLIENT_ID,
    oidcClientSecret: CLIENT_SECRET,
    publicUrl: ORIGIN,
    secretKey: 'a key of the server, longer than 32',
    ...settings,
  })
  const { login } = opened
  if (!login) throw new Error('no login')
  const server = { aheadMs: 0 }
  const context = { ...opened, clock: () => Date.now() + server.aheadMs }
  const app = buildApp(context)
  onTestFinished(() => app.close())
  return Object.assign(server, { app, context, login, provider })
}

/** One browser: it keeps cookies, and follows nothing by itself. */
export class Browser {
  readonly jar: CookieJar
  readonly #app: FastifyInstance

  constructor(app: FastifyInstance, jar = new CookieJar()) {
    this.#app = app
    this.jar = jar
  }

  async get(url: string, headers: Record<string, string> = {}) {
    return this.send({ url, headers })
  }

  async send(request: InjectOptions) {
    const headers = { host: new URL(ORIGIN).host, ...request.headers, cookie: this.jar.header() }
    const response = await this.#app.inject({ ...request, headers })
    this.jar.take(response.headers['set-cookie'])
    return response
  }

  /** Goes to the provider and comes back: the URL of the callback. */
  async toCallback(returnTo = '/'): Promise<string> {
    const begun = await this.get(`/auth/sign-in?return_to=${encodeURIComponent(returnTo)}`)
    const there = await fetch(String(begun.headers.location), { redirect: 'manual' })
    return (there.headers.get('location') ?? '').replace(ORIGIN, '')
  }

  async signIn(returnTo?: string) {
    return this.get(await this.toCallback(returnTo))
  }
}
