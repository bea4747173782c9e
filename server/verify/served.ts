/** A server that only reads, in this process, for this process alone. */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { pino } from 'pino'
import { ANYBODY } from '../access/caller.ts'
import { buildApp } from '../app.ts'
import type { Gate } from '../auth/authenticate.ts'
import type { Config } from '../config.ts'
import { closeContext, openContext } from '../context.ts'

export interface Served {
  readonly url: string
  /** @param path with its query, below the server's URL */
  ask(path: string, request?: { readonly body?: object; readonly range?: string }): Promise<Response>
  close(): Promise<void>
}

/** What is the matter of those who come from elsewhere, or would lead away from what is to be looked at. */
const ALONE = {
  readOnly: true,
  login: [],
  host: '127.0.0.1',
  port: 0,
  staticPrefix: '',
  allowedHosts: [],
  trustedProxies: [],
  readReplicaUri: '',
  artifactsPresignedOnly: false,
  maxRequestsPerMinute: 0,
} as const satisfies Partial<Config>

/**
 * Starts the server as `trackyard server` does, on the database and the store of `config`. Other users of this machine
 * can reach its port, so it knows a token that nobody is told.
 * @throws Error in one line when it cannot start
 */
export async function serveReadOnly(config: Config): Promise<Served> {
  // The standard output is the report's.
  const log = pino({ level: 'error' }, pino.destination(2))
  const context = await openContext({ ...config, ...ALONE }, log)
  const authorization = `Bearer ${randomBytes(32).toString('base64url')}`
  const app = buildApp(context, gateFor(authorization))
  const close = async () => {
    const closed = app.close()
    // Nothing is under way, but the last answer's connection may not have noticed yet.
    app.server.closeAllConnections()
    await closed
    await closeContext(context)
  }
  try {
    const url = await app.listen({ host: ALONE.host, port: ALONE.port })
    return {
      url,
      ask: (path, { body, range } = {}) =>
        fetch(url + path, {
          ...(body && { method: 'POST', body: JSON.stringify(body) }),
          headers: {
            authorization,
            ...(body && { 'content-type': 'application/json' }),
            ...(range && { range }),
          },
        }),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

function gateFor(authorization: string): Gate {
  const wanted = Buffer.from(authorization)
  return {
    ways: [
      (_context, { headers }) => {
        const given = Buffer.from(headers.authorization ?? '')
        const isRight = given.length === wanted.length && timingSafeEqual(given, wanted)
        return isRight ? { username: 'verify', via: 'token' } : undefined
      },
    ],
    accessOf: () => ANYBODY.access,
  }
}
