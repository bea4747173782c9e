/** What a route does, by its permission: what records writes and what refuses them see the same ones. */
import type { FastifyRequest } from 'fastify'
import { isRead } from './permission.ts'

const READING_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Changes nothing, though its method and its permission do not say so. */
const CHANGE_NOTHING = new Set(['POST /graphql', 'POST /mlflow/ui-telemetry'])

/** As the list of what is served has it; what is not there has no name, since anybody may make those up. */
export function actionOf({ method, routeOptions }: FastifyRequest, staticPrefix: string): string {
  const url = routeOptions.url ?? '*'
  const path = url.startsWith(staticPrefix) ? url.slice(staticPrefix.length) : url
  return `${method} ${path.replace(/^\/(ajax-)?api\/\d\.\d/, '')}`
}

export function isWrite(request: FastifyRequest, staticPrefix: string): boolean {
  return !(reads(request) || CHANGE_NOTHING.has(actionOf(request, staticPrefix)))
}

function reads({ method, routeOptions }: FastifyRequest): boolean {
  const { permission } = routeOptions.config
  return READING_METHODS.has(method) || (permission !== undefined && isRead(permission))
}
