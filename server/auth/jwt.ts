/** JWTs of the configured issuer. Imported only where a setting names one. */
import { errors, jwtVerify } from 'jose'
import type { Config } from '../config.ts'
import { ApiError } from '../errors.ts'
import type { Person } from '../operations/signed-in.ts'
import { personOf } from './claims.ts'
import { issuerKeys } from './issuer-keys.ts'

/** What clocks may differ. */
export const CLOCK_TOLERANCE_SECONDS = 30

/**
 * @returns whom a JWT names
 * @throws ApiError, on use: UNAUTHENTICATED for one that is not good, TEMPORARILY_UNAVAILABLE while that cannot be said
 */
export function jwtReader(config: Config): (token: string) => Promise<Person> {
  const keys = issuerKeys(config.jwtIssuer, config.jwtKeysUrl)
  const names = { username: config.jwtUsernameClaim, groups: config.jwtGroupsClaim }
  const expected = {
    issuer: config.jwtIssuer,
    audience: [...config.jwtAudience],
    algorithms: [...config.jwtAlgorithms],
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    requiredClaims: ['exp'],
  }
  return async (token) => {
    const { payload } = await jwtVerify(token, keys, expected).catch(refuse)
    return personOf(payload, names)
  }
}

/** Only what jose says itself is repeated: it names claims and headers, and never what is in them. */
export function refuse(error: unknown): never {
  if (error instanceof errors.JOSEError) throw unauthenticated(error.message, error)
  throw error
}

export function unauthenticated(reason: string, cause?: unknown): ApiError {
  return new ApiError('UNAUTHENTICATED', `The token is refused: ${reason}`, { cause })
}
