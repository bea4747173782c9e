/** Closes connections on which nothing moves. */
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

/**
 * But none whose client waits for the first byte of our answer: S3 may take minutes to put a large upload together, and
 * what we wait for ourselves has limits of its own. A client that does not read is closed: its answer has begun.
 */
export function closeSilentConnections({ server }: FastifyInstance): void {
  const answers = new WeakMap<Socket, ServerResponse>()
  server.on('request', ({ socket }, answer) => answers.set(socket, answer))
  server.on('timeout', (socket) => {
    const answer = answers.get(socket)
    if (answer === undefined || answer.headersSent) socket.destroy()
  })
}
