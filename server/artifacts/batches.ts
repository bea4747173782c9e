import { IncomingMessage } from 'node:http'
import { finished, type Readable } from 'node:stream'

/** Bytes on their way, in a few buffers. Their memory is used for others once the next batch is asked for. */
export type Batch = readonly Buffer[]

/** A stream holds two of them in memory: the one that came, and the one that is being dealt with. */
const BATCH_BYTES = 1024 ** 2
/** What one `writev` takes; also a bound on chunks of a byte each. */
const BATCH_CHUNKS = 1024

/**
 * The bytes of a stream; the next batch comes while one is being dealt with. The stream lives on when it is left early:
 * a request still wants an answer.
 */
export async function* batchesOf(stream: Readable): AsyncGenerator<Batch> {
  let batch: Buffer[] = []
  let bytes = 0
  let outcome: { error?: unknown } | undefined
  let wake = () => {}
  const isReady = () => outcome !== undefined || bytes >= BATCH_BYTES || batch.length >= BATCH_CHUNKS
  const take = (chunk: Buffer) => {
    batch.push(chunk)
    bytes += chunk.length
    if (!isReady()) return
    stream.pause()
    wake()
  }
  const forget = finished(stream, { writable: false }, (error) => {
    outcome = { error }
    wake()
  })
  stream.on('data', take)
  try {
    for (;;) {
      if (!isReady()) await new Promise<void>((resolve) => (wake = resolve))
      if (outcome?.error) throw outcome.error
      if (batch.length === 0) return
      const full = batch
      batch = []
      bytes = 0
      stream.resume()
      yield full
      // What came by a socket is nobody else's.
      if (stream instanceof IncomingMessage) full.forEach(free)
    }
  } finally {
    forget()
    stream.off('data', take).pause()
  }
}

export function bytesIn(batch: Batch): number {
  return batch.reduce((sum, { length }) => sum + length, 0)
}

export async function* chunksOf(batches: AsyncIterable<Batch>): AsyncGenerator<Buffer> {
  for await (const batch of batches) yield* batch
}

/** All of them in one buffer: of what is known to be small. */
export async function wholeOf(batches: AsyncIterable<Batch>): Promise<Buffer> {
  const copies: Buffer[] = []
  for await (const batch of batches) copies.push(Buffer.concat(batch))
  return Buffer.concat(copies)
}

/**
 * Gives back at once the memory of a buffer that nobody else has, and that has all of its memory: V8 would let some
 * 100 MB of it pile up before it looks.
 */
function free({ buffer, byteLength }: Buffer): void {
  if (buffer instanceof ArrayBuffer && byteLength === buffer.byteLength) buffer.transfer(0)
}
