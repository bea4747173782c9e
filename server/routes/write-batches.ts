import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { Batch } from '../artifacts/batches.ts'

/**
 * A stream that gives nothing, and ends when all batches have been written to the answer beside it: only what writes
 * them knows when their memory may be used for the next ones.
 */
export function writing(batches: AsyncIterable<Batch>, answer: ServerResponse): Readable {
  return new Readable({
    read() {
      writeAll(batches, answer).then(
        () => this.push(null),
        (error) => this.destroy(error),
      )
    },
  })
}

async function writeAll(batches: AsyncIterable<Batch>, answer: ServerResponse): Promise<void> {
  for await (const batch of batches) {
    await write(batch, answer)
    if (answer.destroyed) return
  }
}

/** Ends when nobody needs the batch any more: the system has it all, or the client has gone. */
function write(batch: Batch, answer: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      answer.off('close', end)
      resolve()
    }
    answer.once('close', end)
    answer.cork()
    for (const chunk of batch.slice(0, -1)) answer.write(chunk)
    answer.write(batch.at(-1), end)
    answer.uncork()
  })
}
