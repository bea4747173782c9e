import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { FastifyInstance } from 'fastify'

export interface RawAnswer {
  readonly status: number
  readonly body: string
}

export type RawSend = (method: string, path: string, body?: string | Buffer) => Promise<RawAnswer>

/** The port of a socket that `app` listens on from now on. */
export async function listen(app: FastifyInstance): Promise<number> {
  await app.listen({ host: '127.0.0.1', port: 0 })
  return (app.server.address() as AddressInfo).port
}

/** Sends requests over a socket with the path exactly as given: most clients resolve `..` before they send. */
export async function rawSender(app: FastifyInstance): Promise<RawSend> {
  const port = await listen(app)
  return (method, path, body) =>
    new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, method, path, agent: false }, (response) => {
        text(response).then((answer) => resolve({ status: response.statusCode ?? 0, body: answer }), reject)
      })
      sent.on('error', reject)
      sent.end(body)
    })
}
