import { mayAdminister, mayMakeTokens } from '../access/access.ts'
import { type Grant, higher, type Level } from '../access/grants.ts'
import { denied } from '../auth/authorize.ts'
import type { RequestContext } from '../context.ts'
import { invalidParameter } from '../errors.ts'
import type { Login } from '../operations/login.ts'
import { addGrant, revokeGrant } from '../operations/own-grants.ts'
import { rpc } from '../rpc.ts'
import { rolesOf } from '../store/roles.ts'
import { getUser } from '../store/users.ts'
import { message, requiredText, text } from '../wire.ts'
import { checkGrant, checkType, loginOf } from './people.ts'

const resource = { username: requiredText(), resource_type: text(), resource_id: text() }

/** Whoever manages a resource lets others in; what names all resources of a type is the admins' to grant. */
const WHO_MAY_GRANT = {
  'experiment.manage': ({ resource_type, resource_id }: Resource) => ({
    experiment: resource_type === 'experiment' && resource_id !== '*' ? resource_id : undefined,
  }),
  'model.manage': ({ resource_type, resource_id }: Resource) => ({
    model:
      ['registered_model', 'prompt'].includes(resource_type) && resource_id !== '*' ? resource_id : undefined,
  }),
}

interface Resource {
  readonly resource_type: string
  readonly resource_id: string
}

export const userPermissionRpcs = [
  rpc({
    method: 'GET',
    path: '/mlflow/users/current/permissions',
    version: '3.0',
    needsLogin: true,
    permission: 'signed-in',
    request: message({}),
    async handler(context) {
      const { name, access } = context.caller
      return { ...(await permissionsOf(loginOf(context), name)), is_admin: mayAdminister(access) }
    },
  }),
  rpc({
    method: 'GET',
    path: '/mlflow/users/permissions/list',
    version: '3.0',
    needsLogin: true,
    permission: { 'user.read': ({ username }) => ({ user: username }) },
    request: message({ username: requiredText() }),
    handler: (context, { username }) => permissionsOf(loginOf(context), username),
  }),
  rpc({
    method: 'POST',
    path: '/mlflow/users/permissions/grant',
    version: '3.0',
    needsLogin: true,
    permission: WHO_MAY_GRANT,
    request: message({ ...resource, permission: text() }),
    async handler(context, { username, resource_type, resource_id, permission }) {
      const login = loginOf(context)
      checkMayGrant(context)
      await getUser(login.db, username)
      refuseWorkspaces(resource_type)
      const level = checkGrant(permission, resource_type, resource_id)
      await addGrant(login, username, resource_type, resource_id, level)
      return {}
    },
  }),
  rpc({
    method: 'POST',
    path: '/mlflow/users/permissions/revoke',
    version: '3.0',
    needsLogin: true,
    permission: WHO_MAY_GRANT,
    request: message(resource),
    async handler(context, { username, resource_type, resource_id }) {
      checkMayGrant(context)
      refuseWorkspaces(resource_type)
      checkType(resource_type)
      await revokeGrant(loginOf(context), username, resource_type, resource_id)
      return {}
    },
  }),
  rpc({
    method: 'GET',
    path: '/mlflow/users/permissions/get',
    version: '3.0',
    needsLogin: true,
    permission: { 'user.read': ({ username }) => ({ user: username }) },
    request: message(resource),
    async handler(context, { username, resource_type, resource_id }) {
      const { db, defaultLevel } = loginOf(context)
      refuseWorkspaces(resource_type)
      const { grants } = await getUser(db, username)
      checkType(resource_type)
      const permission = levelOn(grants, resource_type, resource_id, defaultLevel)
      return { allowed: ['USE', 'EDIT', 'MANAGE'].includes(permission), permission }
    },
  }),
]

/** @throws ApiError PERMISSION_DENIED for a token that is limited: what it grants would last when it is over */
function checkMayGrant({ caller }: RequestContext): void {
  if (!mayMakeTokens(caller.access)) throw denied()
}

function refuseWorkspaces(type: string): void {
  if (type !== 'workspace') return
  throw invalidParameter(
    "resource_type 'workspace' is not supported by the per-user permission convenience APIs. Use set_workspace_permission / delete_workspace_permission for workspace-wide grants.",
  )
}

/** All that a user's roles grant, each beside its role. */
async function permissionsOf({ db }: Login, username: string) {
  const { id, isAdmin } = await getUser(db, username)
  const roles = (await rolesOf(db, [id]))(id)
  return {
    is_admin: isAdmin,
    permissions: roles.flatMap(({ id: role_id, name: role_name, workspace, permissions }) =>
      permissions.map(({ resource_type, resource_pattern, permission }) => ({
        role_id,
        role_name,
        workspace,
        resource_type,
        resource_pattern,
        permission,
      })),
    ),
  }
}

function levelOn(grants: readonly Grant[], type: string, id: string, least: Level): Level {
  const managesAll = grants.some(
    ({ resourceType, level }) => resourceType === 'workspace' && level === 'MANAGE',
  )
  if (managesAll) return 'MANAGE'
  const levels = grants
    .filter(({ resourceType, pattern }) => resourceType === type && ['*', id].includes(pattern))
    .map(({ level }) => level)
  return levels.includes('DENY') ? 'DENY' : levels.reduce(higher, least)
}
