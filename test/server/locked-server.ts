import { pbkdf2Sync } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { onTestFinished } from 'vitest'
import { buildApp } from '../../server/app.ts'
import type { Config } from '../../server/config.ts'
import type { Context } from '../../server/context.ts'
import type { Login } from '../../server/operations/login.ts'
import { insertUser } from '../../server/store/users.ts'
import { loginContext } from './login-support.ts'

export interface LockedServer {
  readonly app: FastifyInstance
  readonly context: Context
  readonly login: Login
  /** Makes a user, and gives the headers that it signs in with. */
  user(username: string, isAdmin?: boolean): Promise<Record<string, string>>
}

/** A server with a login, whose users are in the database of runs. */
export async function lockedServer(settings: Partial<Config> = {}): Promise<LockedServer> {
  const { context, login } = await loginContext(settings)
  const app = buildApp(context)
  onTestFinished(() => app.close())
  return {
    app,
    context,
    login,
    user: async (username, isAdmin = false) => {
      await insertUser(login.db, { username, passwordHash: HASH, isAdmin })
      return { authorization: `Basic ${Buffer.from(`${username}:${PASSWORD}`).toString('base64')}` }
    },
  }
}

const PASSWORD = 'a password of its own'
/** One that costs nothing to check. */
const HASH = `pbkdf2:sha256:1$salt$${pbkdf2Sync(PASSWORD, 'salt', 1, 32, 'sha256').toString('hex')}`
