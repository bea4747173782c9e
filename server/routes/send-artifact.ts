/** An artifact as an HTTP answer: always a download, never a page of this server's origin. */
import { posix } from 'node:path'
import { create as contentDisposition } from 'content-disposition'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { contentTypeOf } from '../artifacts/content-type.ts'
import type { ArtifactFile } from '../artifacts/index.ts'
import type { ArtifactPlace } from '../artifacts/location.ts'
import { parseRange } from './range.ts'
import { writing } from './write-batches.ts'

/** What an answer that is not the file must not say. */
const OF_THE_FILE = [
  'etag',
  'last-modified',
  'accept-ranges',
  'content-disposition',
  'content-range',
  'content-length',
]

export async function sendArtifact(
  { store, path }: ArtifactPlace,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const file = await store.get(path)
  reply.headers({
    etag: file.etag,
    'last-modified': file.modifiedAt.toUTCString(),
    'cache-control': 'no-cache',
    'content-security-policy': 'sandbox',
  })
  if (isNotModified(request, file)) return reply.status(304).send()

  reply.headers({
    'accept-ranges': 'bytes',
    'content-type': contentTypeOf(path),
    'content-disposition': contentDisposition(posix.basename(path)),
  })
  return sendBytes(file, request, reply)
}

function sendBytes(file: ArtifactFile, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const range = isRangeValid(request, file) ? parseRange(request.headers.range, file.sizeBytes) : undefined
  if (range === 'unsatisfiable') {
    return reply.status(416).header('content-range', `bytes */${file.sizeBytes}`).send()
  }
  const { start, end } = range ?? { start: 0, end: file.sizeBytes - 1 }
  if (range) reply.status(206).header('content-range', `bytes ${start}-${end}/${file.sizeBytes}`)
  reply.header('content-length', end + 1 - start)
  if (request.method === 'HEAD') return reply.send()
  const bytes = writing(file.read({ start, end }), reply.raw)
  bytes.once('error', () => {
    for (const name of OF_THE_FILE) reply.removeHeader(name)
  })
  return reply.send(bytes)
}

function isNotModified({ headers }: FastifyRequest, { etag, modifiedAt }: ArtifactFile): boolean {
  const known = headers['if-none-match']
  if (known !== undefined) {
    return known.trim() === '*' || known.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag)
  }
  const since = Date.parse(headers['if-modified-since'] ?? '')
  return !Number.isNaN(since) && inSeconds(modifiedAt) <= inSeconds(new Date(since))
}

/** A range of another version than the one here must not be answered with a part. */
function isRangeValid({ headers }: FastifyRequest, { etag, modifiedAt }: ArtifactFile): boolean {
  const condition = headers['if-range']
  if (condition === undefined) return true
  return condition === etag || inSeconds(new Date(String(condition))) === inSeconds(modifiedAt)
}

/** HTTP dates have no fractions. */
function inSeconds(date: Date): number {
  return Math.floor(date.getTime() / 1000)
}
