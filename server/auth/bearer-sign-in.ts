/** `Authorization: Bearer`, as clients send MLFLOW_TRACKING_TOKEN: a token of ours, or a JWT of the configured issuer. */
import type { Config } from '../config.ts'
import { ApiError } from '../errors.ts'
import { checkToken, findKnownToken, hashOfShown } from '../operations/access-tokens.ts'
import type { Login } from '../operations/login.ts'
import { signedIn } from '../operations/signed-in.ts'
import { holdsToken, looksLikeToken } from '../operations/token-text.ts'
import type { AccessToken } from '../store/access-tokens.ts'
import { firstUses } from './sign-events.ts'
import type { Identity, SignIn } from './sign-in.ts'

/** The way in for machines. It refuses a request with a token in its URL, where logs keep it. */
export function bearerSignIn(config: Config, login: Login): SignIn {
  const readJwt = jwtsOf(config)
  const recordUse = firstUses(login)
  return ({ clock }, request) => {
    const { url, headers } = request
    if (holdsToken(url)) {
      throw unauthenticated('a token does not belong into a URL, where logs keep it: revoke this one')
    }
    const token = bearerOf(headers.authorization)
    if (token === undefined) return undefined
    if (looksLikeToken(token)) {
      const hash = hashOfShown(token)
      const isStillGood = () => findKnownToken(login, hash, clock()) !== undefined
      const admitted = ({ id, username, scope }: AccessToken): Identity => {
        const identity: Identity = { username, via: 'token', scope, isStillGood }
        recordUse(identity, request, clock(), id)
        return identity
      }
      const known = findKnownToken(login, hash, clock())
      return known ? admitted(known) : checkToken(login, hash, clock()).then(admitted)
    }
    if (!readJwt) throw unauthenticated('it is no access token of this server, and no issuer of JWTs is set')
    return ofJwt(login, readJwt, token).then((identity) => {
      recordUse(identity, request, clock())
      return identity
    })
  }
}

async function ofJwt(login: Login, readJwt: ReadJwt, text: string): Promise<Identity> {
  const person = await readJwt(text)
  await signedIn(login, person)
  return { username: person.username, via: 'jwt' }
}

function bearerOf(authorization = ''): string | undefined {
  const [scheme = '', token = '', ...rest] = authorization.trim().split(/ +/)
  if (scheme.toLowerCase() !== 'bearer') return undefined
  if (token === '' || rest.length > 0) throw unauthenticated('the header has to be Bearer and one token')
  return token
}

type ReadJwt = Awaited<ReturnType<typeof importReader>>

function jwtsOf(config: Config): ReadJwt | undefined {
  if (!config.login.includes('jwt')) return undefined
  let reader: Promise<ReadJwt> | undefined
  return async (token) => {
    reader ??= importReader(config)
    return (await reader)(token)
  }
}

async function importReader(config: Config) {
  const { jwtReader } = await import('./jwt.ts')
  return jwtReader(config)
}

function unauthenticated(reason: string): ApiError {
  return new ApiError('UNAUTHENTICATED', `The bearer token is refused: ${reason}`)
}
