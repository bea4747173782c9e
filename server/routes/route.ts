/** Routes whose bodies are bytes, not JSON: values in a table like the RPCs, each with its permission. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { authorize } from '../auth/authorize.ts'
import type { Permission } from '../auth/permission.ts'
import type { Context } from '../context.ts'
import { missingValue } from '../errors.ts'

export interface Route {
  /** A GET answers HEAD too. */
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  /** The whole path below the static prefix; `:name` and a last `*` stand for path parameters. */
  readonly path: string
  /**
   * MLflow serves it without the static prefix too.
   * @default false
   */
  readonly unprefixed?: boolean
  /** As an RPC's. */
  readonly needsLogin?: boolean
  readonly permission: Permission<FastifyRequest>
  handle(context: Context, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply>
}

/** Mounts the routes in a scope of their own, where a request's body is a stream of any type and size. */
export function mountRoutes(app: FastifyInstance, context: Context, routes: readonly Route[]): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  app.addHook('onRequest', async (request) => {
    // The framework refuses types it cannot parse; nothing here depends on the type.
    delete request.headers['content-type']
  })
  for (const route of routes) {
    for (const url of urlsOfRoute(route, context.config.staticPrefix)) {
      app.route({
        method: route.method === 'GET' ? ['GET', 'HEAD'] : route.method,
        url,
        exposeHeadRoute: false,
        config: { permission: route.permission },
        handler: (request, reply) => handled(route, context, request, reply),
      })
    }
  }
}

/** A query parameter: its first value, or undefined where it is absent or empty. */
export function findQueryValue(request: FastifyRequest, name: string): string | undefined {
  const value = (request.query as Record<string, string | string[] | undefined>)[name]
  return (Array.isArray(value) ? value[0] : value) || undefined
}

/** @throws ApiError where the parameter is absent or empty */
export function queryValue(request: FastifyRequest, name: string): string {
  const value = findQueryValue(request, name)
  if (value === undefined) throw missingValue(name)
  return value
}

export function pathValue(request: FastifyRequest, name: string): string {
  return (request.params as Record<string, string>)[name] ?? ''
}

async function handled(
  route: Route,
  context: Context,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  try {
    await authorize({ ...context, caller: request.caller }, route.permission, request)
    return await route.handle(context, request, reply)
  } catch (error) {
    // A client sends its whole body before it reads the answer: what is left of it must be taken.
    request.raw.resume()
    throw error
  }
}

function urlsOfRoute({ path, unprefixed = false }: Route, staticPrefix: string): string[] {
  return unprefixed && staticPrefix !== '' ? [path, staticPrefix + path] : [staticPrefix + path]
}
