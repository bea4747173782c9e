import { addRolePermission, changeRolePermission } from '../operations/roles.ts'
import { rpc } from '../rpc.ts'
import { deleteRolePermission, updateRolePermission } from '../store/roles.ts'
import { WORKSPACE } from '../store/users.ts'
import { message, text } from '../wire.ts'
import { checkGrant, getReadableRole, idOf, loginOf, permissionToWire } from './people.ts'

export const rolePermissionRpcs = [
  rpc({
    method: 'POST',
    path: '/mlflow/roles/permissions/add',
    version: '3.0',
    needsLogin: true,
    permission: 'admin',
    request: message({
      role_id: idOf('role_id'),
      resource_type: text(),
      resource_pattern: text(),
      permission: text(),
    }),
    async handler(context, { permission, ...row }) {
      const level = checkGrant(permission, row.resource_type, row.resource_pattern)
      const added = await addRolePermission(loginOf(context), { ...row, permission: level })
      return { role_permission: permissionToWire(added) }
    },
  }),
  rpc({
    method: 'DELETE',
    path: '/mlflow/roles/permissions/remove',
    version: '3.0',
    needsLogin: true,
    permission: 'admin',
    request: message({ role_permission_id: idOf('role_permission_id') }),
    async handler(context, { role_permission_id: id }) {
      await changeRolePermission(loginOf(context), id, (tx) => deleteRolePermission(tx, id))
      return {}
    },
  }),
  rpc({
    method: 'PATCH',
    path: '/mlflow/roles/permissions/update',
    version: '3.0',
    needsLogin: true,
    permission: 'admin',
    request: message({ role_permission_id: idOf('role_permission_id'), permission: text() }),
    async handler(context, { role_permission_id: id, permission }) {
      const changed = await changeRolePermission(loginOf(context), id, (tx, { resource_type }) =>
        updateRolePermission(tx, id, checkGrant(permission, resource_type)),
      )
      return { role_permission: permissionToWire({ ...changed, permission }) }
    },
  }),
  rpc({
    method: 'GET',
    path: '/mlflow/roles/permissions/list',
    version: '3.0',
    needsLogin: true,
    permission: { 'role.read': () => ({ role: WORKSPACE }) },
    request: message({ role_id: idOf('role_id') }),
    async handler(context, { role_id }) {
      const { permissions } = await getReadableRole(context, role_id)
      return { role_permissions: permissions.map(permissionToWire) }
    },
  }),
]
