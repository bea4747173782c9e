import { IncomingMessage } from 'node:http'
import { finished, type Readable } from 'node:stream'
import { ApiError } from '../errors.ts'

/** Two of them are what an upload holds in memory: the one that came, and the one that is being written. */
const BATCH_BYTES = 1024 ** 2
/** What one `writev` takes; also a bound on chunks of a byte each. */
const BATCH_CHUNKS = 1024

/**
 * The bytes of an upload in batches; the next one comes while a batch is being dealt with. Those of a batch are gone when
 * the next one is asked for. The stream lives on when it is left early: it is the request that still wants an answer.
 * @throws ApiError when the client goes away half-way
 */
export async function* uploadBatches(body: Readable): AsyncGenerator<readonly Buffer[]> {
  let batch: Buffer[] = []
  let bytes = 0
  let outcome: { error?: unknown } | undefined
  let wake = () => {}
  const isReady = () => outcome !== undefined || bytes >= BATCH_BYTES || batch.length >= BATCH_CHUNKS
  const take = (chunk: Buffer) => {
    batch.push(chunk)
    bytes += chunk.length
    if (!isReady()) return
    body.pause()
    wake()
  }
  const forget = finished(body, { writable: false }, (error) => {
    outcome = { error }
    wake()
  })
  body.on('data', take)
  try {
    for (;;) {
      if (!isReady()) await new Promise<void>((resolve) => (wake = resolve))
      if (outcome?.error) throw brokenOff(outcome.error)
      if (batch.length === 0) return
      const full = batch
      batch = []
      bytes = 0
      body.resume()
      yield full
      if (body instanceof IncomingMessage) full.forEach(free)
    }
  } finally {
    forget()
    body.off('data', take).pause()
  }
}

/**
 * Gives back the memory of what came by a socket, which nobody else has, for what comes next: V8 would let some 100 MB
 * of it pile up first.
 */
function free({ buffer, byteLength }: Buffer): void {
  if (buffer instanceof ArrayBuffer && byteLength === buffer.byteLength) buffer.transfer(0)
}

function brokenOff(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  return new ApiError('BAD_REQUEST', 'The upload ended before all of it had come.', { cause: error })
}
