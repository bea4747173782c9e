/** What a request gets that nobody is signed in for. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { findSessionCookie } from './cookies.ts'

/**
 * Leads people who open the UI to where they sign in; everything else is only told how to, for the error handler to
 * answer. @returns the reply where it has been sent
 */
export function challenge(
  { config, login }: Context,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply | undefined {
  const cookie = findSessionCookie(request, config)
  if (login?.ways.includes('oidc') && isPage(request, config.staticPrefix)) {
    // Who has signed out in MLflow's UI is still signed in at the provider.
    const place = cookie?.isLeft ? 'sign-out' : `sign-in?return_to=${encodeURIComponent(request.url)}`
    return reply.header('cache-control', 'no-store').redirect(`${config.staticPrefix}/auth/${place}`, 302)
  }
  // A browser with a session would ask its person for a password, which most of them do not have.
  const scheme = cookie || (login && !login.ways.includes('basic')) ? 'Bearer' : 'Basic'
  reply.header('www-authenticate', `${scheme} realm="mlflow"`)
  return undefined
}

function isPage({ method, routeOptions }: FastifyRequest, staticPrefix: string): boolean {
  const { url } = routeOptions
  return method === 'GET' && (url === `${staticPrefix}/` || (staticPrefix !== '' && url === staticPrefix))
}
