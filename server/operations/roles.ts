/** Roles that people make, and what they grant. */
import type { Level } from '../access/grants.ts'
import { ApiError } from '../errors.ts'
import {
  type Assignment,
  deleteAssignment,
  deleteRole,
  findAssignment,
  findRoleId,
  findRolePermission,
  getRole,
  getRolePermission,
  insertAssignment,
  insertRole,
  insertRolePermission,
  type Role,
  type RolePermission,
  updateRole,
} from '../store/roles.ts'
import { getUser } from '../store/users.ts'
import { keepingAnAdministrator } from './administrators.ts'
import type { Login } from './login.ts'

/** @throws ApiError RESOURCE_ALREADY_EXISTS */
export async function addRole(
  { db }: Login,
  role: { readonly name: string; readonly workspace: string; readonly description: string | null },
): Promise<Role> {
  const { name, workspace } = role
  return db.transaction().execute(async (tx) => {
    if ((await findRoleId(tx, name, workspace)) !== undefined) {
      throw taken(`Role (name=${name}, workspace=${workspace}) already exists.`)
    }
    return getRole(tx, await insertRole(tx, role))
  })
}

/** @throws ApiError RESOURCE_DOES_NOT_EXIST, RESOURCE_ALREADY_EXISTS */
export async function changeRole(
  { db }: Login,
  id: number,
  change: { readonly name?: string; readonly description?: string },
): Promise<Role> {
  return db.transaction().execute(async (tx) => {
    const { workspace } = await getRole(tx, id)
    const other = change.name === undefined ? undefined : await findRoleId(tx, change.name, workspace)
    if (other !== undefined && other !== id) {
      throw taken(`Role with name=${change.name} already exists in workspace=${workspace}`)
    }
    await updateRole(tx, id, change)
    return getRole(tx, id)
  })
}

/** Deletes a role, what it grants and who holds it. @throws ApiError RESOURCE_DOES_NOT_EXIST, BAD_REQUEST */
export async function removeRole(login: Login, id: number): Promise<void> {
  await keepingAnAdministrator(login, async (tx) => {
    await getRole(tx, id)
    await deleteRole(tx, id)
  })
  login.users.forgetAll()
}

/** @throws ApiError RESOURCE_DOES_NOT_EXIST, RESOURCE_ALREADY_EXISTS */
export async function addRolePermission(
  { db, users }: Login,
  row: Omit<RolePermission, 'id'> & { readonly permission: Level },
): Promise<RolePermission> {
  const { role_id, resource_type, resource_pattern } = row
  const added = await db.transaction().execute(async (tx) => {
    await getRole(tx, role_id)
    if (await findRolePermission(tx, role_id, resource_type, resource_pattern)) {
      throw taken(
        `Role permission (role_id=${role_id}, resource_type=${resource_type}, resource_pattern=${resource_pattern}) already exists.`,
      )
    }
    return insertRolePermission(tx, row)
  })
  users.forgetAll()
  return added
}

/** Changes a grant of a role, or takes it away. @throws ApiError RESOURCE_DOES_NOT_EXIST, BAD_REQUEST */
export async function changeRolePermission(
  login: Login,
  id: number,
  change: (tx: Login['db'], permission: RolePermission) => Promise<void>,
): Promise<RolePermission> {
  const changed = await keepingAnAdministrator(login, async (tx) => {
    const permission = await getRolePermission(tx, id)
    await change(tx, permission)
    return permission
  })
  login.users.forgetAll()
  return changed
}

/** @throws ApiError RESOURCE_DOES_NOT_EXIST, RESOURCE_ALREADY_EXISTS */
export async function assignRole(
  { db, users }: Login,
  username: string,
  roleId: number,
): Promise<Assignment> {
  const assigned = await db.transaction().execute(async (tx) => {
    const { id } = await getUser(tx, username)
    await getRole(tx, roleId)
    if (await findAssignment(tx, id, roleId)) {
      throw taken(`User role assignment (user_id=${id}, role_id=${roleId}) already exists`)
    }
    return insertAssignment(tx, id, roleId)
  })
  users.forget(username)
  return assigned
}

/** @throws ApiError RESOURCE_DOES_NOT_EXIST, BAD_REQUEST */
export async function unassignRole(login: Login, username: string, roleId: number): Promise<void> {
  await keepingAnAdministrator(login, async (tx) => {
    const { id } = await getUser(tx, username)
    const there = await findAssignment(tx, id, roleId)
    if (!there) {
      const problem = `User role assignment (user_id=${id}, role_id=${roleId}) not found`
      throw new ApiError('RESOURCE_DOES_NOT_EXIST', problem)
    }
    await deleteAssignment(tx, there.id)
  })
  login.users.forget(username)
}

function taken(message: string): ApiError {
  return new ApiError('RESOURCE_ALREADY_EXISTS', message)
}
