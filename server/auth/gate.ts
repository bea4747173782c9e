import type { Context } from '../context.ts'
import { accessFor } from '../operations/login.ts'
import type { Gate } from './authenticate.ts'
import { bearerSignIn } from './bearer-sign-in.ts'
import { loadBalancerSignIn } from './load-balancer-sign-in.ts'
import { passwordSignIn } from './password-sign-in.ts'
import { sessionSignIn } from './session-sign-in.ts'

/** How callers are known; undefined while no login is on. */
export function gateOf({ config, login }: Context): Gate | undefined {
  if (!login) return undefined
  return {
    // In the order in which they are tried.
    ways: [
      loadBalancerSignIn(config, login),
      bearerSignIn(config, login),
      sessionSignIn,
      passwordSignIn(login),
    ],
    accessOf({ username, scope }) {
      const known = login.users.peek(username)
      if (known) return accessFor(login, known, scope)
      return login.users.find(username).then((user) => user && accessFor(login, user, scope))
    },
  }
}
