/** Sign-on of people at an OpenID provider: to it, back from it, and away again. Imported only where there is one. */
import * as client from 'openid-client'
import type { Config } from '../config.ts'
import { ApiError } from '../errors.ts'
import { type Claims, claimOf } from './claims.ts'
import type { Provider } from './provider.ts'

/** What a sign-in is begun with, and must be ended with. */
export interface Attempt {
  readonly state: string
  readonly nonce: string
  readonly verifier: string
}

/** The places that the provider is told of. */
export function addressesOf({ publicUrl, staticPrefix }: Config) {
  const base = `${publicUrl.replace(/\/$/, '')}${staticPrefix}/auth`
  return { callback: `${base}/callback`, signedOut: `${base}/signed-out` }
}

/** @throws ApiError TEMPORARILY_UNAVAILABLE while the provider does not answer */
export async function beginSignIn(
  provider: Provider,
  config: Config,
): Promise<{ readonly attempt: Attempt; readonly url: URL }> {
  const configuration = await provider().catch(unavailable)
  const attempt = {
    state: client.randomState(),
    nonce: client.randomNonce(),
    verifier: client.randomPKCECodeVerifier(),
  }
  const url = client.buildAuthorizationUrl(configuration, {
    redirect_uri: addressesOf(config).callback,
    scope: config.oidcScopes,
    state: attempt.state,
    nonce: attempt.nonce,
    code_challenge: await client.calculatePKCECodeChallenge(attempt.verifier),
    code_challenge_method: 'S256',
  })
  return { attempt, url }
}

/**
 * Takes the provider's answer, checks it and whatever it leads to.
 * @param answer the query of the callback
 * @throws ApiError UNAUTHENTICATED for an answer that is not good, TEMPORARILY_UNAVAILABLE while that cannot be said
 */
export async function finishSignIn(
  provider: Provider,
  config: Config,
  attempt: Attempt,
  answer: string,
): Promise<{ readonly claims: Claims; readonly idToken: string }> {
  const configuration = await provider().catch(unavailable)
  const tokens = await client
    .authorizationCodeGrant(configuration, new URL(`${addressesOf(config).callback}?${answer}`), {
      expectedState: attempt.state,
      expectedNonce: attempt.nonce,
      pkceCodeVerifier: attempt.verifier,
      idTokenExpected: true,
    })
    .catch(refuse)
  const claims = tokens.claims()
  if (!claims || tokens.id_token === undefined) throw refused('it gave no id token')
  const named = [config.oidcUsernameClaim, config.oidcGroupsClaim]
  const isComplete = named.every((name) => claimOf(claims, name) !== undefined)
  const more =
    isComplete || configuration.serverMetadata().userinfo_endpoint === undefined
      ? {}
      : await client.fetchUserInfo(configuration, tokens.access_token, claims.sub).catch(refuse)
  return { claims: { ...more, ...claims }, idToken: tokens.id_token }
}

/** Where the provider ends its own session; undefined where it has no such place, or does not answer. */
export async function endSessionUrl(
  provider: Provider,
  config: Config,
  idToken: string | undefined,
): Promise<URL | undefined> {
  const configuration = await provider().catch(() => undefined)
  if (configuration?.serverMetadata().end_session_endpoint === undefined) return undefined
  return client.buildEndSessionUrl(configuration, {
    post_logout_redirect_uri: addressesOf(config).signedOut,
    ...(idToken !== undefined && { id_token_hint: idToken }),
  })
}

/** What openid-client says when the provider cannot be understood, rather than refused. */
const AWAY = new Set([
  'OAUTH_TIMEOUT',
  'OAUTH_ABORT',
  'OAUTH_RESPONSE_IS_NOT_CONFORM',
  'OAUTH_RESPONSE_IS_NOT_JSON',
])

/** Only names of claims and of errors are repeated, never what a token holds. */
function refuse(error: unknown): never {
  if (error instanceof client.AuthorizationResponseError)
    throw refused(`it answered ${wordOf(error.error)}`, error)
  if (error instanceof client.ResponseBodyError && error.error === 'invalid_grant') {
    throw refused('it answered invalid_grant', error)
  }
  if (error instanceof client.ClientError && error.code !== undefined && !AWAY.has(error.code)) {
    throw refused(error.message, error)
  }
  unavailable(error)
}

function wordOf(text: string): string {
  return text.replace(/[^\w.-]/g, '').slice(0, 60)
}

function refused(reason: string, cause?: unknown): ApiError {
  return new ApiError('UNAUTHENTICATED', `The provider's answer is refused: ${reason}.`, { cause })
}

function unavailable(cause: unknown): never {
  throw new ApiError(
    'TEMPORARILY_UNAVAILABLE',
    'The place where people sign in does not answer as it should.',
    {
      cause,
    },
  )
}
