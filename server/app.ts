import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  LogController,
} from 'fastify'
import { RPCS } from './api/index.ts'
import { onlyArtifactRoutes, onlyArtifactRpcs } from './artifacts-only.ts'
import { auditRequests } from './auth/audit-requests.ts'
import { nameCallers, requirePermissions } from './auth/authenticate.ts'
import { gateOf } from './auth/gate.ts'
import { refuseWrites } from './auth/refuse-writes.ts'
import { trustedProxies } from './auth/trusted-proxies.ts'
import { answerClientError, refuseTunnels } from './broken-requests.ts'
import type { Context } from './context.ts'
import { ApiError } from './errors.ts'
import { mountHealth } from './health.ts'
import { trackRequests } from './limits/in-flight.ts'
import { limitCallers, limitRequests } from './limits/requests.ts'
import { closeSilentConnections } from './limits/silent-connections.ts'
import { closeSlowClients, headerTimeouts } from './limits/slow-clients.ts'
import { withoutProxiedBytes } from './presigned-only.ts'
import { logRequests, nameOf, pathOf } from './request-log.ts'
import { artifactFileRoutes } from './routes/artifact-files.ts'
import { artifactProxyRoutes } from './routes/artifact-proxy.ts'
import { otlpRoutes } from './routes/otlp.ts'
import { mountRoutes, type Route } from './routes/route.ts'
import { signOnRoutes } from './routes/sign-on.ts'
import { signUpRoutes } from './routes/sign-up.ts'
import { traceArtifactRoutes } from './routes/trace-artifacts.ts'
import { mountRpcs, type Rpc, urlsOf } from './rpc.ts'
import { answerHeaders, guardRequests } from './security.ts'
import { mountPages } from './ui/pages.ts'

/** Every route whose body is bytes. */
export const ROUTES: readonly Route[] = [
  ...artifactProxyRoutes,
  ...artifactFileRoutes,
  ...traceArtifactRoutes,
  ...otlpRoutes,
  ...signUpRoutes,
]

const RETRY_AFTER_SECONDS = 1

/** The whole server but for its socket: every route on one context. */
export function buildApp(context: Context, gate = gateOf(context)): FastifyInstance {
  const { config, log } = context
  const app = Fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: config.maxRequestBytes,
    trustProxy: config.trustedProxies.length > 0 && trustedProxies(config.trustedProxies),
    // A socket on which nothing moves for this long is closed, unless its client waits for us.
    connectionTimeout: 60_000,
    keepAliveTimeout: config.keepAliveSeconds * 1000,
    requestTimeout: 0,
    http: headerTimeouts(config),
    routerOptions: { maxParamLength: 4_000, ignoreTrailingSlash: false },
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    exposeHeadRoutes: true,
    clientErrorHandler: answerClientError,
    // A URL that cannot be decoded reaches no route, and so no error handler.
    frameworkErrors: (error, _request, reply) =>
      (reply as FastifyReply).status(400).headers(answerHeaders(config)).send(toApiError(error).toBody()),
  })
  refuseTunnels(app.server)
  closeSlowClients(app, config)
  closeSilentConnections(app)
  guardRequests(app, config, context.login !== undefined)
  requirePermissions(app)
  auditRequests(app, context)
  const inFlight = trackRequests(app)
  limitRequests(app, inFlight, config)
  nameCallers(app, context, gate)
  refuseWrites(app, config)
  limitCallers(app, inFlight, config)
  logRequests(app, config)
  app.setErrorHandler((error, request, reply) => {
    const fault = toApiError(error)
    request.fault = fault.code
    if (fault.status >= 500) request.log.error({ err: error, ...nameOf(request) }, 'request failed')
    const wait = fault.retryAfterSeconds ?? (fault.status === 503 ? RETRY_AFTER_SECONDS : undefined)
    if (wait !== undefined) reply.header('retry-after', String(wait))
    // A download that fails before its first byte has the type of the file by then.
    return reply.status(fault.status).type('application/json; charset=utf-8').send(fault.toBody())
  })
  const isThere = ({ needsLogin = false }) => context.login !== undefined || !needsLogin
  const [rpcs, allRoutes] = [RPCS.filter(isThere), ROUTES.filter(isThere)]
  const methods = methodsByUrl(rpcs, config.staticPrefix)
  app.setNotFoundHandler((request) => {
    const path = pathOf(request)
    const allowed = methods.get(path)
    if (allowed)
      throw new ApiError(
        'METHOD_NOT_ALLOWED',
        `${request.method} is not allowed here; use ${[...allowed].join(' or ')}`,
      )
    throw new ApiError('ENDPOINT_NOT_FOUND', `No endpoint at ${request.method} ${path}`)
  })
  mountHealth(app, context)
  mountPages(app, context)
  const { artifactsOnly, artifactsPresignedOnly } = config
  const routes = artifactsPresignedOnly ? withoutProxiedBytes(allRoutes) : allRoutes
  app.register(async (scope) => mountRpcs(scope, context, artifactsOnly ? onlyArtifactRpcs(rpcs) : rpcs))
  app.register(async (scope) =>
    mountRoutes(scope, context, [
      ...(artifactsOnly ? onlyArtifactRoutes(routes) : routes),
      ...signOnRoutes(context),
    ]),
  )
  return app
}

function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  const { statusCode, message } = error as { statusCode?: number; message?: string }
  if (statusCode === 413)
    return new ApiError('REQUEST_TOO_LARGE', 'The request body is too large.', { cause: error })
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new ApiError('BAD_REQUEST', message ?? 'Bad request.', { cause: error })
  }
  return new ApiError('INTERNAL_ERROR', 'The server failed; its log says why.', { cause: error })
}

function methodsByUrl(rpcs: readonly Rpc[], staticPrefix: string): Map<string, Set<string>> {
  const methods = new Map<string, Set<string>>()
  for (const one of rpcs) {
    for (const url of urlsOf(one, staticPrefix)) {
      methods.set(url, (methods.get(url) ?? new Set()).add(one.method))
    }
  }
  return methods
}
