/** The Host and Origin checks of MLflow's security middleware, and the headers every answer has. */
import type { FastifyInstance } from 'fastify'
import type { Config } from './config.ts'
import { isAllowedHost, isAllowedOrigin } from './hosts.ts'

/** Of every answer that has no policy of its own: whatever a browser makes of it, it runs and loads nothing. */
const NOTHING_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"

/** For a year; other names below this host may be without TLS. */
const TRANSPORT_SECURITY = 'max-age=31536000'

const WRITES = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])

/** What every answer has; pages of the UI have policies of their own. */
export function answerHeaders({ xFrameOptions }: Pick<Config, 'xFrameOptions'>): Record<string, string> {
  return {
    'x-content-type-options': 'nosniff',
    ...(xFrameOptions !== 'NONE' && { 'x-frame-options': xFrameOptions }),
    'content-security-policy': NOTHING_POLICY,
    'referrer-policy': 'no-referrer',
    // Pages of other sites may show nothing from here as an image or a script; those of this site may.
    'cross-origin-resource-policy': 'same-site',
    vary: 'Origin',
  }
}

/** Whoever asks there whether the server lives is to hear that it does. */
export function probePaths({ staticPrefix }: Pick<Config, 'staticPrefix'>): ReadonlySet<string> {
  return new Set(['/health', '/version', '/readyz'].map((path) => staticPrefix + path))
}

/** @param isPrivate whether answers depend on who asks, so that nobody may keep them but by their own word */
export function guardRequests(app: FastifyInstance, config: Config, isPrivate: boolean): void {
  const exempt = probePaths(config)
  const own = URL.parse(config.publicUrl)
  const headers = { ...answerHeaders(config), ...(isPrivate && { 'cache-control': 'no-store' }) }
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(headers)
    if (own?.protocol === 'https:' || request.protocol === 'https')
      reply.header('strict-transport-security', TRANSPORT_SECURITY)
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
