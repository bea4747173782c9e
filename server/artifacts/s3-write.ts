/** Uploads to S3: one request for a small file, parts of bounded size for any other. */
import type { Readable } from 'node:stream'
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { newObject, type S3Place } from './s3-place.ts'
import { uploadBytes } from './upload-bytes.ts'

const MIB = 1024 ** 2
/** S3 takes 10,000 parts: 16 GB in parts of 8 MiB, then larger ones, some 380 GB in all. */
const PART_BYTES = 8 * MIB
const PARTS_OF_ONE_SIZE = 2_000
const MOST_DOUBLINGS = 3
/** What one upload holds in memory is these parts and the one that is being filled. */
const PARTS_IN_FLIGHT = 2
/** Some stores copy all parts into one file before they answer. */
export const COMPLETE_WITHIN_MS = 600_000

/** The object is there when all of `body` has come, and not before; nothing is left of an upload that fails. */
export async function putObject(place: S3Place, path: string, body: Readable): Promise<void> {
  const parts = partsOf(uploadBytes(body))
  const { value: first = Buffer.alloc(0) } = await parts.next()
  if (first.length < PART_BYTES) {
    await place.client.send(new PutObjectCommand({ ...newObject(place, path), Body: first }))
  } else {
    await putParts(place, path, first, parts)
  }
}

/** Parts in the order they came; each but the last has its full size. */
async function* partsOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, undefined> {
  let held: Buffer[] = []
  let bytes = 0
  let number = 1
  for await (const chunk of chunks) {
    held.push(chunk)
    bytes += chunk.length
    for (let size = partBytes(number); bytes >= size; size = partBytes(++number)) {
      const all = Buffer.concat(held, bytes)
      yield all.subarray(0, size)
      held = [all.subarray(size)]
      bytes -= size
    }
  }
  if (bytes > 0) yield Buffer.concat(held, bytes)
}

function partBytes(number: number): number {
  return PART_BYTES * 2 ** Math.min(MOST_DOUBLINGS, Math.floor((number - 1) / PARTS_OF_ONE_SIZE))
}

async function putParts(
  place: S3Place,
  path: string,
  first: Buffer,
  rest: AsyncIterable<Buffer>,
): Promise<void> {
  const { client } = place
  const { Bucket, Key, UploadId } = await client.send(
    new CreateMultipartUploadCommand(newObject(place, path)),
  )
  const upload = { Bucket, Key, ...place.owner, UploadId }
  const sent: Promise<CompletedPart>[] = []
  const sendPart = (Body: Buffer) => {
    const PartNumber = sent.length + 1
    const part = client
      .send(new UploadPartCommand({ ...upload, PartNumber, Body }))
      .then(({ ETag }) => ({ PartNumber, ETag }))
    // Looked at only after the next parts have come from the client.
    part.catch(() => undefined)
    sent.push(part)
  }
  try {
    sendPart(first)
    for await (const bytes of rest) {
      sendPart(bytes)
      await sent.at(-PARTS_IN_FLIGHT)
    }
    const Parts = await Promise.all(sent)
    await client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }), {
      requestTimeout: COMPLETE_WITHIN_MS,
    })
  } catch (error) {
    // A part that arrives after the end of its upload would stay.
    await Promise.allSettled(sent)
    await client.send(new AbortMultipartUploadCommand(upload)).catch(() => undefined)
    throw error
  }
}
