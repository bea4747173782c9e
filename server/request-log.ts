/** What the log says of requests: those that failed, those that took long, and at debug each. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Config } from './config.ts'

export function logRequests(app: FastifyInstance, { logLevel, slowRequestMs }: Config): void {
  if (logLevel !== 'debug' && slowRequestMs === 0) return
  app.addHook('onResponse', async (request, { statusCode: status, elapsedTime: ms }) => {
    const isSlow = slowRequestMs > 0 && ms >= slowRequestMs
    if (isSlow) request.log.warn({ ...nameOf(request), status, ms }, 'slow request')
    else request.log.debug({ ...nameOf(request), status, ms }, 'request')
  })
}

/** For a line of the log; the route, so that requests of a kind can be counted. */
export function nameOf(request: FastifyRequest) {
  return { method: request.method, path: pathOf(request), route: request.routeOptions.url ?? '' }
}

/** The path without its query: that may hold what a log should not. */
export function pathOf(request: FastifyRequest): string {
  return request.url.split('?')[0] ?? ''
}
