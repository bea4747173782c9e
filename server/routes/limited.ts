/** Uploads of bounded size, as streams that fail when they pass it. */
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { Config } from '../config.ts'
import { ApiError, invalidParameter } from '../errors.ts'

interface Limit {
  readonly mostBytes: number
  tooLarge(): ApiError
}

/**
 * The body of any upload.
 * @throws ApiError REQUEST_TOO_LARGE for one that is larger by its own account than the operator allows
 */
export function withinQuota(
  body: IncomingMessage,
  { maxUploadBytes }: Pick<Config, 'maxUploadBytes'>,
): Readable {
  if (maxUploadBytes === 0) return body
  const limit = quota(maxUploadBytes)
  checkLength(body, limit)
  // HTTP lets no more come than was said.
  if (body.headers['content-length'] !== undefined) return body
  return streamOf(counted(body.iterator({ destroyOnReturn: false }), limit))
}

function quota(mostBytes: number): Limit {
  return {
    mostBytes,
    tooLarge: () =>
      new ApiError(
        'REQUEST_TOO_LARGE',
        `An artifact may have ${mostBytes} bytes at most on this server (TRACKYARD_MAX_UPLOAD_BYTES).`,
      ),
  }
}

/**
 * The body of a small upload, which the operator may want smaller still.
 * @throws ApiError in MLflow's words for a body that is empty, or too large by its own account
 */
export async function limited(
  body: IncomingMessage,
  mostBytes: number,
  { maxUploadBytes }: Pick<Config, 'maxUploadBytes'>,
): Promise<Readable> {
  const limit = maxUploadBytes > 0 && maxUploadBytes < mostBytes ? quota(maxUploadBytes) : uiLimit(mostBytes)
  checkLength(body, limit)
  const chunks = body.iterator({ destroyOnReturn: false })
  const first = await chunks.next()
  if (first.done) throw invalidParameter('Request must specify data.')
  return streamOf(counted(startingWith(first.value, chunks), limit))
}

function uiLimit(mostBytes: number): Limit {
  const message = `Artifact size is too large. Max size is ${mostBytes / 1024 ** 2}MB.`
  return { mostBytes, tooLarge: () => invalidParameter(message) }
}

function checkLength({ headers }: IncomingMessage, { mostBytes, tooLarge }: Limit): void {
  const length = headers['content-length']
  if (length !== undefined && Number(length) > mostBytes) throw tooLarge()
}

async function* startingWith(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield first
  yield* rest
}

async function* counted(
  chunks: AsyncIterable<Buffer>,
  { mostBytes, tooLarge }: Limit,
): AsyncGenerator<Buffer> {
  let bytes = 0
  for await (const chunk of chunks) {
    bytes += chunk.length
    if (bytes > mostBytes) throw tooLarge()
    yield chunk
  }
}

function streamOf(chunks: AsyncIterable<Buffer>): Readable {
  return Readable.from(chunks, { objectMode: false })
}
