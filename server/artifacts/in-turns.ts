import { setImmediate as nextTurn } from 'node:timers/promises'

/** A few milliseconds of work on each. */
const TURN_BYTES = 256 * 1024

/** The chunks as they come, with a turn for other requests in between: fast peers would take every turn. */
export async function* inTurns(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let bytes = 0
  for await (const chunk of chunks) {
    yield chunk
    bytes += chunk.length
    if (bytes < TURN_BYTES) continue
    bytes = 0
    await nextTurn()
  }
}
