/** Who is asking: a login sets `caller` in a hook before the handlers run. Until there is one, everybody is the same. */
import type { FastifyInstance } from 'fastify'

declare module 'fastify' {
  interface FastifyRequest {
    caller: string
  }
}

const ANONYMOUS = 'unknown'

/** Gives every request of `app` a caller. */
export function nameCallers(app: FastifyInstance): void {
  app.decorateRequest('caller', ANONYMOUS)
}
