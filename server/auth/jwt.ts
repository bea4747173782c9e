/** JWTs of the configured issuer. Imported only where a setting names one. */
import { errors, type JWTPayload, jwtVerify } from 'jose'
import type { Config } from '../config.ts'
import { ApiError } from '../errors.ts'
import type { Person } from '../operations/signed-in.ts'
import { issuerKeys } from './issuer-keys.ts'

/** What clocks may differ. */
export const CLOCK_TOLERANCE_SECONDS = 30

/**
 * @returns whom a JWT names
 * @throws ApiError, on use: UNAUTHENTICATED for one that is not good, TEMPORARILY_UNAVAILABLE while that cannot be said
 */
export function jwtReader(config: Config): (token: string) => Promise<Person> {
  const keys = issuerKeys(config.jwtIssuer, config.jwtKeysUrl)
  const expected = {
    issuer: config.jwtIssuer,
    audience: [...config.jwtAudience],
    algorithms: [...config.jwtAlgorithms],
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    requiredClaims: ['exp'],
  }
  return async (token) => {
    const { payload } = await jwtVerify(token, keys, expected).catch(refuse)
    return personOf(payload, config.jwtUsernameClaim, config.jwtGroupsClaim)
  }
}

/** @throws ApiError UNAUTHENTICATED where the claims name nobody */
export function personOf(claims: JWTPayload, usernameClaim: string, groupsClaim: string): Person {
  const username = claims[usernameClaim]
  if (typeof username !== 'string' || username === '' || username.length > LONGEST_NAME) {
    throw unauthenticated(`its claim ${usernameClaim} is no name of a user`)
  }
  return { username, groups: groupsOf(claims[groupsClaim]) }
}

const LONGEST_NAME = 255

function groupsOf(claim: unknown): readonly string[] | undefined {
  if (claim === undefined) return undefined
  const groups = Array.isArray(claim) ? claim : [claim]
  return groups.filter((group) => typeof group === 'string')
}

/** Only what jose says itself is repeated: it names claims and headers, and never what is in them. */
export function refuse(error: unknown): never {
  if (error instanceof errors.JOSEError) throw unauthenticated(error.message, error)
  throw error
}

export function unauthenticated(reason: string, cause?: unknown): ApiError {
  return new ApiError('UNAUTHENTICATED', `The token is refused: ${reason}`, { cause })
}
