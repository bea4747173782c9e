import type { Level } from '../access/grants.ts'
import { insertForLogin } from '../db/insert-counted.ts'
import type { AuthDb } from '../db/login.ts'
import { notFound } from '../errors.ts'
import { byId, inChunks } from './chunks.ts'
import { WORKSPACE } from './users.ts'

export interface Role {
  readonly id: number
  readonly name: string
  readonly workspace: string
  readonly description: string | null
  readonly permissions: readonly RolePermission[]
}

/** A grant, as MLflow's tables and answers have it. */
export interface RolePermission {
  readonly id: number
  readonly role_id: number
  readonly resource_type: string
  readonly resource_pattern: string
  readonly permission: string
}

/** The role that holds what is granted to a user alone. */
export function ownRoleName(userId: number): string {
  return `__user_${userId}__`
}

/** @throws ApiError RESOURCE_DOES_NOT_EXIST */
export async function getRole(db: AuthDb, id: number): Promise<Role> {
  const role = await findRole(db, id)
  if (!role) throw notFound(`Role with id=${id} not found`)
  return role
}

export async function findRole(db: AuthDb, id: number): Promise<Role | undefined> {
  const [role] = await withPermissions(
    db,
    await db.selectFrom('roles').selectAll().where('id', '=', id).execute(),
  )
  return role
}

/** All of them, or those in some workspaces. */
export async function listRoles(db: AuthDb, workspaces: readonly string[] = []): Promise<Role[]> {
  const all = db.selectFrom('roles').selectAll().orderBy('id')
  const wanted = workspaces.length === 0 ? all : all.where('workspace', 'in', workspaces)
  return withPermissions(db, await wanted.execute())
}

/** The roles of some users, by the user's id. */
export async function rolesOf(
  db: AuthDb,
  userIds: readonly number[],
): Promise<(userId: number) => readonly Role[]> {
  const held = await inChunks(userIds, (some) =>
    db.selectFrom('user_role_assignments').selectAll().where('user_id', 'in', some).orderBy('id').execute(),
  )
  const ids = [...new Set(held.map(({ role_id }) => role_id))]
  const rows = await inChunks(ids, (some) =>
    db.selectFrom('roles').selectAll().where('id', 'in', some).execute(),
  )
  const roles = new Map((await withPermissions(db, rows)).map((role) => [role.id, role]))
  const heldBy = byId(held, ({ user_id }) => user_id)
  return (userId) => heldBy(userId).flatMap(({ role_id }) => roles.get(role_id) ?? [])
}

export async function findRoleId(
  db: AuthDb,
  name: string,
  workspace = WORKSPACE,
): Promise<number | undefined> {
  const rows = await db
    .selectFrom('roles')
    .select(['id', 'name'])
    .where('workspace', '=', workspace)
    .where('name', '=', name)
    .execute()
  // MySQL finds other spellings too.
  return rows.find((row) => row.name === name)?.id
}

export async function insertRole(
  tx: AuthDb,
  role: { readonly name: string; readonly workspace: string; readonly description?: string | null },
): Promise<number> {
  return insertForLogin(tx, 'roles', role)
}

export async function updateRole(
  tx: AuthDb,
  id: number,
  change: { readonly name?: string; readonly description?: string },
): Promise<void> {
  await tx.updateTable('roles').set(change).where('id', '=', id).execute()
}

export async function deleteRole(tx: AuthDb, id: number): Promise<void> {
  await tx.deleteFrom('role_permissions').where('role_id', '=', id).execute()
  await tx.deleteFrom('user_role_assignments').where('role_id', '=', id).execute()
  await tx.deleteFrom('roles').where('id', '=', id).execute()
}

/** @throws ApiError RESOURCE_DOES_NOT_EXIST */
export async function getRolePermission(db: AuthDb, id: number): Promise<RolePermission> {
  const found = await db.selectFrom('role_permissions').selectAll().where('id', '=', id).executeTakeFirst()
  if (!found) throw notFound(`Role permission with id=${id} not found`)
  return found
}

export async function findRolePermission(
  db: AuthDb,
  roleId: number,
  type: string,
  pattern: string,
): Promise<RolePermission | undefined> {
  const rows = await db
    .selectFrom('role_permissions')
    .selectAll()
    .where('role_id', '=', roleId)
    .where('resource_type', '=', type)
    .where('resource_pattern', '=', pattern)
    .execute()
  return rows.find(({ resource_pattern }) => resource_pattern === pattern)
}

export async function insertRolePermission(
  tx: AuthDb,
  row: Omit<RolePermission, 'id'>,
): Promise<RolePermission> {
  return { id: await insertForLogin(tx, 'role_permissions', row), ...row }
}

export async function updateRolePermission(tx: AuthDb, id: number, permission: Level): Promise<void> {
  await tx.updateTable('role_permissions').set({ permission }).where('id', '=', id).execute()
}

export async function deleteRolePermission(tx: AuthDb, id: number): Promise<void> {
  await tx.deleteFrom('role_permissions').where('id', '=', id).execute()
}

export interface Assignment {
  readonly id: number
  readonly user_id: number
  readonly role_id: number
}

export async function listAssignments(db: AuthDb, roleId: number): Promise<Assignment[]> {
  return db
    .selectFrom('user_role_assignments')
    .selectAll()
    .where('role_id', '=', roleId)
    .orderBy('id')
    .execute()
}

export async function findAssignment(
  db: AuthDb,
  userId: number,
  roleId: number,
): Promise<Assignment | undefined> {
  return db
    .selectFrom('user_role_assignments')
    .selectAll()
    .where('user_id', '=', userId)
    .where('role_id', '=', roleId)
    .executeTakeFirst()
}

export async function insertAssignment(tx: AuthDb, userId: number, roleId: number): Promise<Assignment> {
  const row = { user_id: userId, role_id: roleId }
  return { id: await insertForLogin(tx, 'user_role_assignments', row), ...row }
}

export async function deleteAssignment(tx: AuthDb, id: number): Promise<void> {
  await tx.deleteFrom('user_role_assignments').where('id', '=', id).execute()
}

/** What users' own roles grant on one resource: of the roles that people have made nothing is touched. */
export async function ownGrantsOn(db: AuthDb, type: string, pattern: string): Promise<readonly number[]> {
  const rows = await db
    .selectFrom('role_permissions as grant')
    .innerJoin('roles as role', 'role.id', 'grant.role_id')
    .select(['grant.id', 'grant.resource_pattern', 'role.name'])
    .where('grant.resource_type', '=', type)
    .where('grant.resource_pattern', '=', pattern)
    .where('role.workspace', '=', WORKSPACE)
    .execute()
  return rows
    .filter(({ name, resource_pattern }) => /^__user_\d+__$/.test(name) && resource_pattern === pattern)
    .map(({ id }) => id)
}

export async function changeGrants(
  tx: AuthDb,
  ids: readonly number[],
  change: 'delete' | { readonly resource_pattern: string },
): Promise<void> {
  await inChunks(ids, async (some) => {
    if (change === 'delete') await tx.deleteFrom('role_permissions').where('id', 'in', some).execute()
    else await tx.updateTable('role_permissions').set(change).where('id', 'in', some).execute()
    return []
  })
}

async function withPermissions(db: AuthDb, roles: readonly Omit<Role, 'permissions'>[]): Promise<Role[]> {
  const ids = roles.map(({ id }) => id)
  const permissions = await inChunks(ids, (some) =>
    db.selectFrom('role_permissions').selectAll().where('role_id', 'in', some).orderBy('id').execute(),
  )
  const ofRole = byId(permissions, ({ role_id }) => role_id)
  return roles.map(({ id, name, workspace, description }) => ({
    id,
    name,
    workspace,
    description,
    permissions: ofRole(id),
  }))
}
