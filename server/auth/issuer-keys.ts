/** The keys an issuer signs with, as it publishes them. Imported only where a setting names an issuer. */
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  errors,
  type FetchImplementation,
  type JWTVerifyGetKey,
} from 'jose'
import { z } from 'zod'
import { trustedUrl } from '../config-values.ts'
import { ApiError } from '../errors.ts'

const TIMEOUT_MS = 5_000
/** Where it has just failed, nobody waits for it again. */
const PAUSE_MS = 5_000

const DISCOVERED = z.object({ issuer: z.string(), jwks_uri: trustedUrl })

/** @throws ApiError TEMPORARILY_UNAVAILABLE, on use, while a key is not known here and the issuer does not answer */
export function issuerKeys(issuer: string, keysUrl: string): JWTVerifyGetKey {
  const fetchSparingly = sparing()
  let opening: Promise<ReturnType<typeof createRemoteJWKSet>> | undefined
  const open = async () => {
    const url = keysUrl || (await discover(issuer, fetchSparingly))
    // Keys are asked for again every ten minutes, and for a key that is not among them every thirty seconds.
    return createRemoteJWKSet(new URL(url), { timeoutDuration: TIMEOUT_MS, [customFetch]: fetchSparingly })
  }
  return async (header, token) => {
    opening ??= open()
    const remote = await opening.catch((error: unknown) => {
      opening = undefined
      throw unavailable(error)
    })
    try {
      return await remote(header, token)
    } catch (error) {
      if (isRefusal(error)) throw error
      const known = remote.jwks()
      if (known === undefined) throw unavailable(error)
      // What was good when the issuer answered last is good until it answers again.
      return await createLocalJWKSet(known)(header, token).catch((missing: unknown) => {
        throw missing instanceof errors.JWKSNoMatchingKey ? unavailable(error) : missing
      })
    }
  }
}

async function discover(issuer: string, fetchSparingly: FetchImplementation): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const response = await fetchSparingly(url, {
    headers: new Headers({ accept: 'application/json' }),
    method: 'GET',
    redirect: 'manual',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  const found = DISCOVERED.parse(await response.json())
  if (found.issuer !== issuer) throw new Error(`${url} is the configuration of another issuer`)
  return found.jwks_uri
}

function sparing(): FetchImplementation {
  let failedAt = Number.NEGATIVE_INFINITY
  return async (url, options) => {
    if (performance.now() - failedAt < PAUSE_MS) throw new Error('the issuer did not answer a moment ago')
    try {
      const response = await fetch(url, options)
      if (response.status !== 200) throw new Error(`${url} answered ${response.status}`)
      return response
    } catch (error) {
      failedAt = performance.now()
      throw error
    }
  }
}

/** The keys are known, and none of them fits. */
function isRefusal(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  )
}

function unavailable(cause: unknown): ApiError {
  return new ApiError(
    'TEMPORARILY_UNAVAILABLE',
    'The keys of the issuer of tokens cannot be had right now.',
    {
      cause,
    },
  )
}
