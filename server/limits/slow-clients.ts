/** Closes the connections of clients that send a request too slowly to be waited for. */
import type { IncomingMessage, ServerOptions, ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { answerSlowClient } from '../broken-requests.ts'
import type { Config } from '../config.ts'

type Patience = Pick<Config, 'slowClientSeconds'>

/** With 20 seconds, 500 bytes a second: less than any line has that carries a model. */
const LEAST_BYTES = 10_000
const MOST_BETWEEN_LOOKS_MS = 5_000

/** How long Node waits for the headers of a request, and how often it looks. */
export function headerTimeouts({ slowClientSeconds }: Patience): ServerOptions {
  const headersTimeout = slowClientSeconds * 1000
  return { headersTimeout, connectionsCheckingInterval: betweenLooks(headersTimeout) }
}

/** Bodies may take any time, as long as enough of them comes. */
export function closeSlowClients(app: FastifyInstance, { slowClientSeconds }: Patience): void {
  const patienceMs = slowClientSeconds * 1000
  const underWay = new Map<IncomingMessage, Progress>()
  app.server.on('request', (body, answer) => {
    underWay.set(body, progressOf(body, answer))
    body.once('close', () => underWay.delete(body))
  })
  const timer = setInterval(() => {
    for (const [body, progress] of underWay) {
      if (body.complete || hasMoved(body, progress)) underWay.set(body, progressOf(body, progress.answer))
      else if (performance.now() - progress.atMs >= patienceMs) close(body, progress.answer)
    }
  }, betweenLooks(patienceMs)).unref()
  app.addHook('onClose', async () => clearInterval(timer))
}

interface Progress {
  readonly answer: ServerResponse
  readonly bytes: number
  readonly atMs: number
}

function progressOf({ socket }: IncomingMessage, answer: ServerResponse): Progress {
  return { answer, bytes: socket.bytesRead, atMs: performance.now() }
}

/** What waits here to be read is not the client's fault: a disk or a store may be the slow one. */
function hasMoved({ socket, readableLength }: IncomingMessage, { bytes }: Progress): boolean {
  return readableLength > 0 || socket.bytesRead - bytes >= LEAST_BYTES
}

function close({ socket }: IncomingMessage, answer: ServerResponse): void {
  if (!answer.headersSent) answerSlowClient(socket)
  socket.destroySoon()
}

function betweenLooks(patienceMs: number): number {
  return Math.min(patienceMs / 4, MOST_BETWEEN_LOOKS_MS)
}
