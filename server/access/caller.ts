import { type Access, accessOf, UNLIMITED } from './access.ts'

/** Who sends a request, and what it may do. */
export interface Caller {
  /** As records of who did what name it: a user's name. */
  readonly name: string
  /** How it showed who it is. */
  readonly via: 'nothing' | 'password' | 'session' | 'token' | 'jwt' | 'load-balancer'
  readonly access: Access
}

/** Whoever asks for what is open to everybody, while a login is on. */
export const NOBODY: Caller = {
  name: 'nobody',
  via: 'nothing',
  access: accessOf({ isAdmin: false, grants: [] }, 'NO_PERMISSIONS'),
}

/** Everybody, while no login is on. */
export const ANYBODY: Caller = { name: 'unknown', via: 'nothing', access: UNLIMITED }
