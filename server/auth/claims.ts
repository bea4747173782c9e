import type { Config } from '../config.ts'
import { ApiError } from '../errors.ts'
import type { Person } from '../operations/signed-in.ts'

export type Claims = Readonly<Record<string, unknown>>

const LONGEST_NAME = 255

/** @throws ApiError UNAUTHENTICATED where the claims name nobody, PERMISSION_DENIED for who is in no group that may enter */
export function personOf(claims: Claims, config: Config): Person {
  const { oidcUsernameClaim, oidcGroupsClaim, oidcAllowedGroups } = config
  const username = claimOf(claims, oidcUsernameClaim)
  if (typeof username !== 'string' || username === '' || username.length > LONGEST_NAME) {
    throw new ApiError('UNAUTHENTICATED', `Its claim ${oidcUsernameClaim} is no name of a user.`)
  }
  if (oidcUsernameClaim === 'email' && claims.email_verified === false) {
    throw new ApiError('UNAUTHENTICATED', 'It has not verified the address of this person.')
  }
  const groups = [claimOf(claims, oidcGroupsClaim)].flat().filter((group) => typeof group === 'string')
  if (oidcAllowedGroups.length > 0 && !groups.some((group) => oidcAllowedGroups.includes(group))) {
    throw new ApiError('PERMISSION_DENIED', `${username} is in none of the groups that may use this server.`)
  }
  return { username, groups }
}

/** A claim by its name, which may be a URL, else by the path that its name is. */
export function claimOf(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name]
  return name.split('.').reduce<unknown>((inner, key) => {
    return typeof inner === 'object' && inner !== null && Object.hasOwn(inner, key)
      ? (inner as Claims)[key]
      : undefined
  }, claims)
}
