/** Users who sign in with a password. */
import { invalidParameter } from '../errors.ts'
import { deleteRole, findRoleId, ownRoleName } from '../store/roles.ts'
import { deleteUserRows, getUser, insertUser, isUsername, type User, updateUser } from '../store/users.ts'
import { keepingAnAdministrator } from './administrators.ts'
import type { Login } from './login.ts'
import { checkNewPassword } from './passwords.ts'

/** @throws ApiError RESOURCE_ALREADY_EXISTS, INVALID_PARAMETER_VALUE for a name or a password that cannot be one */
export async function addUser(login: Login, username: string, password: string): Promise<User> {
  if (!isUsername(username))
    throw invalidParameter('A username has 1 to 255 characters, and none of them is NUL.')
  checkNewPassword(password)
  const passwordHash = await login.passwords.hash(password)
  const user = await insertUser(login.db, { username, passwordHash, isAdmin: false })
  login.users.forget(username)
  return user
}

/**
 * Gives a user another password.
 * @param current what the user gives as its password of now, where it changes it itself
 * @throws ApiError RESOURCE_DOES_NOT_EXIST, INVALID_PARAMETER_VALUE
 */
export async function changePassword(
  login: Login,
  username: string,
  password: string,
  current?: { readonly given: string | undefined },
): Promise<void> {
  if (current) {
    if (!current.given)
      throw invalidParameter('Current password is required when changing your own password.')
    const { passwordHash } = await getUser(login.db, username)
    if (!(await login.passwords.isRight(current.given, passwordHash))) {
      throw invalidParameter('Current password does not match.')
    }
    if (password === current.given) {
      throw invalidParameter('New password must differ from the current password.')
    }
  }
  await getUser(login.db, username)
  checkNewPassword(password)
  await updateUser(login.db, username, { passwordHash: await login.passwords.hash(password) })
  login.users.forget(username)
}

/** @throws ApiError RESOURCE_DOES_NOT_EXIST, BAD_REQUEST for the last administrator */
export async function setAdmin(login: Login, username: string, isAdmin: boolean): Promise<void> {
  await keepingAnAdministrator(login, (tx) => updateUser(tx, username, { isAdmin }))
  login.users.forget(username)
}

/** Deletes a user with what is granted to it. @throws ApiError RESOURCE_DOES_NOT_EXIST, BAD_REQUEST */
export async function deleteUser(login: Login, username: string): Promise<void> {
  await keepingAnAdministrator(login, async (tx) => {
    const { id } = await getUser(tx, username)
    const own = await findRoleId(tx, ownRoleName(id))
    if (own !== undefined) await deleteRole(tx, own)
    await deleteUserRows(tx, id)
  })
  login.users.forget(username)
}
