/** What a caller may do to users and roles, which no grant names. */
import { mayAdminister } from '../access/access.ts'
import type { RequestContext } from '../context.ts'
import { WORKSPACE } from '../store/users.ts'
import type { Kind } from './owners.ts'
import type { PermissionName } from './permission.ts'

/** The kinds of objects that `mayOnPeople` decides about. */
export function isOfPeople(kind: Kind): kind is 'user' | 'role' {
  return kind === 'user' || kind === 'role'
}

/** Whether it is the caller itself, or somebody who administers the server. */
export async function mayOnPeople(
  { caller, login }: RequestContext,
  name: PermissionName,
  kind: 'user' | 'role',
  object: string,
): Promise<boolean> {
  const { access } = caller
  if (mayAdminister(access)) return true
  // A credential that leaves less than all changes nothing of its owner.
  if (!name.endsWith('.read') && access.scope !== undefined) return false
  if (kind === 'user') return object === caller.name
  // As in MLflow, whoever holds a role in a workspace may ask for roles of it, and gets those that they hold.
  const user = object === WORKSPACE ? await login?.users.find(caller.name) : undefined
  return name === 'role.read' && user !== undefined && user.roles.size > 0
}
