/** Signing in with a user's name and password, as MLflow's clients do with every request. */
import { hash, randomBytes } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import QuickLRU from 'quick-lru'
import type { Context } from '../context.ts'
import { ApiError } from '../errors.ts'
import type { Login } from '../operations/login.ts'
import { LEGACY_PASSWORD } from '../operations/passwords.ts'
import { isUsername } from '../store/users.ts'
import { recordSign } from './sign-events.ts'
import type { Identity, SignIn } from './sign-in.ts'

const MOST_REMEMBERED = 10_000

/** What MLflow's UI has a browser send, as name and as password, in the place of what it knew. */
const SIGNS_OUT = /^mlflow-logged-out-\w+$/

/** Whose password a header had, and the hash that it was right for. */
interface Checked {
  readonly username: string
  readonly passwordHash: string
}

/**
 * The way in for users with a password. A header that was right is known again by a digest under a key of this process,
 * as long as its user has the password it was checked against.
 */
export function passwordSignIn(login: Login): SignIn {
  const isOn = login.ways.includes('basic')
  const key = randomBytes(32).toString('hex')
  const remembered = new QuickLRU<string, Checked>({ maxSize: MOST_REMEMBERED })
  return (context, request) => {
    const { authorization = '' } = request.headers
    if (!isOn || !/^basic(\s|$)/i.test(authorization)) return undefined
    const digest = hash('sha256', key + authorization)
    const checked = remembered.get(digest)
    if (checked && isStillRight(login, checked)) {
      login.signInGuard.check(checked.username, request.ip)
      return admitted(login, checked.username, request, () => isStillRight(login, checked))
    }
    return checkPassword(login, context, request, (right) => remembered.set(digest, right))
  }
}

async function checkPassword(
  login: Login,
  { log }: Context,
  request: FastifyRequest,
  remember: (right: Checked) => void,
): Promise<Identity> {
  const { username, password } = credentialsOf(request)
  // No guess: MLflow's UI signs out so, and people of one office do it all day.
  if (SIGNS_OUT.test(username) && password === username) throw refusal()
  const { signInGuard } = login
  signInGuard.check(username, request.ip)
  // A name that no database keeps is not looked for in one.
  const user = isUsername(username) ? await login.users.find(username) : undefined
  const isRight = await login.passwords.isRight(password, user?.passwordHash ?? '')
  // Many guesses at once are no more than many in turn.
  signInGuard.check(username, request.ip)
  if (!user || !isRight) {
    signInGuard.failed(username, request.ip)
    request.tried = username
    throw refusal()
  }
  const isLegacy = password === LEGACY_PASSWORD
  if (user.isAdmin && isLegacy) {
    log.warn(`refused the admin ${username}, who has the password that MLflow once came with`)
    request.tried = username
    throw refusal()
  }
  // Its user may become an admin.
  if (isLegacy) return admitted(login, username, request)
  const checked = { username, passwordHash: user.passwordHash }
  remember(checked)
  return admitted(login, username, request, () => isStillRight(login, checked))
}

function isStillRight({ users }: Login, { username, passwordHash }: Checked): boolean {
  return users.peek(username)?.passwordHash === passwordHash
}

function admitted(
  login: Login,
  username: string,
  request: FastifyRequest,
  isStillGood?: () => boolean,
): Identity {
  const identity: Identity = { username, via: 'password', isStillGood }
  // A client sends its password with every request.
  if (login.signInGuard.succeeded(username, request.ip)) recordSign(login, 'sign-in', identity, request)
  return identity
}

/** @throws ApiError UNAUTHENTICATED for such that cannot be read */
function credentialsOf({ headers: { authorization = '' } }: FastifyRequest) {
  const encoded = authorization.slice('basic'.length).trim()
  const [, username, password] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, 'base64').toString()) ?? []
  if (username === undefined || password === undefined) throw refusal()
  return { username, password }
}

function refusal(): ApiError {
  return new ApiError('UNAUTHENTICATED', 'The user name or the password is wrong.')
}
