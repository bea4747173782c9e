/** How a person is read from what an issuer says of it: at a sign-on, in a JWT, and by way of a load balancer. */
import { ApiError } from '../errors.ts'
import type { Person } from '../operations/signed-in.ts'
import { isUsername } from '../store/users.ts'

export type Claims = Readonly<Record<string, unknown>>

/** Which claims say what, as settings name them. */
export interface ClaimNames {
  readonly username: string
  readonly groups: string
}

/** @throws ApiError UNAUTHENTICATED where the claims name nobody */
export function personOf(claims: Claims, names: ClaimNames): Person {
  const username = claimOf(claims, names.username)
  if (!isName(username)) throw refused(`its claim ${names.username} is no name of a user`)
  if (names.username === 'email' && isFalse(claims.email_verified)) {
    throw refused('its issuer has not verified the address of this person')
  }
  return { username, groups: groupsOf(claimOf(claims, names.groups), names.groups) }
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

/** As the issuer writes it. Blanks at its ends and what cannot be seen would only make it look like another. */
function isName(claim: unknown): claim is string {
  return (
    typeof claim === 'string' &&
    isUsername(claim) &&
    claim === claim.trim() &&
    !/[\p{Cc}\p{Cf}\p{Cs}]/u.test(claim)
  )
}

/** Amazon Cognito says it as text. */
function isFalse(claim: unknown): boolean {
  return claim === false || claim === 'false'
}

/** What OAuth writes as one text with blanks between (RFC 8693). Any other text is one group, and may have blanks. */
const SEPARATED_BY_BLANKS = /(^|\.)(scope|scp)$/

function groupsOf(claim: unknown, name: string): readonly string[] {
  if (typeof claim === 'string' && SEPARATED_BY_BLANKS.test(name)) return claim.split(' ').filter(Boolean)
  return [claim].flat().filter((group) => typeof group === 'string')
}

function refused(reason: string): ApiError {
  return new ApiError('UNAUTHENTICATED', `The sign-in is refused: ${reason}.`)
}
