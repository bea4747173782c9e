/** The Host and Origin checks of MLflow's security middleware, and the headers every answer has. */
import type { FastifyInstance } from 'fastify'
import type { Config } from './config.ts'
import { isAllowedHost, isAllowedOrigin } from './hosts.ts'

const WRITES = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])

export function guardRequests(app: FastifyInstance, config: Config): void {
  const exempt = new Set(['/health', '/version', '/readyz'].map((path) => config.staticPrefix + path))
  const own = URL.parse(config.publicUrl)
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-content-type-options', 'nosniff')
    if (config.xFrameOptions !== 'NONE') reply.header('x-frame-options', config.xFrameOptions)
    reply.header('referrer-policy', 'no-referrer')
    reply.header('vary', 'Origin')
    if (config.disableSecurityMiddleware) return
    const path = request.url.split('?')[0] ?? ''
    const { origin, host = '' } = request.headers
    if (!exempt.has(path) && host !== own?.host && !isAllowedHost(host, config.allowedHosts)) {
      return reply
        .status(403)
        .type('text/plain')
        .send('Invalid Host header - possible DNS rebinding attack detected')
    }
    if (origin === undefined) return
    const allowed = origin === own?.origin || isAllowedOrigin(origin, host, config.corsAllowedOrigins)
    if (!allowed && WRITES.has(request.method)) {
      return reply.status(403).type('text/plain').send('Cross-origin request blocked')
    }
    if (allowed) {
      reply.header('access-control-allow-origin', origin)
      if (request.method === 'OPTIONS') {
        return reply
          .status(204)
          .header('access-control-allow-methods', 'GET, POST, PUT, PATCH, DELETE, OPTIONS')
          .header('access-control-allow-headers', request.headers['access-control-request-headers'] ?? '*')
          .send()
      }
    }
  })
}
