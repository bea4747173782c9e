/** The Host and Origin checks of MLflow's security middleware, and the headers every answer has. */
import { isIP } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Config } from './config.ts'

const WRITES = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])

export function guardRequests(app: FastifyInstance, config: Config): void {
  const exempt = new Set(['/health', '/version', '/readyz'].map((path) => config.staticPrefix + path))
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-content-type-options', 'nosniff')
    if (config.xFrameOptions !== 'NONE') reply.header('x-frame-options', config.xFrameOptions)
    reply.header('referrer-policy', 'no-referrer')
    reply.header('vary', 'Origin')
    if (config.disableSecurityMiddleware) return
    const path = request.url.split('?')[0] ?? ''
    if (!exempt.has(path) && !isAllowedHost(request.headers.host ?? '', config.allowedHosts)) {
      return reply
        .status(403)
        .type('text/plain')
        .send('Invalid Host header - possible DNS rebinding attack detected')
    }
    const { origin } = request.headers
    if (origin === undefined) return
    const allowed = isAllowedOrigin(origin, request.headers.host ?? '', config.corsAllowedOrigins)
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

/** Localhost and private addresses when `allowed` is empty, else its patterns, where `*` is any text. */
export function isAllowedHost(host: string, allowed: readonly string[]): boolean {
  if (allowed.includes('*')) return true
  if (allowed.length > 0)
    return allowed.some((pattern) => matches(pattern, host) || matches(pattern, hostName(host)))
  const name = hostName(host)
  return name === 'localhost' || name === '0.0.0.0' || isPrivateAddress(name)
}

export function isAllowedOrigin(origin: string, host: string, allowed: readonly string[]): boolean {
  if (allowed.includes('*') || allowed.some((pattern) => matches(pattern, origin))) return true
  const url = URL.parse(origin)
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.username !== '') return false
  return url.host === host || ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
}

function isPrivateAddress(name: string): boolean {
  const address = name.replace(/^\[(.*)\]$/, '$1')
  if (isIP(address) === 4) return /^(127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)/.test(address)
  return isIP(address) === 6 && /^(::1$|f[cd][0-9a-f]{2}:)/i.test(address)
}

function hostName(host: string): string {
  return host.replace(/:\d+$/, '').toLowerCase()
}

function matches(pattern: string, value: string): boolean {
  const source = pattern.split('*').map(RegExp.escape).join('.*')
  return new RegExp(`^${source}$`, 'i').test(value)
}
