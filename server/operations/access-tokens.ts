/** Tokens for machines: they do what their owner may do, within a scope, until they expire or are revoked. */
import { randomUUID } from 'node:crypto'
import type { Scope } from '../access/access.ts'
import type { AuthDb } from '../db/login.ts'
import { ApiError, invalidParameter, notFound } from '../errors.ts'
import {
  type AccessToken,
  deleteExpiredTokens,
  findToken,
  insertToken,
  listTokens,
  noteTokenUse,
} from '../store/access-tokens.ts'
import { getUser } from '../store/users.ts'
import type { Recent } from './recent.ts'
import { hashToken, holdsToken, makeToken } from './token-text.ts'

const MOST_PER_USER = 100
const MOST_NAMED = 1_000
const DAY_MS = 86_400_000
/** When a token was used last is known to the hour, and costs a write an hour. */
const NOTED_EVERY_MS = 3_600_000

export interface TokenRequest {
  readonly username: string
  readonly name: string
  readonly scope: Scope
  /** How long it is to be good, in milliseconds. @default `TRACKYARD_TOKEN_DAYS` */
  readonly lifetimeMs?: number | undefined
}

export interface TokenLimits {
  readonly tokenDays: number
  readonly tokenMaxDays: number
}

/**
 * Makes a token, which nobody can be told again.
 * @throws ApiError for a user that is not there, and for a name, a scope or a time that cannot be
 */
export async function createToken(
  db: AuthDb,
  request: TokenRequest,
  limits: TokenLimits,
  now: number,
): Promise<{ token: string; info: AccessToken }> {
  checkName(request.name)
  checkScope(request.scope)
  const expirationTime = now + lifetimeOf(request, limits)
  const { id: userId } = await getUser(db, request.username)
  const token = makeToken()
  const { name, scope } = request
  const info = { id: randomUUID(), name, scope, creationTime: now, expirationTime }
  await db.transaction().execute(async (tx) => {
    await deleteExpiredTokens(tx, userId, now)
    const others = await listTokens(tx, { userId, limit: MOST_PER_USER })
    if (others.length === MOST_PER_USER) {
      throw invalidParameter(`${request.username} has ${MOST_PER_USER} tokens; revoke one first`)
    }
    await insertToken(tx, { ...info, hash: hashToken(token), userId })
  })
  return { token, info: { ...info, username: request.username, lastUsedTime: undefined } }
}

export interface Tokens {
  readonly db: AuthDb
  /** By their hashes. */
  readonly tokens: Recent<AccessToken>
  readonly readOnly: boolean
}

/**
 * By what the database knows a token that a request has shown.
 * @throws ApiError UNAUTHENTICATED
 */
export function hashOfShown(text: string): string {
  if (!holdsToken(text)) throw refused('it is cut off, or not as it was shown')
  return hashToken(text)
}

/** A token that is known to be good, and for which nothing is to be written. */
export function findKnownToken(
  { tokens, readOnly }: Tokens,
  hash: string,
  now: number,
): AccessToken | undefined {
  const known = tokens.peek(hash)
  return known && now < known.expirationTime && (readOnly || !isToBeNoted(known, now)) ? known : undefined
}

/**
 * The token while it is good; notes that it is in use.
 * @throws ApiError UNAUTHENTICATED
 */
export async function checkToken(
  { db, tokens, readOnly }: Tokens,
  hash: string,
  now: number,
): Promise<AccessToken> {
  const token = await tokens.find(hash)
  if (!token) throw refused('it is not known, or was revoked')
  if (token.expirationTime <= now) {
    throw refused(`it expired on ${new Date(token.expirationTime).toISOString()}`)
  }
  if (!readOnly && isToBeNoted(token, now)) {
    await noteTokenUse(db, token.id, now, now - NOTED_EVERY_MS)
    tokens.forget(hash)
  }
  return token
}

function isToBeNoted({ lastUsedTime = 0 }: AccessToken, now: number): boolean {
  return lastUsedTime <= now - NOTED_EVERY_MS
}

function refused(reason: string): ApiError {
  return new ApiError('UNAUTHENTICATED', `The access token is refused: ${reason}`)
}

/** @throws ApiError RESOURCE_DOES_NOT_EXIST */
export async function getToken(db: AuthDb, id: string): Promise<AccessToken> {
  const found = await findToken(db, id)
  if (!found) throw notFound(`There is no token with id ${id}`)
  return found
}

const MOST = ['read', 'write', 'admin'] as const

/**
 * A scope as a person writes it. What names experiments alone has no model, and the other way round.
 * @throws ApiError INVALID_PARAMETER_VALUE
 */
export function parseScope(
  text = 'read',
  experiments?: readonly string[],
  models?: readonly string[],
): Scope {
  const most = MOST.find((one) => one === text)
  if (!most) throw invalidParameter(`'${text}' is no scope; it is one of ${MOST.join(', ')}`)
  return { most, experiments: experiments && new Set(experiments), models: models && new Set(models) }
}

function checkName(name: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they would forge lines where names are listed
  if (name === '' || name.length > 255 || /[\x00-\x1f\x7f]/.test(name)) {
    throw invalidParameter(
      'The name of a token must have 1 to 255 characters, none of them a control character',
    )
  }
}

function checkScope({ experiments, models }: Scope): void {
  if (experiments?.size === 0 || models?.size === 0) {
    throw invalidParameter('A token names one experiment or model at least; leave the list out for all')
  }
  for (const id of experiments ?? []) {
    if (!/^\d{1,19}$/.test(id)) throw invalidParameter(`'${id}' is no id of an experiment`)
  }
  if ((experiments?.size ?? 0) + (models?.size ?? 0) > MOST_NAMED) {
    throw invalidParameter(`A token can name at most ${MOST_NAMED} experiments and models`)
  }
}

function lifetimeOf({ lifetimeMs }: TokenRequest, { tokenDays, tokenMaxDays }: TokenLimits): number {
  if (lifetimeMs === undefined) return Math.min(tokenDays, tokenMaxDays) * DAY_MS
  if (lifetimeMs > 0 && lifetimeMs <= tokenMaxDays * DAY_MS) return lifetimeMs
  throw invalidParameter(`A token can be good for ${tokenMaxDays} days at most, and no less than a second`)
}
