import { type Grant, LEVELS, type Level } from '../access/grants.ts'
import type { AuthDb } from '../db/login.ts'

/** A user, and what the roles it holds grant. */
export interface UserWithGrants {
  readonly id: number
  readonly username: string
  /** As MLflow writes it; empty for a user who has no password. */
  readonly passwordHash: string
  readonly isAdmin: boolean
  readonly grants: readonly Grant[]
}

/** The only workspace. */
export const WORKSPACE = 'default'

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
    .select(['grant.resource_type', 'grant.resource_pattern', 'grant.permission'])
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
    grants: own.flatMap(({ resource_type, resource_pattern, permission }) =>
      resource_type === null || resource_pattern === null
        ? []
        : [{ resourceType: resource_type, pattern: resource_pattern, level: levelOf(permission) }],
    ),
  }
}

/** A level that is none of MLflow's gives nothing. */
function levelOf(text: string | null): Level {
  return LEVELS.find((level) => level === text) ?? 'NO_PERMISSIONS'
}
