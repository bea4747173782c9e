import { mayAdminister } from '../access/access.ts'
import { ApiError, invalidParameter } from '../errors.ts'
import { addUser, changePassword, deleteUser, setAdmin } from '../operations/users.ts'
import { rpc } from '../rpc.ts'
import { rolesOf } from '../store/roles.ts'
import { getUser, listUsers } from '../store/users.ts'
import { bool, message, requiredText, text } from '../wire.ts'
import { loginOf, roleToWire, userToWire } from './people.ts'

const oneUser = message({ username: requiredText() })

export const userRpcs = [
  rpc({
    method: 'POST',
    path: '/mlflow/users/create',
    needsLogin: true,
    permission: 'admin',
    request: message({ username: text(), password: text() }),
    async handler(context, { username, password }) {
      if (!username || !password) throw invalidParameter('Username and password cannot be empty.')
      return { user: userToWire(await addUser(loginOf(context), username, password)) }
    },
  }),
  rpc({
    method: 'GET',
    path: '/mlflow/users/get',
    needsLogin: true,
    permission: { 'user.read': ({ username }) => ({ user: username }) },
    request: oneUser,
    async handler(context, { username }) {
      return { user: userToWire(await getUser(loginOf(context).db, username)) }
    },
  }),
  rpc({
    method: 'GET',
    path: '/mlflow/users/list',
    needsLogin: true,
    permission: 'signed-in',
    request: message({}),
    async handler(context) {
      const { db } = loginOf(context)
      const { name, access } = context.caller
      const users = await listUsers(db)
      const seesAll = mayAdminister(access)
      const seen = users.filter(({ username }) => seesAll || username === name)
      const roles = await rolesOf(
        db,
        seen.map(({ id }) => id),
      )
      return {
        users: users.map((user) => ({ ...userToWire(user), roles: roles(user.id).map(roleToWire) })),
      }
    },
  }),
  rpc({
    method: 'GET',
    path: '/mlflow/users/current',
    needsLogin: true,
    permission: 'signed-in',
    request: message({}),
    async handler(context) {
      const { name, via, access } = context.caller
      const user = await getUser(loginOf(context).db, name)
      return {
        user: { ...userToWire(user), is_admin: mayAdminister(access) },
        // The UI then shows how to change the password and how to sign out.
        is_basic_auth: via === 'password' || via === 'session',
      }
    },
  }),
  rpc({
    method: 'PATCH',
    path: '/mlflow/users/update-password',
    needsLogin: true,
    permission: { 'user.update': ({ username }) => ({ user: username }) },
    request: message({
      username: requiredText(),
      password: text(),
      current_password: text().optional(),
    }),
    async handler(context, { username, password, current_password }) {
      const own = username === context.caller.name ? { given: current_password } : undefined
      await changePassword(loginOf(context), username, password, own)
      return {}
    },
  }),
  rpc({
    method: 'PATCH',
    path: '/mlflow/users/update-admin',
    needsLogin: true,
    permission: 'admin',
    request: message({ username: requiredText(), is_admin: bool() }),
    async handler(context, { username, is_admin }) {
      await setAdmin(loginOf(context), username, is_admin)
      return {}
    },
  }),
  rpc({
    method: 'DELETE',
    path: '/mlflow/users/delete',
    needsLogin: true,
    permission: 'admin',
    request: oneUser,
    async handler(context, { username }) {
      if (username === context.caller.name) {
        throw new ApiError(
          'BAD_REQUEST',
          'Users cannot delete their own account. Ask another admin to delete this user instead.',
        )
      }
      await deleteUser(loginOf(context), username)
      return {}
    },
  }),
]
