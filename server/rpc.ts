/** RPCs as values, and the only code that knows the HTTP framework's request shape. */
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { authorize } from './auth/authorize.ts'
import { isRead, type Permission } from './auth/permission.ts'
import { checkBodyLength } from './broken-requests.ts'
import type { Context, RequestContext } from './context.ts'
import { ApiError, invalidParameter } from './errors.ts'
import { parseJson, parseRequest, queryToJson, stringifyJson } from './wire.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** What an RPC was asked, and what it answered: records of who did what take from it what they may know. */
    said?: { readonly request: unknown; answer: object }
  }
}

export interface Rpc {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'
  /** The path after `/api/<version>`; `:name` stands for a path parameter. */
  readonly path: string
  /** @default '2.0' */
  readonly version?: '2.0' | '3.0'
  /**
   * Where MLflow serves it: everywhere, to its UI alone (`/ajax-api`), or at its path without a prefix of its own.
   * @default 'all'
   */
  readonly surface?: 'all' | 'ui' | 'root'
  /** @default the query of a GET, the body of all others */
  readonly requestIn?: 'query'
  /**
   * There are users to speak of while a login is on; without one the path leads nowhere.
   * @default false
   */
  readonly needsLogin?: boolean
  readonly permission: Permission
  readonly request: z.ZodType
  run(context: RequestContext, json: unknown): Promise<object>
}

interface RpcDefinition<S extends z.ZodType> extends Omit<Rpc, 'permission' | 'request' | 'run'> {
  readonly permission: Permission<z.output<S>>
  readonly request: S
  handler(context: RequestContext, request: z.output<S>): Promise<object> | object
}

/** One RPC: method, path, permission, request schema and handler, and nothing else. */
export function rpc<S extends z.ZodType>({ handler, ...definition }: RpcDefinition<S>): Rpc {
  return {
    ...definition,
    run: async (context, json) => {
      const request = parseRequest(definition.request, json)
      const pending = authorize(context, definition.permission, request)
      if (pending) await pending
      const { replica } = context
      if (!replica || !isRead(definition.permission)) return handler(context, request)
      return replica.read(async (db) => handler({ ...context, db }, request))
    },
  }
}

/** Mounts every RPC under each prefix MLflow serves it on. */
export function mountRpcs(app: FastifyInstance, context: Context, rpcs: readonly Rpc[]): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, body === '' ? {} : parseJson(body as string))
    } catch (error) {
      done(error as Error)
    }
  })
  app.addContentTypeParser('*', (_request, _payload, done) => done(notJson()))
  app.addHook('preParsing', async ({ headers }, _reply, body) => {
    await checkBodyLength(body, headers['content-length'], context.config.maxRequestBytes)
    checkEncoding(headers['content-encoding'])
    return body
  })

  for (const one of rpcs) {
    for (const url of urlsOf(one, context.config.staticPrefix)) {
      app.route({
        method: one.method,
        url,
        config: { permission: one.permission },
        handler: async (request, reply) => {
          const { caller } = request
          const said = { request: requestJson(one, request), answer: {} }
          request.said = said
          said.answer = await one.run({ ...context, caller }, said.request)
          return answer(reply, said.answer)
        },
      })
    }
  }
}

/** Every URL an RPC answers on. */
export function urlsOf({ version = '2.0', surface = 'all', path }: Rpc, staticPrefix = ''): string[] {
  if (surface === 'root') return [staticPrefix + path]
  const prefixes = surface === 'ui' ? ['/ajax-api'] : ['/api', '/ajax-api']
  return prefixes.map((prefix) => `${staticPrefix}${prefix}/${version}${path}`)
}

function requestJson(one: Rpc, request: FastifyRequest): unknown {
  const params = request.params as Record<string, string>
  if (one.method === 'GET' || one.requestIn === 'query' || isBareRemoval(one, request)) {
    return { ...queryToJson(one.request, request.query as Record<string, string | string[]>), ...params }
  }
  // The stock client deletes logged models and their tags without a body.
  const mayBeBare = one.method === 'DELETE' && request.body === undefined
  if (request.headers['content-type'] === undefined && !mayBeBare) throw notJson()
  const body = doubleEncoded(request.body ?? {})
  return typeof body === 'object' && !Array.isArray(body) ? { ...body, ...params } : body
}

/** A removal of users or of what they may do, which MLflow reads from the query where there is no JSON. */
function isBareRemoval({ method, needsLogin }: Rpc, { body }: FastifyRequest): boolean {
  return method === 'DELETE' && needsLogin === true && body === undefined
}

/** Old clients send their JSON as a JSON string. */
function doubleEncoded(body: unknown): unknown {
  return typeof body === 'string' ? parseJson(body) : body
}

/** Nothing is inflated here, so that a small body cannot become a large one. */
function checkEncoding(encoding = 'identity'): void {
  if (encoding.toLowerCase() === 'identity') return
  throw new ApiError(
    'UNSUPPORTED_MEDIA_TYPE',
    `Content-Encoding: ${encoding} is not read here; send plain JSON.`,
  )
}

function notJson(): Error {
  return invalidParameter("Bad Request. Content-Type must be one of ['application/json'].")
}

function answer(reply: FastifyReply, body: object): FastifyReply {
  const json = Symbol.asyncIterator in body ? textStream(body as AsyncIterable<string>) : stringifyJson(body)
  return reply.type('application/json').send(json)
}

/** Asks for the next text when the client has taken most of those before. */
function textStream(texts: AsyncIterable<string>): Readable {
  return Readable.from(texts, { objectMode: false })
}
