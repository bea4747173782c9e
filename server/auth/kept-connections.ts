/** Who sent the last request on a connection: clients send one credential with thousands of requests. */
import type { FastifyRequest } from 'fastify'
import { holdsToken } from '../operations/token-text.ts'
import { PERSON_HEADER } from './load-balancer-sign-in.ts'
import type { Identity } from './sign-in.ts'

interface Kept {
  readonly identity: Identity
  readonly authorization: string | undefined
  /** A proxy has one connection for many clients, and each network is to be known. */
  readonly forwardedFor: string | string[] | undefined
}

export class KeptConnections {
  readonly #kept = new WeakMap<object, Kept>()

  /** Whom the connection's last credential named, where it is sent again and known to be good still. */
  find(request: FastifyRequest): Identity | undefined {
    const kept = this.#kept.get(request.socket)
    if (!kept) return undefined
    const { headers } = request
    const isSame =
      headers.authorization === kept.authorization && headers['x-forwarded-for'] === kept.forwardedFor
    return isSame && isAlone(request) && kept.identity.isStillGood?.() ? kept.identity : undefined
  }

  keep(request: FastifyRequest, identity: Identity): void {
    if (!identity.isStillGood || !isAlone(request)) return
    const { authorization, 'x-forwarded-for': forwardedFor } = request.headers
    this.#kept.set(request.socket, { identity, authorization, forwardedFor })
  }

  forget(request: FastifyRequest): void {
    this.#kept.delete(request.socket)
  }
}

/** Whether its `Authorization` is the one credential of a request. */
function isAlone({ headers, url }: FastifyRequest): boolean {
  return headers.cookie === undefined && headers[PERSON_HEADER] === undefined && !holdsToken(url)
}
