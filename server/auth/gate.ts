import type { Context } from '../context.ts'
import { accessFor } from '../operations/login.ts'
import type { Gate } from './authenticate.ts'
import { passwordSignIn } from './password-sign-in.ts'
import { sessionSignIn } from './session-sign-in.ts'
import type { SignIn } from './sign-in.ts'

/** In the order in which they are tried. */
const WAYS: readonly SignIn[] = [sessionSignIn, passwordSignIn]

/** How callers are known; undefined while no login is on. */
export function gateOf({ login }: Context): Gate | undefined {
  return (
    login && {
      ways: WAYS,
      async accessOf({ username, scope }) {
        const user = await login.users.find(username)
        return user && accessFor(login, user, scope)
      },
    }
  )
}
