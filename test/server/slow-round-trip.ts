import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { digestOf } from '../../server/operations/verify.ts'

const BYTES = 30 * 1024 ** 2 + 1

/** The digests of what goes up over a socket and of what comes down to a client that lets it wait. */
export async function slowRoundTrip(app: FastifyInstance, path: string): Promise<[string, string]> {
  const url = `${await app.listen({ port: 0, host: '127.0.0.1' })}${path}`
  const sent = randomBytes(BYTES)
  await fetch(url, { method: 'PUT', body: sent })
  const [answer] = (await once(get(url, { agent: false }), 'response')) as [IncomingMessage]
  await delay(200)
  const [up, down] = await Promise.all([digestOf([sent]), digestOf(answer)])
  return [up.sha256, down.sha256]
}
