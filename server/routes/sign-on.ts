/** Where people sign in and out with a browser. */
import type { FastifyReply } from 'fastify'
import { sendPage } from '../auth/sign-on-pages.ts'
import type { Context } from '../context.ts'
import { ApiError, onlyReads } from '../errors.ts'
import type { Route } from './route.ts'

const RETRY_AFTER_SECONDS = 5

/** None where people do not sign in with OpenID. */
export function signOnRoutes({ config, login }: Context): Route[] {
  if (!login?.ways.includes('oidc')) return []
  let opened: ReturnType<typeof openSignOn> | undefined
  const route = (name: string, handle: Route['handle']): Route => ({
    method: 'GET',
    path: `/auth/${name}`,
    permission: 'open',
    handle: (context, request, reply) => {
      reply.header('cache-control', 'no-store')
      return handle(context, request, reply).catch((error: unknown) => {
        if (!(error instanceof ApiError)) throw error
        request.fault = error.code
        return sendFault(context, reply, error)
      })
    },
  })
  const delegated = (name: 'sign-in' | 'callback' | 'sign-out') =>
    route(name, async (context, request, reply) => {
      if (config.readOnly) throw onlyReads('no session begins or ends here')
      opened ??= openSignOn(context)
      const handlers = await opened
      return handlers[name](context, request, reply)
    })
  const signedOut = {
    status: 200,
    title: 'You are signed out',
    text: 'This browser has no session any more.',
    link: { path: `${config.staticPrefix}/auth/sign-in`, text: 'Sign in' },
  }
  return [
    delegated('sign-in'),
    delegated('callback'),
    delegated('sign-out'),
    route('signed-out', async (_context, _request, reply) => sendPage(reply, signedOut)),
  ]
}

/** OpenID takes time and memory that a server has better use for until the first person signs in. */
async function openSignOn(context: Context) {
  const { signOnHandlers } = await import('./sign-on-handlers.ts')
  return signOnHandlers(context)
}

function sendFault({ config, log }: Context, reply: FastifyReply, error: ApiError): FastifyReply {
  if (error.status === 503) {
    log.error({ err: error }, 'sign-in failed')
    reply.header('retry-after', String(RETRY_AFTER_SECONDS))
  } else log.warn({ reason: error.message }, 'sign-in refused')
  const isAway = error.status === 503
  return sendPage(reply, {
    status: error.status,
    title: isAway ? 'You cannot sign in right now' : 'You are not signed in',
    text: isAway
      ? `${error.message} Try again in a moment; if it stays so, tell who runs this server: its log says why.`
      : error.message,
    link: { path: `${config.staticPrefix}/auth/sign-in`, text: 'Sign in again' },
  })
}
