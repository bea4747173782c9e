/** How much of the server its callers may take, all together and each. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Config } from '../config.ts'
import { ApiError } from '../errors.ts'
import { probePaths } from '../security.ts'
import { openBuckets } from './buckets.ts'
import type { InFlight } from './in-flight.ts'

/** Refuses what is more than the server works on at once. Before anybody is asked who they are: that is work too. */
export function limitRequests(
  app: FastifyInstance,
  inFlight: InFlight,
  config: Pick<Config, 'maxRequestsInFlight' | 'staticPrefix'>,
): void {
  const probes = probePaths(config)
  app.addHook('onRequest', (request, reply, done) => {
    if (probes.has(request.url)) return done()
    if (inFlight.size >= config.maxRequestsInFlight) return done(tooBusy())
    inFlight.add(request, reply)
    done()
  })
}

/** Refuses what is more than one caller may have under way, or ask for in a minute. */
export function limitCallers(
  app: FastifyInstance,
  inFlight: InFlight,
  {
    maxRequestsInFlightPerCaller,
    maxRequestsPerMinute,
  }: Pick<Config, 'maxRequestsInFlightPerCaller' | 'maxRequestsPerMinute'>,
): void {
  const buckets = maxRequestsPerMinute > 0 ? openBuckets(maxRequestsPerMinute) : undefined
  app.addHook('onRequest', (request, _reply, done) => {
    if (!inFlight.has(request)) return done()
    const caller = keyOf(request)
    const waitSeconds = buckets?.take(caller, performance.now()) ?? 0
    if (waitSeconds > 0) return done(tooMany(`${maxRequestsPerMinute} requests in a minute`, waitSeconds))
    if (inFlight.countOf(caller) >= maxRequestsInFlightPerCaller) {
      return done(tooMany(`${maxRequestsInFlightPerCaller} requests at once`, 1))
    }
    inFlight.assign(request, caller)
    done()
  })
}

/** A user, or an address where nobody signed in. */
function keyOf({ caller, ip }: FastifyRequest): string {
  return caller.via === 'nothing' ? `address ${ip}` : `user ${caller.name}`
}

function tooBusy(): ApiError {
  return new ApiError(
    'TEMPORARILY_UNAVAILABLE',
    'The server has as many requests as it can work on; try again.',
  )
}

function tooMany(most: string, retryAfterSeconds: number): ApiError {
  return new ApiError('REQUEST_LIMIT_EXCEEDED', `One caller may have ${most}; try again later.`, {
    retryAfterSeconds,
  })
}
