/** People whom somebody else has signed in: an identity provider, or a load balancer. */
import type { AuthDb } from '../db/login.ts'
import { ApiError, onlyReads } from '../errors.ts'
import {
  deleteAssignment,
  findAssignment,
  findRoleId,
  insertAssignment,
  insertRole,
  insertRolePermission,
} from '../store/roles.ts'
import { getUser, insertUser, type UserWithGrants, WORKSPACE } from '../store/users.ts'
import type { Login } from './login.ts'
import { NO_PASSWORD } from './passwords.ts'

export interface Person {
  readonly username: string
  /** The groups its provider says it is in: none where it says nothing. */
  readonly groups: readonly string[]
}

/**
 * The user of a person who has been signed in elsewhere: made at the first time, without a password, and with the roles
 * that its groups stand for. Roles that no group stands for are left alone.
 */
export async function signedIn(login: Login, { username, groups }: Person): Promise<UserWithGrants> {
  const known = await login.users.find(username)
  const wanted = rolesOfGroups(login, groups)
  if (known && hasRoles(login, known, wanted)) return known
  if (login.readOnly) {
    throw onlyReads(
      known
        ? `the groups of ${username} are others than when they came last, and it cannot change their roles`
        : `it cannot make ${username} a user, who has never come before`,
    )
  }
  await addUser(login, username)
  await login.db.transaction().execute((tx) => setRoles(tx, login, username, wanted))
  login.users.forget(username)
  return getUser(login.db, username)
}

/** The role that is made with the right to everything, where a group stands for it and it is not there. */
const ADMIN_ROLE = 'admin'

function rolesOfGroups({ groupRoles }: Login, groups: readonly string[]): ReadonlySet<string> {
  return new Set(groupRoles.filter(({ group }) => groups.includes(group)).map(({ role }) => role))
}

function mappedRoles({ groupRoles }: Login): ReadonlySet<string> {
  return new Set(groupRoles.map(({ role }) => role))
}

function hasRoles(login: Login, user: UserWithGrants, wanted: ReadonlySet<string>): boolean {
  return [...mappedRoles(login)].every((role) => user.roles.has(role) === wanted.has(role))
}

async function addUser({ db }: Login, username: string): Promise<void> {
  try {
    await insertUser(db, { username, passwordHash: NO_PASSWORD, isAdmin: false })
  } catch (error) {
    if (!(error instanceof ApiError && error.code === 'RESOURCE_ALREADY_EXISTS')) throw error
  }
}

async function setRoles(
  tx: AuthDb,
  login: Login,
  username: string,
  wanted: ReadonlySet<string>,
): Promise<void> {
  const { id } = await getUser(tx, username)
  for (const name of [...mappedRoles(login)].sort()) {
    const there = await findRoleId(tx, name)
    if (there === undefined && !wanted.has(name)) continue
    const role = there ?? (await addRole(tx, name))
    const held = await findAssignment(tx, id, role)
    if (held && !wanted.has(name)) await deleteAssignment(tx, held.id)
    if (!held && wanted.has(name)) await insertAssignment(tx, id, role)
  }
}

async function addRole(tx: AuthDb, name: string): Promise<number> {
  const role_id = await insertRole(tx, { name, workspace: WORKSPACE })
  if (name === ADMIN_ROLE) {
    await insertRolePermission(tx, {
      role_id,
      resource_type: 'workspace',
      resource_pattern: '*',
      permission: 'MANAGE',
    })
  }
  return role_id
}
