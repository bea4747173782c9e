/** What is granted to a user alone: MLflow keeps it in a role of the user's own. */
import type { Level, Owner } from '../access/grants.ts'
import type { Db } from '../db/index.ts'
import type { AuthDb } from '../db/login.ts'
import { ApiError, invalidParameter } from '../errors.ts'
import {
  changeGrants,
  deleteRolePermission,
  findAssignment,
  findRoleId,
  findRolePermission,
  insertAssignment,
  insertRole,
  insertRolePermission,
  listAssignments,
  ownGrantsOn,
  ownRoleName,
  updateRolePermission,
} from '../store/roles.ts'
import { getUser, WORKSPACE } from '../store/users.ts'
import { isOne, type Login } from './login.ts'

/** Grants a user a level on one resource, in the place of the level it has there. */
export async function grantTo(
  { db, users }: Login,
  username: string,
  type: Owner,
  pattern: string,
  level: Level = 'MANAGE',
): Promise<void> {
  await db.transaction().execute((tx) => setGrant(tx, username, type, pattern, level))
  users.forget(username)
}

async function setGrant(
  tx: AuthDb,
  username: string,
  type: Owner,
  pattern: string,
  level: Level,
): Promise<void> {
  const roleId = await ownRole(tx, (await getUser(tx, username)).id)
  const there = await findRolePermission(tx, roleId, type, pattern)
  if (there) await updateRolePermission(tx, there.id, level)
  else await insertGrant(tx, roleId, type, pattern, level)
}

/** As `grantTo`. @throws ApiError RESOURCE_ALREADY_EXISTS where the user has a level there */
export async function addGrant(
  { db, users }: Login,
  username: string,
  type: string,
  pattern: string,
  level: Level,
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const roleId = await ownRole(tx, (await getUser(tx, username)).id)
    if (await findRolePermission(tx, roleId, type, pattern)) {
      throw new ApiError('RESOURCE_ALREADY_EXISTS', `${described(username, type, pattern)} already exists.`)
    }
    await insertGrant(tx, roleId, type, pattern, level)
  })
  users.forget(username)
}

/** @throws ApiError RESOURCE_DOES_NOT_EXIST where the user has no such grant of its own */
export async function revokeGrant(
  { db, users }: Login,
  username: string,
  type: string,
  pattern: string,
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const roleId = await findRoleId(tx, ownRoleName((await getUser(tx, username)).id))
    const grant = roleId === undefined ? undefined : await findRolePermission(tx, roleId, type, pattern)
    if (!grant) {
      throw new ApiError('RESOURCE_DOES_NOT_EXIST', `${described(username, type, pattern)} not found.`)
    }
    await deleteRolePermission(tx, grant.id)
  })
  users.forget(username)
}

/**
 * Makes something and lets its maker manage it, and nobody who has a grant left of one before that had its name. Either
 * both is done or nothing is: without the grant its maker might not even see it, nor make it again.
 * @param makes what is made, in the transaction it is given
 * @param grantOn what is granted on what was made
 */
export async function makeOwn<Made>(
  { db, login }: { readonly db: Db; readonly login?: Login | undefined },
  maker: string,
  make: (tx: Db) => Promise<Made>,
  grantOn: (made: Made) => { readonly type: Owner; readonly name: string },
): Promise<Made> {
  const made = await db.transaction().execute(async (tx) => {
    const made = await make(tx)
    if (login) await grantToMaker(tx, login, db, maker, grantOn(made))
    return made
  })
  login?.users.forgetAll()
  return made
}

/** A grant on what is then not made after all is dropped when its name or id is given to another. */
async function grantToMaker(
  tx: Db,
  login: Login,
  tracking: Db,
  maker: string,
  { type, name }: { readonly type: Owner; readonly name: string },
): Promise<void> {
  const grant = async (auth: AuthDb) => {
    await dropGrants(auth, name, typesBeside(type))
    await setGrant(auth, maker, type, name, 'MANAGE')
  }
  if (isOne(login.db, tracking)) await grant(tx as unknown as AuthDb)
  else await login.db.transaction().execute(grant)
}

/** After a model or a prompt got another name: its users' own grants go with it. */
export async function renameGrants(login: Login | undefined, from: string, to: string): Promise<void> {
  if (!login || from === to) return
  await login.db.transaction().execute(async (tx) => {
    await dropGrants(tx, to, OF_THE_REGISTRY)
    for (const type of OF_THE_REGISTRY) {
      await changeGrants(tx, await ownGrantsOn(tx, type, from), { resource_pattern: to })
    }
  })
  login.users.forgetAll()
}

/** After a model or a prompt was deleted, whose name another one may get. */
export async function deleteGrants(login: Login | undefined, name: string): Promise<void> {
  if (!login) return
  await login.db.transaction().execute((tx) => dropGrants(tx, name, OF_THE_REGISTRY))
  login.users.forgetAll()
}

/** Models and prompts share one space of names. */
const OF_THE_REGISTRY: readonly Owner[] = ['registered_model', 'prompt']

function typesBeside(type: Owner): readonly Owner[] {
  return type === 'experiment' ? [type] : OF_THE_REGISTRY
}

async function dropGrants(tx: AuthDb, name: string, types: readonly Owner[]): Promise<void> {
  for (const type of types) await changeGrants(tx, await ownGrantsOn(tx, type, name), 'delete')
}

function described(username: string, type: string, pattern: string): string {
  return `Permission for user=${username} on resource_type=${type}, resource_id=${pattern}`
}

async function insertGrant(
  tx: AuthDb,
  role_id: number,
  resource_type: string,
  resource_pattern: string,
  permission: Level,
): Promise<void> {
  await insertRolePermission(tx, { role_id, resource_type, resource_pattern, permission })
}

async function ownRole(tx: AuthDb, userId: number): Promise<number> {
  const name = ownRoleName(userId)
  const there = await findRoleId(tx, name)
  if (there === undefined) {
    const made = await insertRole(tx, { name, workspace: WORKSPACE })
    await insertAssignment(tx, userId, made)
    return made
  }
  const other = (await listAssignments(tx, there)).find(({ user_id }) => user_id !== userId)
  if (other) {
    // Whoever made a role of this name by hand would get what is granted to this user.
    throw invalidParameter(
      `Role '${name}' in workspace '${WORKSPACE}' collides with the reserved '__user_<id>__' synthetic namespace but is already assigned to user_id=${other.user_id}. Rename or delete the conflicting role before granting per-user permissions.`,
    )
  }
  if (!(await findAssignment(tx, userId, there))) await insertAssignment(tx, userId, there)
  return there
}
