import { type Grant, LEVELS, type Level } from '../access/grants.ts'
import { insertForLogin } from '../db/insert-counted.ts'
import type { AuthDb } from '../db/login.ts'
import { ApiError, notFound } from '../errors.ts'

/** A user, and what the roles it holds grant. */
export interface UserWithGrants {
  readonly id: number
  readonly username: string
  /** As MLflow writes it; empty for a user who has no password. */
  readonly passwordHash: string
  readonly isAdmin: boolean
  /** The names of its roles. */
  readonly roles: ReadonlySet<string>
  readonly grants: readonly Grant[]
}

/** The only workspace. */
export const WORKSPACE = 'default'

/** Whether every database can keep a user of this name. */
export function isUsername(name: string): boolean {
  return /^[^\0]{1,255}$/su.test(name)
}

/** Reads a user and all of its grants in one statement. */
export async function findUserWithGrants(db: AuthDb, username: string): Promise<UserWithGrants | undefined> {
  const rows = await db
    .selectFrom('users as user')
    .leftJoin('user_role_assignments as held', 'held.user_id', 'user.id')
    .leftJoin('roles as role', (join) =>
      join.onRef('role.id', '=', 'held.role_id').on('role.workspace', '=', WORKSPACE),
    )
    .leftJoin('role_permissions as grant', 'grant.role_id', 'role.id')
    .select(['user.id', 'user.username', 'user.password_hash', 'user.is_admin'])
    .select(['role.name as role', 'grant.resource_type', 'grant.resource_pattern', 'grant.permission'])
    .where('user.username', '=', username)
    .execute()
  // MySQL finds other spellings too.
  const own = rows.filter((row) => row.username === username)
  const [user] = own
  if (!user) return undefined
  return {
    id: user.id,
    username,
    passwordHash: user.password_hash ?? '',
    isAdmin: Boolean(user.is_admin),
    roles: new Set(own.flatMap(({ role }) => role ?? [])),
    grants: own.flatMap(({ resource_type, resource_pattern, permission }) =>
      resource_type === null || resource_pattern === null
        ? []
        : [{ resourceType: resource_type, pattern: resource_pattern, level: levelOf(permission) }],
    ),
  }
}

export interface User {
  readonly id: number
  readonly username: string
  readonly isAdmin: boolean
}

export interface NewUser {
  readonly username: string
  readonly passwordHash: string
  readonly isAdmin: boolean
}

/** @throws ApiError RESOURCE_DOES_NOT_EXIST */
export async function getUser(db: AuthDb, username: string): Promise<UserWithGrants> {
  const user = await findUserWithGrants(db, username)
  if (!user) throw notFound(`User with username=${username} not found`)
  return user
}

export async function listUsers(db: AuthDb): Promise<User[]> {
  const rows = await db.selectFrom('users').select(['id', 'username', 'is_admin']).orderBy('id').execute()
  return rows.map(({ id, username, is_admin }) => ({
    id,
    username: username ?? '',
    isAdmin: Boolean(is_admin),
  }))
}

export async function hasAdmin(db: AuthDb): Promise<boolean> {
  const found = await db.selectFrom('users').select('id').where('is_admin', '=', true).limit(1).execute()
  return found.length > 0
}

/** @throws ApiError RESOURCE_ALREADY_EXISTS */
export async function insertUser(db: AuthDb, { username, passwordHash, isAdmin }: NewUser): Promise<User> {
  return db.transaction().execute(async (tx) => {
    const taken = await tx.selectFrom('users').select('id').where('username', '=', username).execute()
    if (taken.length > 0) {
      throw new ApiError('RESOURCE_ALREADY_EXISTS', `User (username=${username}) already exists.`)
    }
    const row = { username, password_hash: passwordHash, is_admin: isAdmin }
    return { id: await insertForLogin(tx, 'users', row), username, isAdmin }
  })
}

/** @throws ApiError RESOURCE_DOES_NOT_EXIST */
export async function updateUser(
  db: AuthDb,
  username: string,
  change: { readonly passwordHash?: string; readonly isAdmin?: boolean },
): Promise<void> {
  const { id } = await getUser(db, username)
  await db
    .updateTable('users')
    .set({ password_hash: change.passwordHash, is_admin: change.isAdmin })
    .where('id', '=', id)
    .execute()
}

/** What MLflow keeps of older releases refers to users too; another user may get the id of one who is gone. */
const OF_USERS = [
  'user_role_assignments',
  'experiment_permissions',
  'registered_model_permissions',
  'scorer_permissions',
  'gateway_secret_permissions',
  'gateway_endpoint_permissions',
  'gateway_model_definition_permissions',
  'workspace_permissions',
  'trackyard_sessions',
] as const

/** Deletes a user and all that refers to it. */
export async function deleteUserRows(tx: AuthDb, id: number): Promise<void> {
  for (const table of OF_USERS) await tx.deleteFrom(table).where('user_id', '=', id).execute()
  await tx.deleteFrom('users').where('id', '=', id).execute()
}

/** A level that is none of MLflow's gives nothing. */
function levelOf(text: string | null): Level {
  return LEVELS.find((level) => level === text) ?? 'NO_PERMISSIONS'
}
