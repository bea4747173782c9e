/** Sign-in by the session of a browser. */
import type { FastifyRequest } from 'fastify'
import type { Config } from '../config.ts'
import type { Context } from '../context.ts'
import { ApiError } from '../errors.ts'
import type { Login } from '../operations/login.ts'
import { endSession, findSealedIdToken, findSessionUser } from '../store/sessions.ts'
import { findSessionCookie, type SessionCookie } from './cookies.ts'
import { recordSign } from './sign-events.ts'
import type { Identity, SignIn } from './sign-in.ts'

const READS = new Set(['GET', 'HEAD', 'OPTIONS'])

export const sessionSignIn: SignIn = (context, request) => {
  const cookie = findSessionCookie(request, context.config)
  return context.login && cookie ? ofSession(context, context.login, request, cookie) : undefined
}

async function ofSession(
  { config, clock }: Context,
  login: Login,
  request: FastifyRequest,
  cookie: SessionCookie,
): Promise<Identity> {
  const now = clock()
  const id = await sessionId(config, cookie.value, now)
  const { readOnly } = login
  if (id && cookie.isLeft && !readOnly) await signOut(login, request, id, now)
  const idleMs = config.sessionIdleMinutes * 60_000
  const isLeft = cookie.isLeft && readOnly
  const username = id && !isLeft && (await findSessionUser(login.db, id, { now, idleMs, readOnly }))
  if (!username) {
    throw new ApiError('UNAUTHENTICATED', 'Your session has ended. Reload the page to sign in again.')
  }
  if (!READS.has(request.method) && !isFromOwnPage(request, config)) {
    throw new ApiError(
      'PERMISSION_DENIED',
      'A browser that is signed in writes from pages of this server only.',
    )
  }
  return { username, via: 'session' }
}

/** Ends the session of a request, if it has one. @returns what it keeps for the provider */
export async function leaveSession(
  { login, config, clock }: Context,
  request: FastifyRequest,
): Promise<string | undefined> {
  const cookie = findSessionCookie(request, config)
  const id = cookie && (await sessionId(config, cookie.value, clock()))
  if (!login || !id) return undefined
  await signOut(login, request, id, clock())
  return findSealedIdToken(login.db, id)
}

async function signOut(login: Login, request: FastifyRequest, id: string, now: number): Promise<void> {
  const username = await endSession(login.db, id, now)
  if (username !== undefined) recordSign(login, 'sign-out', { username, via: 'session' }, request)
}

async function sessionId(config: Config, value: string, now: number): Promise<string | undefined> {
  const { unseal } = await import('./sealed.ts')
  const content = await unseal(config, 'session', value, now)
  return typeof content?.jti === 'string' ? content.jti : undefined
}

/** Cookies go along with what a page of another site sends, too. */
function isFromOwnPage(request: FastifyRequest, { publicUrl }: Config): boolean {
  const { origin } = request.headers
  if (origin !== undefined) return origin === new URL(publicUrl).origin
  return request.headers['sec-fetch-site'] === 'same-origin'
}
