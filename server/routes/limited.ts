import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { invalidParameter } from '../errors.ts'

/**
 * The body of a small upload as a stream that fails when it is too large.
 * @throws ApiError in MLflow's words for a body that is empty, or too large by its own account
 */
export async function limited(body: IncomingMessage, mostBytes: number): Promise<Readable> {
  const length = body.headers['content-length']
  if (length !== undefined && Number(length) > mostBytes) throw tooLarge(mostBytes)
  const chunks = body.iterator({ destroyOnReturn: false })
  const first = await chunks.next()
  if (first.done) throw invalidParameter('Request must specify data.')
  return Readable.from(counted(first.value, chunks, mostBytes), { objectMode: false })
}

async function* counted(
  first: Buffer,
  rest: AsyncIterable<Buffer>,
  mostBytes: number,
): AsyncGenerator<Buffer> {
  let bytes = first.length
  if (bytes > mostBytes) throw tooLarge(mostBytes)
  yield first
  for await (const chunk of rest) {
    bytes += chunk.length
    if (bytes > mostBytes) throw tooLarge(mostBytes)
    yield chunk
  }
}

function tooLarge(mostBytes: number): Error {
  return invalidParameter(`Artifact size is too large. Max size is ${mostBytes / 1024 ** 2}MB.`)
}
