/** The requests that are worked on. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

export interface InFlight {
  readonly size: number
  add(request: FastifyRequest, reply: FastifyReply): void
  has(request: FastifyRequest): boolean
  /** Counts a request that was added as one of `caller`. */
  assign(request: FastifyRequest, caller: string): void
  countOf(caller: string): number
}

/** A request whose client has gone counts until its handler has answered: its work goes on. */
export function trackRequests(app: FastifyInstance): InFlight {
  const callerOf = new Map<FastifyRequest, string | undefined>()
  const counts = new Map<string, number>()
  const answered = new WeakSet<FastifyRequest>()

  const end = (request: FastifyRequest) => {
    const caller = callerOf.get(request)
    if (!callerOf.delete(request) || caller === undefined) return
    const left = (counts.get(caller) ?? 0) - 1
    if (left > 0) counts.set(caller, left)
    else counts.delete(caller)
  }
  app.addHook('onSend', (request, { raw }, payload, done) => {
    answered.add(request)
    if (raw.closed) end(request)
    done(null, payload)
  })
  return {
    get size() {
      return callerOf.size
    },
    add(request, { raw }) {
      callerOf.set(request, undefined)
      raw.once('finish', () => end(request))
      raw.once('close', () => {
        if (answered.has(request)) end(request)
      })
    },
    has: (request) => callerOf.has(request),
    assign(request, caller) {
      callerOf.set(request, caller)
      counts.set(caller, (counts.get(caller) ?? 0) + 1)
    },
    countOf: (caller) => counts.get(caller) ?? 0,
  }
}
