import type { Selectable } from 'kysely'
import type { Scope } from '../access/access.ts'
import type { AuthDb } from '../db/login.ts'
import type { LoginDatabase } from '../db/schema/login-index.ts'

export interface AccessToken {
  readonly id: string
  readonly name: string
  readonly username: string
  readonly scope: Scope
  readonly creationTime: number
  readonly expirationTime: number
  readonly lastUsedTime: number | undefined
}

export interface NewToken extends Omit<AccessToken, 'username' | 'lastUsedTime'> {
  readonly hash: string
  readonly userId: number
}

export async function insertToken(db: AuthDb, token: NewToken): Promise<void> {
  await db
    .insertInto('trackyard_tokens')
    .values({
      token_id: token.id,
      token_hash: token.hash,
      user_id: token.userId,
      name: token.name,
      scope: token.scope.most,
      experiments: listText(token.scope.experiments),
      models: listText(token.scope.models),
      creation_time: token.creationTime,
      expiration_time: token.expirationTime,
    })
    .execute()
}

export async function findTokenByHash(db: AuthDb, hash: string): Promise<AccessToken | undefined> {
  const row = await tokens(db).where('token.token_hash', '=', hash).executeTakeFirst()
  return row && toToken(row)
}

export async function findToken(db: AuthDb, id: string): Promise<AccessToken | undefined> {
  const row = await tokens(db).where('token.token_id', '=', id).executeTakeFirst()
  return row && toToken(row)
}

/** Of one user or of all, in the order of their ids. */
export async function listTokens(
  db: AuthDb,
  { userId, after, limit }: { userId?: number | undefined; after?: string; limit: number },
): Promise<AccessToken[]> {
  let some = tokens(db).orderBy('token.token_id').limit(limit)
  if (userId !== undefined) some = some.where('token.user_id', '=', userId)
  if (after) some = some.where('token.token_id', '>', after)
  return (await some.execute()).map(toToken)
}

export async function deleteToken(db: AuthDb, id: string): Promise<void> {
  await db.deleteFrom('trackyard_tokens').where('token_id', '=', id).execute()
}

/** Makes room for a user's new ones. */
export async function deleteExpiredTokens(db: AuthDb, userId: number, now: number): Promise<void> {
  await db
    .deleteFrom('trackyard_tokens')
    .where('user_id', '=', userId)
    .where('expiration_time', '<=', now)
    .execute()
}

/** Notes that a token is in use, unless that was noted since `before`. */
export async function noteTokenUse(db: AuthDb, id: string, now: number, before: number): Promise<void> {
  await db
    .updateTable('trackyard_tokens')
    .set({ last_used_time: now })
    .where('token_id', '=', id)
    .where((eb) => eb.or([eb('last_used_time', 'is', null), eb('last_used_time', '<=', before)]))
    .execute()
}

function tokens(db: AuthDb) {
  return db
    .selectFrom('trackyard_tokens as token')
    .innerJoin('users as user', 'user.id', 'token.user_id')
    .selectAll('token')
    .select('user.username')
}

type Row = Selectable<LoginDatabase['trackyard_tokens']> & { readonly username: string | null }

function toToken(row: Row): AccessToken {
  return {
    id: row.token_id,
    name: row.name,
    username: row.username ?? '',
    scope: {
      most: row.scope as Scope['most'],
      experiments: listOf(row.experiments),
      models: listOf(row.models),
    },
    creationTime: Number(row.creation_time),
    expirationTime: Number(row.expiration_time),
    lastUsedTime: row.last_used_time === null ? undefined : Number(row.last_used_time),
  }
}

function listText(items: ReadonlySet<string> | undefined): string | null {
  return items === undefined ? null : JSON.stringify([...items])
}

function listOf(text: string | null): ReadonlySet<string> | undefined {
  return text === null ? undefined : new Set(JSON.parse(text) as string[])
}
