/** Puts what callers do into the audit log: one hook over all routes, so that none can be forgotten. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import type { ErrorCode } from '../errors.ts'
import { auditedFields, auditedIn } from './audited.ts'
import { actionOf, isWrite } from './deeds.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Why it was refused. */
    fault?: ErrorCode
    /** Whose password was wrong: a name that may be nobody's. */
    tried?: string
  }
}

/** What training and tracing do by the thousand. */
const BY_THE_THOUSAND = new Set([
  'POST /mlflow/runs/log-metric',
  'POST /mlflow/runs/log-batch',
  'POST /mlflow/runs/log-parameter',
  'POST /mlflow/runs/set-tag',
  'POST /mlflow/runs/log-inputs',
  'POST /mlflow/runs/outputs',
  'PUT /mlflow-artifacts/artifacts/*',
  'POST /v1/traces',
])

/** All that the log may know of an RPC that comes by the thousand. */
const LOGGED_TO = ['run_id', 'model_id'] as const

const REFUSALS = new Set([401, 403, 429])

/**
 * Records every write and every refusal. At the answer, not at its arrival: a client that leaves before it hears of it
 * has done what it did all the same.
 */
export function auditRequests(app: FastifyInstance, { login, config }: Context): void {
  if (!login) return
  const deeds = new Map<string, Deed>()
  app.addHook('onSend', (request, reply, payload, done) => {
    const isRefused = REFUSALS.has(reply.statusCode)
    const route = `${request.method} ${request.routeOptions.url}`
    const deed = deeds.getOrInsertComputed(route, () => deedOf(request, config.staticPrefix))
    if (isRefused || deed.isWrite) {
      login.audit.record(eventOf(request, reply, deed, isRefused), isRefused || deed.repeats)
    }
    done(null, payload)
  })
}

/** What a route does, in the eyes of the audit log. */
interface Deed {
  readonly action: string
  readonly isWrite: boolean
  readonly repeats: boolean
}

function deedOf(request: FastifyRequest, staticPrefix: string): Deed {
  const action = actionOf(request, staticPrefix)
  return {
    action,
    isWrite: isWrite(request, staticPrefix),
    repeats: BY_THE_THOUSAND.has(action),
  }
}

function eventOf(request: FastifyRequest, { statusCode }: FastifyReply, deed: Deed, isRefused: boolean) {
  const { caller, said, headers } = request
  const { object, detail } =
    said && deed.repeats && !isRefused ? auditedFields(said.request, LOGGED_TO) : auditedOf(request)
  return {
    caller: caller && caller.via !== 'nothing' ? caller.name : '',
    via: caller?.via ?? 'nothing',
    action: deed.action,
    object,
    detail,
    status: statusCode,
    outcome: statusCode < 400 ? 'OK' : (request.fault ?? `HTTP_${statusCode}`),
    address: request.ip,
    userAgent: headers['user-agent'] ?? '',
  }
}

function auditedOf({ said, tried, params, query, headers }: FastifyRequest) {
  const experiment = { 'x-mlflow-experiment-id': headers['x-mlflow-experiment-id'] }
  return auditedIn({ username: tried }, said?.request, params, query, experiment, said?.answer)
}
