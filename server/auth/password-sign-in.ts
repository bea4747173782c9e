/** Signing in with a user's name and password, as MLflow's clients do with every request. */
import type { FastifyRequest } from 'fastify'
import { ApiError } from '../errors.ts'
import type { AuditEvent } from '../operations/audit.ts'
import { LEGACY_PASSWORD } from '../operations/passwords.ts'
import { isUsername } from '../store/users.ts'
import type { SignIn } from './sign-in.ts'

export const passwordSignIn: SignIn = async ({ login, log }, request) => {
  if (!login?.ways.includes('basic')) return undefined
  const given = credentialsOf(request)
  if (!given) return undefined
  const { username, password } = given
  const { signInGuard } = login
  signInGuard.check(username, request.ip)
  // A name that no database keeps is not looked for in one.
  const user = isUsername(username) ? await login.users.find(username) : undefined
  const isRight = await login.passwords.isRight(password, user?.passwordHash ?? '')
  // Many guesses at once are no more than many in turn.
  signInGuard.check(username, request.ip)
  if (!user || !isRight) {
    signInGuard.failed(username, request.ip)
    throw refusal()
  }
  if (user.isAdmin && password === LEGACY_PASSWORD) {
    log.warn(`refused the admin ${username}, who has the password that MLflow once came with`)
    throw refusal()
  }
  if (signInGuard.succeeded(username, request.ip)) login.audit.record(signIn(username, request))
  return { username, via: 'password' }
}

/** The first in a while from there: a client sends its password with every request. */
function signIn(username: string, { ip, headers }: FastifyRequest): AuditEvent {
  return {
    caller: username,
    via: 'password',
    action: 'sign-in',
    object: '',
    detail: '',
    status: 200,
    outcome: 'OK',
    address: ip,
    userAgent: headers['user-agent'] ?? '',
  }
}

/** Undefined where there are none of this kind. @throws ApiError UNAUTHENTICATED for such that cannot be read */
function credentialsOf(request: FastifyRequest): { username: string; password: string } | undefined {
  const header = request.headers.authorization ?? ''
  if (!/^basic(\s|$)/i.test(header)) return undefined
  const encoded = header.slice(5).trim()
  const [, username, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, 'base64').toString()) ?? []
  if (username === undefined || password === undefined) throw refusal()
  return { username, password }
}

function refusal(): ApiError {
  return new ApiError('UNAUTHENTICATED', 'The user name or the password is wrong.')
}
