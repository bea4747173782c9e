/** What is done where people sign in and out with a browser. Imported only when the first one does. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { personOf } from '../auth/claims.ts'
import { clearSession, clearSignIn, findSignIn, setSession, setSignIn } from '../auth/cookies.ts'
import { openProvider, type Provider } from '../auth/provider.ts'
import { returnAddress } from '../auth/return-address.ts'
import { seal, unseal } from '../auth/sealed.ts'
import { leaveSession } from '../auth/session-sign-in.ts'
import { recordSign } from '../auth/sign-events.ts'
import { type Attempt, beginSignIn, endSessionUrl, finishSignIn } from '../auth/sign-on.ts'
import { sendPage } from '../auth/sign-on-pages.ts'
import type { Config } from '../config.ts'
import type { Context } from '../context.ts'
import { ApiError } from '../errors.ts'
import { type Person, signedIn } from '../operations/signed-in.ts'
import { startSession } from '../store/sessions.ts'
import { findQueryValue, type Route } from './route.ts'

/** Longest that somebody takes to sign in at the provider. */
const SIGN_IN_SECONDS = 600

export function signOnHandlers({
  config,
  clock,
}: Context): Record<'sign-in' | 'callback' | 'sign-out', Route['handle']> {
  const provider = openProvider(config, clock)
  return {
    'sign-in': (context, request, reply) => signIn(provider, context, request, reply),
    callback: (context, request, reply) => callback(provider, context, request, reply),
    'sign-out': (context, request, reply) => signOut(provider, context, request, reply),
  }
}

async function signIn(
  provider: Provider,
  { config, clock }: Context,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { attempt, url } = await beginSignIn(provider, config)
  const returnTo = returnAddress(findQueryValue(request, 'return_to'), config.staticPrefix)
  const expiryTime = clock() + SIGN_IN_SECONDS * 1000
  const value = await seal(config, 'sign-in', { attempt, returnTo }, expiryTime)
  setSignIn(request, reply, config, { state: attempt.state, value, maxAge: SIGN_IN_SECONDS })
  return reply.redirect(url.href, 302)
}

async function callback(
  provider: Provider,
  context: Context,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { config } = context
  const { attempt, returnTo } = await takeAttempt(context, request, reply)
  const { claims, idToken } = await finishSignIn(provider, config, attempt, request.url.split('?')[1] ?? '')
  const person = personOf(claims, { username: config.oidcUsernameClaim, groups: config.oidcGroupsClaim })
  checkMayEnter(person, config)
  await beginSession(context, request, reply, { person, idToken, attempt: attempt.state })
  return reply.redirect(returnAddress(returnTo, config.staticPrefix), 302)
}

/** @throws ApiError PERMISSION_DENIED for who is in no group that may enter */
function checkMayEnter({ username, groups }: Person, { oidcAllowedGroups: allowed }: Config): void {
  if (allowed.length === 0 || groups.some((group) => allowed.includes(group))) return
  throw new ApiError('PERMISSION_DENIED', `${username} is in none of the groups that may use this server.`)
}

/** What this browser began its sign-in with, which it has no longer then. */
async function takeAttempt(
  { config, clock }: Context,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<{ readonly attempt: Attempt; readonly returnTo: string }> {
  const state = findQueryValue(request, 'state') ?? ''
  const sealed = findSignIn(request, config, state)
  const begun = sealed && (await unseal(config, 'sign-in', sealed, clock()))
  if (!begun || (begun.attempt as Attempt).state !== state) {
    throw new ApiError(
      'UNAUTHENTICATED',
      'This sign-in was not begun in this browser, or longer than ten minutes ago.',
    )
  }
  clearSignIn(reply, config, state)
  return begun as unknown as { attempt: Attempt; returnTo: string }
}

/** A new session at every sign-in, in place of the one that the browser had. */
async function beginSession(
  context: Context,
  request: FastifyRequest,
  reply: FastifyReply,
  { person, idToken, attempt }: { person: Person; idToken: string; attempt: string },
): Promise<void> {
  const { config, clock, login } = context
  if (!login) throw new Error('there are no sessions without a login')
  const user = await signedIn(login, person)
  const seconds = config.sessionHours * 3600
  const expiryTime = clock() + seconds * 1000
  const sealedIdToken = await seal(config, 'id-token', { idToken }, expiryTime)
  const jti = await startSession(login.db, { user, attempt, expiryTime, sealedIdToken }, clock())
  await leaveSession(context, request)
  setSession(reply, config, await seal(config, 'session', { jti }, expiryTime), seconds)
  recordSign(login, 'sign-in', { username: user.username, via: 'session' }, request)
}

async function signOut(
  provider: Provider,
  context: Context,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { config, clock } = context
  if (['cross-site', 'same-site'].includes(String(request.headers['sec-fetch-site']))) {
    return sendPage(reply, {
      status: 200,
      title: 'Sign out?',
      text: 'Another site has led you here.',
      link: { path: `${config.staticPrefix}/auth/sign-out`, text: 'Sign out' },
    })
  }
  const sealed = await leaveSession(context, request)
  clearSession(reply, config)
  const kept = sealed && (await unseal(config, 'id-token', sealed, clock()))
  const url = await endSessionUrl(provider, config, kept ? (kept.idToken as string) : undefined)
  return reply.redirect(url?.href ?? `${config.staticPrefix}/auth/signed-out`, 302)
}
