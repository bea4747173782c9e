import type { IncomingMessage } from 'node:http'

/**
 * Gives back the memory in which the body of an answer came: Node's HTTP client copies the body out of it. Sockets give
 * pieces of one memory in a row, those of TLS four; all have been copied when a piece of another one comes. V8 would
 * let some 64 MB of them pile up, and search the whole heap then.
 */
export function freeOriginals(answer: IncomingMessage): void {
  const { socket } = answer
  let last: ArrayBufferLike | undefined
  // Comes after the client's own listener, which has given the head of this answer already.
  const take = ({ buffer }: Buffer) => {
    if (buffer === last) return
    if (last instanceof ArrayBuffer) last.transfer(0)
    last = buffer
  }
  socket.on('data', take)
  answer.once('end', () => socket.off('data', take))
}
