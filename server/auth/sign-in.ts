/** How a request says who sends it. */
import type { FastifyRequest } from 'fastify'
import type { Scope } from '../access/access.ts'
import type { Caller } from '../access/caller.ts'
import type { Context } from '../context.ts'

/** Whom a credential names, before it is known what they may do. */
export interface Identity {
  readonly username: string
  readonly via: Caller['via']
  /** What the credential leaves of what its owner may do. */
  readonly scope?: Scope | undefined
  /** Whether its credential would name the same again, without a look at it; a way without it is always asked. */
  readonly isStillGood?: (() => boolean) | undefined
}

/**
 * One way to sign in. It answers undefined where the request has no credential of its kind, so that the next way may
 * look, and at once where nothing has to be waited for.
 * @throws ApiError UNAUTHENTICATED for a credential of its kind that is not good
 */
export type SignIn = (
  context: Context,
  request: FastifyRequest,
) => Promise<Identity | undefined> | Identity | undefined
