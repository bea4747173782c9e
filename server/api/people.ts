/** What the endpoints of users, roles and permissions have in common. */
import { z } from 'zod'
import { mayAdminister } from '../access/access.ts'
import { LEVELS, type Level, OWNERS, PARTS_OF } from '../access/grants.ts'
import { denied } from '../auth/authorize.ts'
import type { RequestContext } from '../context.ts'
import { invalidParameter } from '../errors.ts'
import type { Login } from '../operations/login.ts'
import { findRole, getRole, type Role, type RolePermission } from '../store/roles.ts'
import { type User, WORKSPACE } from '../store/users.ts'
import { checkLength } from './limits.ts'

/** These paths are mounted with a login only. */
export function loginOf({ login }: RequestContext): Login {
  if (!login) throw new Error('there is no login')
  return login
}

/** Of some roles those that the caller holds, or all for an admin: others name what may be hidden from the caller. */
export async function readableRoles(
  context: RequestContext,
  roles: readonly Role[],
): Promise<readonly Role[]> {
  const { name, access } = context.caller
  if (mayAdminister(access)) return roles
  const user = await loginOf(context).users.find(name)
  return roles.filter((role) => role.workspace === WORKSPACE && user?.roles.has(role.name))
}

/** @throws ApiError PERMISSION_DENIED for one that is not the caller's to read, there or not */
export async function getReadableRole(context: RequestContext, id: number): Promise<Role> {
  const { db } = loginOf(context)
  if (mayAdminister(context.caller.access)) return getRole(db, id)
  const found = await findRole(db, id)
  const [role] = await readableRoles(context, found ? [found] : [])
  if (!role) throw denied()
  return role
}

const LARGEST_ID = 2 ** 31 - 1

/** An id of 32 bits, as a number or its digits. */
export const idOf = (name: string) =>
  z.union([z.string(), z.number()]).transform((value) => {
    if (!/^\s*[+-]?\d+\s*$/.test(String(value)) || Math.abs(Number(value)) > LARGEST_ID) {
      throw invalidParameter(
        `Parameter '${name}' must be an integer. Got: ${typeof value === 'string' ? `'${value}'` : value}`,
      )
    }
    return Number(value)
  })

/** Types whose grants may name one resource; the gateway's and servers of tools are none of this server's. */
const NAMED_TYPES: readonly string[] = [
  ...OWNERS,
  'scorer',
  'gateway_secret',
  'gateway_endpoint',
  'gateway_model_definition',
  'mcp_server',
]

const WHOLE_TYPES: readonly string[] = [...Object.values(PARTS_OF).flat(), 'workspace', 'mcp_server_version']

const TYPES = [...new Set([...NAMED_TYPES, ...WHOLE_TYPES])].toSorted()

const OF_WORKSPACES: readonly Level[] = ['MANAGE', 'USE']

/** @throws ApiError INVALID_PARAMETER_VALUE for a type, a level or a pattern that MLflow has not, or not together */
export function checkGrant(permission: string, type: string, pattern?: string): Level {
  const level = LEVELS.find((one) => one === permission)
  if (level === undefined) {
    throw invalidParameter(
      `Invalid permission '${permission}'. Valid permissions are: ${tuple(['READ', 'USE', 'EDIT', 'MANAGE', 'NO_PERMISSIONS', 'DENY'])}`,
    )
  }
  checkType(type)
  if (type === 'workspace' && !OF_WORKSPACES.includes(level)) {
    throw invalidParameter(
      `Invalid permission '${permission}' for resource_type='workspace'. Workspace-wide grants accept only: ${tuple(OF_WORKSPACES)}.`,
    )
  }
  if (level === 'NO_PERMISSIONS') {
    throw invalidParameter(
      `Invalid permission '${permission}' for resource_type='${type}'. Resource-level grants accept only: ${tuple(['DENY', 'EDIT', 'MANAGE', 'READ', 'USE'])}.`,
    )
  }
  if (pattern !== undefined) checkPattern(type, pattern)
  return level
}

export function checkType(type: string): void {
  if (TYPES.includes(type)) return
  throw invalidParameter(`Invalid resource type '${type}'. Valid resource types are: ${tuple(TYPES)}`)
}

function checkPattern(type: string, pattern: string): void {
  checkLength('resource_pattern', 255, pattern)
  if (pattern === '*' || NAMED_TYPES.includes(type)) return
  throw invalidParameter(
    `Invalid resource_pattern '${pattern}' for resource_type='${type}'. This resource type supports only wildcard ('*') grants.`,
  )
}

/** As Python prints one. */
function tuple(values: readonly string[]): string {
  return `(${values.map((value) => `'${value}'`).join(', ')})`
}

export function userToWire({ id, username, isAdmin }: User) {
  return { id, username, is_admin: isAdmin }
}

export function roleToWire({ id, name, workspace, description, permissions }: Role) {
  return { id, name, workspace, description, permissions: permissions.map(permissionToWire) }
}

export function permissionToWire({
  id,
  role_id,
  resource_type,
  resource_pattern,
  permission,
}: RolePermission) {
  return { id, role_id, resource_type, resource_pattern, permission }
}
