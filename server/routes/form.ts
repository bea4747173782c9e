import type { FastifyRequest } from 'fastify'
import { ApiError } from '../errors.ts'

const MOST_BYTES = 100_000

/** The whole body of a form. @throws ApiError REQUEST_TOO_LARGE */
export async function takeText({ raw }: FastifyRequest): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of raw as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MOST_BYTES) throw new ApiError('REQUEST_TOO_LARGE', 'The form is too large.')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
