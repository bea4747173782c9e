/** A server whose callers say who they are in a header of their own, so that a test can be any of them. */
import type { FastifyInstance } from 'fastify'
import { onTestFinished } from 'vitest'
import { accessOf } from '../../server/access/access.ts'
import type { Grant, Level } from '../../server/access/grants.ts'
import { buildApp } from '../../server/app.ts'
import type { Gate } from '../../server/auth/authenticate.ts'
import type { Context } from '../../server/context.ts'
import { ApiError } from '../../server/errors.ts'

export interface User {
  readonly isAdmin?: boolean
  readonly grants?: readonly Grant[]
  /** @default 'NO_PERMISSIONS' */
  readonly defaultLevel?: Level
}

export function gateFor(users: Readonly<Record<string, User>>): Gate {
  return {
    ways: [
      async (_context, { headers }) => {
        const username = headers['x-test-user']
        if (typeof username !== 'string') return undefined
        if (username.startsWith('bad')) throw new ApiError('UNAUTHENTICATED', 'This is nobody.')
        return { username, via: 'token' }
      },
    ],
    async accessOf({ username }) {
      const user = users[username]
      if (!user) return undefined
      const { isAdmin = false, grants = [], defaultLevel = 'NO_PERMISSIONS' } = user
      return accessOf({ isAdmin, grants }, defaultLevel)
    },
  }
}

export function lockedApp(context: Context, users: Readonly<Record<string, User>>): FastifyInstance {
  const app = buildApp(context, gateFor(users))
  onTestFinished(() => app.close())
  return app
}

export function grant(resourceType: string, pattern: string, level: Level): Grant {
  return { resourceType, pattern, level }
}
