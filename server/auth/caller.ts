/** Who is asking: a login sets `caller` in a hook before the handlers run. Until there is one, everybody is the same. */
import type { FastifyInstance } from 'fastify'
import { ANYBODY, type Caller } from '../access/caller.ts'

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller
  }
}

/** Gives every request of `app` a caller. */
export function nameCallers(app: FastifyInstance): void {
  app.decorateRequest('caller', null as never)
  app.addHook('onRequest', (request, _reply, done) => {
    request.caller = ANYBODY
    done()
  })
}
