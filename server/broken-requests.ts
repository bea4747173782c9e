/** Answers to what never becomes a request: bad HTTP, tunnels, and bodies too large to read. */
import type { Server } from 'node:http'
import type { Duplex, Readable } from 'node:stream'
import { ApiError, type ErrorCode } from './errors.ts'

/** A body that is too large is read and dropped up to this, so that its sender gets to read the answer. */
const MOST_DROPPED_BYTES = 256 * 1024 * 1024

/** Answers HTTP that Node cannot parse; `error` is Node's. */
export function answerClientError(error: Error & { code?: string }, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    answerSlowClient(socket)
    return
  }
  const isTooLong = error.code === 'HPE_HEADER_OVERFLOW'
  const [status, message] = isTooLong
    ? ['431 Request Header Fields Too Large', 'The request line and headers are too long.']
    : ['400 Bad Request', 'This is not a valid HTTP request.']
  endWith(socket, status, 'BAD_REQUEST', message)
}

/** Ends a connection whose request does not come; the stock client tries again after a 408. */
export function answerSlowClient(socket: Duplex): void {
  endWith(socket, '408 Request Timeout', 'BAD_REQUEST', 'The request did not come in time.')
}

/** Nobody tunnels through this server. */
export function refuseTunnels(server: Server): void {
  server.on('connect', (_request, socket) => {
    endWith(socket, '405 Method Not Allowed', 'METHOD_NOT_ALLOWED', 'CONNECT is not allowed here')
  })
}

/**
 * Refuses a body by its declared length before any of it is kept.
 * @throws ApiError REQUEST_TOO_LARGE
 */
export async function checkBodyLength(
  body: Readable,
  length: string | undefined,
  limit: number,
): Promise<void> {
  if (length === undefined || Number(length) <= limit) return
  let dropped = 0
  for await (const chunk of body) {
    dropped += (chunk as Buffer).length
    if (dropped > MOST_DROPPED_BYTES) break
  }
  throw new ApiError('REQUEST_TOO_LARGE', `The request body has ${length} bytes; at most ${limit} are read.`)
}

function endWith(socket: Duplex, status: string, code: ErrorCode, message: string): void {
  const body = JSON.stringify({ error_code: code, message })
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  )
}
