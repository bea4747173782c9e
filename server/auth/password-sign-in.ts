/** Signing in with a user's name and password, as MLflow's clients do with every request. */
import type { FastifyRequest } from 'fastify'
import { ApiError } from '../errors.ts'
import { LEGACY_PASSWORD } from '../operations/passwords.ts'
import { isUsername } from '../store/users.ts'
import type { SignIn } from './sign-in.ts'

export const passwordSignIn: SignIn = async ({ login, log }, request) => {
  if (!login?.ways.includes('basic')) return undefined
  const given = credentialsOf(request)
  if (!given) return undefined
  const { username, password } = given
  // A name that no database keeps is not looked for in one.
  const user = isUsername(username) ? await login.users.find(username) : undefined
  const isRight = await login.passwords.isRight(password, user?.passwordHash ?? '')
  if (!user || !isRight) throw refusal()
  if (user.isAdmin && password === LEGACY_PASSWORD) {
    log.warn(`refused the admin ${username}, who has the password that MLflow once came with`)
    throw refusal()
  }
  return { username, via: 'password' }
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
