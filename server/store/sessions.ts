/** Sessions of browsers, in the database that all servers share: what one of them ends is over on every other. */
import { createHash, randomBytes } from 'node:crypto'
import type { AuthDb } from '../db/login.ts'
import { ApiError } from '../errors.ts'

/** How often it is noted that a session is in use. */
const NOTED_EVERY_MS = 60_000

export interface NewSession {
  readonly user: { readonly id: number; readonly username: string; readonly passwordHash: string }
  /** What the sign-in began with; no second session begins with it. */
  readonly attempt: string
  readonly expiryTime: number
  readonly sealedIdToken: string | null
}

/**
 * @returns the id that the browser keeps; here only its hash is
 * @throws ApiError UNAUTHENTICATED for an attempt that has been used
 */
export async function startSession(db: AuthDb, session: NewSession, now: number): Promise<string> {
  const id = randomBytes(32).toString('base64url')
  const attempt_hash = hashOf(session.attempt)
  await db.deleteFrom('trackyard_sessions').where('expiry_time', '<=', now).execute()
  const used = await db
    .selectFrom('trackyard_sessions')
    .select('id_hash')
    .where('attempt_hash', '=', attempt_hash)
    .executeTakeFirst()
  if (used) throw new ApiError('UNAUTHENTICATED', 'This sign-in has been used before.')
  await db
    .insertInto('trackyard_sessions')
    .values({
      id_hash: hashOf(id),
      attempt_hash,
      user_id: session.user.id,
      username: session.user.username,
      password_mark: hashOf(session.user.passwordHash),
      created_time: now,
      seen_time: now,
      expiry_time: session.expiryTime,
      sealed_id_token: session.sealedIdToken,
    })
    .execute()
  return id
}

/**
 * Whose session it is, while it lasts: its user is still there, with the password it had. Notes that it is in use, unless
 * only reading.
 */
export async function findSessionUser(
  db: AuthDb,
  id: string,
  {
    now,
    idleMs,
    readOnly = false,
  }: { readonly now: number; readonly idleMs: number; readonly readOnly?: boolean },
): Promise<string | undefined> {
  const id_hash = hashOf(id)
  const row = await db
    .selectFrom('trackyard_sessions as session')
    .innerJoin('users as user', (join) =>
      join.onRef('user.id', '=', 'session.user_id').onRef('user.username', '=', 'session.username'),
    )
    .select(['session.username', 'session.seen_time', 'session.password_mark', 'user.password_hash'])
    .where('session.id_hash', '=', id_hash)
    .where('session.ended_time', 'is', null)
    .where('session.expiry_time', '>', now)
    .where('session.seen_time', '>', now - idleMs)
    .executeTakeFirst()
  if (!row || row.password_mark !== hashOf(row.password_hash ?? '')) return undefined
  if (!readOnly && now - Number(row.seen_time) >= NOTED_EVERY_MS) {
    await db
      .updateTable('trackyard_sessions')
      .set({ seen_time: now })
      .where('id_hash', '=', id_hash)
      .execute()
  }
  return row.username
}

/** Ends a session for good. @returns whose it was; undefined where it has ended before */
export async function endSession(db: AuthDb, id: string, now: number): Promise<string | undefined> {
  const id_hash = hashOf(id)
  const { numUpdatedRows } = await db
    .updateTable('trackyard_sessions')
    .set({ ended_time: now })
    .where('id_hash', '=', id_hash)
    .where('ended_time', 'is', null)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) return undefined
  const row = await db
    .selectFrom('trackyard_sessions')
    .select('username')
    .where('id_hash', '=', id_hash)
    .executeTakeFirst()
  return row?.username
}

/** What a session keeps for the provider, after its end too. */
export async function findSealedIdToken(db: AuthDb, id: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('trackyard_sessions')
    .select('sealed_id_token')
    .where('id_hash', '=', hashOf(id))
    .executeTakeFirst()
  return row?.sealed_id_token ?? undefined
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
