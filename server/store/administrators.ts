import type { AuthDb } from '../db/login.ts'
import { locking } from '../db/row-lock.ts'
import { WORKSPACE } from './users.ts'

/** Has whoever else changes who administers the server wait until the transaction ends. */
export async function lockAdministrators(tx: AuthDb): Promise<void> {
  // The one row that is always there: of administrators by a role there may be none in users.
  await locking(tx, tx.selectFrom('alembic_version_auth').select('version_num')).execute()
}

/** Whether anybody administers the server, as a user or by a role. */
export async function hasAdministrator(db: AuthDb): Promise<boolean> {
  const found = await db
    .selectFrom('users as user')
    .leftJoin('user_role_assignments as held', 'held.user_id', 'user.id')
    .leftJoin('roles as role', (join) =>
      join.onRef('role.id', '=', 'held.role_id').on('role.workspace', '=', WORKSPACE),
    )
    .leftJoin('role_permissions as grant', (join) =>
      join
        .onRef('grant.role_id', '=', 'role.id')
        .on('grant.resource_type', '=', 'workspace')
        .on('grant.resource_pattern', '=', '*')
        .on('grant.permission', '=', 'MANAGE'),
    )
    .select('user.id')
    .where((where) => where.or([where('user.is_admin', '=', true), where('grant.id', 'is not', null)]))
    .limit(1)
    .execute()
  return found.length > 0
}
