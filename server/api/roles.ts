import { invalidParameter } from '../errors.ts'
import { addRole, assignRole, changeRole, removeRole, unassignRole } from '../operations/roles.ts'
import { rpc } from '../rpc.ts'
import { getRole, listAssignments, listRoles, rolesOf } from '../store/roles.ts'
import { getUser, WORKSPACE } from '../store/users.ts'
import { list, message, requiredText, text } from '../wire.ts'
import { checkLength } from './limits.ts'
import { getReadableRole, idOf, loginOf, readableRoles, roleToWire } from './people.ts'

const oneRole = message({ role_id: idOf('role_id') })
const assignment = message({ username: requiredText(), role_id: idOf('role_id') })

export const roleRpcs = [
  rpc({
    method: 'POST',
    path: '/mlflow/roles/create',
    version: '3.0',
    needsLogin: true,
    permission: 'admin',
    request: message({ name: text(), workspace: text(), description: text().nullish() }),
    async handler(context, { name, workspace, description = null }) {
      checkRoleName(name)
      if (workspace.trim() === '') throw invalidParameter('Workspace cannot be empty.')
      checkLength('workspace', 63, workspace)
      checkLength('description', 1024, description ?? '')
      return { role: roleToWire(await addRole(loginOf(context), { name, workspace, description })) }
    },
  }),
  rpc({
    method: 'GET',
    path: '/mlflow/roles/get',
    version: '3.0',
    needsLogin: true,
    permission: { 'role.read': () => ({ role: WORKSPACE }) },
    request: oneRole,
    async handler(context, { role_id }) {
      return { role: roleToWire(await getReadableRole(context, role_id)) }
    },
  }),
  rpc({
    method: 'GET',
    path: '/mlflow/roles/list',
    version: '3.0',
    needsLogin: true,
    permission: { 'role.read': ({ workspace }) => ({ role: workspace }) },
    request: message({ workspace: list(text()).default([]) }),
    async handler(context, { workspace }) {
      if (workspace.some((name) => name.trim() === '')) {
        throw invalidParameter("Parameter 'workspace' must be a non-empty string when provided.")
      }
      const roles = await listRoles(loginOf(context).db, workspace)
      return { roles: (await readableRoles(context, roles)).map(roleToWire) }
    },
  }),
  rpc({
    method: 'PATCH',
    path: '/mlflow/roles/update',
    version: '3.0',
    needsLogin: true,
    permission: 'admin',
    request: message({
      role_id: idOf('role_id'),
      name: text().optional(),
      description: text().optional(),
    }),
    async handler(context, { role_id, name, description }) {
      if (name === undefined && description === undefined) {
        throw invalidParameter("At least one of 'name' or 'description' must be provided to update a role.")
      }
      if (name !== undefined) checkRoleName(name)
      checkLength('description', 1024, description ?? '')
      const change = {
        ...(name !== undefined && { name }),
        ...(description !== undefined && { description }),
      }
      return { role: roleToWire(await changeRole(loginOf(context), role_id, change)) }
    },
  }),
  rpc({
    method: 'DELETE',
    path: '/mlflow/roles/delete',
    version: '3.0',
    needsLogin: true,
    permission: 'admin',
    request: oneRole,
    async handler(context, { role_id }) {
      await removeRole(loginOf(context), role_id)
      return {}
    },
  }),
  rpc({
    method: 'POST',
    path: '/mlflow/roles/assign',
    version: '3.0',
    needsLogin: true,
    permission: 'admin',
    request: assignment,
    async handler(context, { username, role_id }) {
      return { assignment: await assignRole(loginOf(context), username, role_id) }
    },
  }),
  rpc({
    method: 'DELETE',
    path: '/mlflow/roles/unassign',
    version: '3.0',
    needsLogin: true,
    permission: 'admin',
    request: assignment,
    async handler(context, { username, role_id }) {
      await unassignRole(loginOf(context), username, role_id)
      return {}
    },
  }),
  rpc({
    method: 'GET',
    path: '/mlflow/roles/users/list',
    version: '3.0',
    needsLogin: true,
    permission: 'admin',
    request: oneRole,
    async handler(context, { role_id }) {
      const { db } = loginOf(context)
      await getRole(db, role_id)
      return { assignments: await listAssignments(db, role_id) }
    },
  }),
  rpc({
    method: 'GET',
    path: '/mlflow/users/roles/list',
    version: '3.0',
    needsLogin: true,
    permission: { 'user.read': ({ username }) => ({ user: username }) },
    request: message({ username: requiredText() }),
    async handler(context, { username }) {
      const { db } = loginOf(context)
      const { id } = await getUser(db, username)
      return { roles: (await rolesOf(db, [id]))(id).map(roleToWire) }
    },
  }),
]

function checkRoleName(name: string): void {
  if (name.trim() === '') throw invalidParameter('Role name cannot be empty.')
  checkLength('name', 255, name)
  if (name.startsWith('__user_')) {
    throw invalidParameter(
      `Role name '${name}' uses the reserved '__user_' prefix, which is held for the per-user permission representation. Choose a different name.`,
    )
  }
}
