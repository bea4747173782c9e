/** Who is asking: one hook gives every request its caller before anything else is done with it. */
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import type { Access } from '../access/access.ts'
import { ANYBODY, type Caller, NOBODY } from '../access/caller.ts'
import type { Context } from '../context.ts'
import { ApiError } from '../errors.ts'
import { challenge } from './challenge.ts'
import { KeptConnections } from './kept-connections.ts'
import { nameOf, type Permission } from './permission.ts'
import type { Identity, SignIn } from './sign-in.ts'

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller
  }
  interface FastifyInstance {
    /** Every route, with what its callers must be allowed to do. */
    mounted: readonly RouteOptions[]
  }
  interface FastifyContextConfig {
    /** What a caller must be allowed to do: a route without it stops the start. */
    permission?: Permission
  }
}

/** How callers are known while a login is on. */
export interface Gate {
  /** The ways to sign in, in the order in which they are tried. */
  readonly ways: readonly SignIn[]
  /** What a user may do now; undefined for one that is no user any more. */
  accessOf(identity: Identity): Promise<Access | undefined> | Access | undefined
}

/** Gives every request of `app` a caller. Without a gate everybody is the same, and nothing is looked up. */
export function nameCallers(app: FastifyInstance, context: Context, gate: Gate | undefined): void {
  if (context.login && !gate) throw new Error('a login is on, and nothing signs anybody in')
  app.decorateRequest('caller', null as never)
  const connections = new KeptConnections()
  app.addHook('onRequest', (request, reply, done) => {
    // A path that leads nowhere has no permission: who is not signed in does not learn which do.
    const isOpen = request.routeOptions.config?.permission === 'open'
    if (!gate || isOpen) {
      request.caller = gate ? NOBODY : ANYBODY
      return done()
    }
    const named = (caller: Caller) => {
      request.caller = caller
      done()
    }
    const refused = (error: Error) => {
      if (error instanceof ApiError && error.status === 401 && challenge(context, request, reply)) return
      done(error)
    }
    let caller: Caller | Promise<Caller>
    try {
      caller = callerOfRequest(gate, context, request, connections)
    } catch (error) {
      return refused(error as Error)
    }
    if (caller instanceof Promise) caller.then(named, refused)
    else named(caller)
  })
}

/** Stops the start of an app that has a route without a permission, and lists its routes. */
export function requirePermissions(app: FastifyInstance): void {
  const routes: RouteOptions[] = []
  app.decorate('mounted', routes)
  app.addHook('onRoute', (route) => {
    routes.push(route)
  })
  app.addHook('onReady', async () => {
    const without = routes
      .filter(({ config }) => !config?.permission || !nameOf(config.permission))
      .map(({ url }) => url)
    if (without.length > 0)
      throw new Error(`routes without a permission: ${[...new Set(without)].join(', ')}`)
  })
}

/** Waits for nothing where the credential and its user are known: every request pays for what it waits for. */
function callerOfRequest(
  gate: Gate,
  context: Context,
  request: FastifyRequest,
  connections: KeptConnections,
): Caller | Promise<Caller> {
  const kept = connections.find(request)
  if (kept) return callerOf(gate, kept)
  connections.forget(request)
  const named = (identity: Identity) => {
    connections.keep(request, identity)
    return callerOf(gate, identity)
  }
  const identity = signIn(gate, context, request)
  return identity instanceof Promise ? identity.then(named) : named(identity)
}

function signIn(
  gate: Gate,
  context: Context,
  request: FastifyRequest,
  first = 0,
): Identity | Promise<Identity> {
  for (let at = first; at < gate.ways.length; at++) {
    const identity = gate.ways[at]?.(context, request)
    if (identity instanceof Promise)
      return identity.then((found) => found ?? signIn(gate, context, request, at + 1))
    if (identity) return identity
  }
  throw unauthenticated()
}

function callerOf({ accessOf }: Gate, identity: Identity): Caller | Promise<Caller> {
  const caller = (access: Access | undefined): Caller => {
    if (!access) throw unauthenticated()
    return { name: identity.username, via: identity.via, access }
  }
  const access = accessOf(identity)
  return access instanceof Promise ? access.then(caller) : caller(access)
}

function unauthenticated(): ApiError {
  return new ApiError(
    'UNAUTHENTICATED',
    'You are not signed in. Clients take MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN.',
  )
}
