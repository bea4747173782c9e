/** Uploads to S3: one request for a small file, parts of bounded size for any other. */
import type { Readable } from 'node:stream'
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CreateMultipartUploadCommand,
  NoSuchUpload,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { ApiError } from '../errors.ts'
import { completeParts } from './s3-complete.ts'
import { hasRoomFor, onTheWay, PART_BYTES, uploading } from './s3-part-memory.ts'
import { checksumOf, checksumsOf, NO_BYTES, type Part, partsOf, withHash } from './s3-parts.ts'
import { newObject, type S3Place } from './s3-place.ts'
import { uploadBatches } from './upload-batches.ts'

/** The object is there when all of `body` has come, and not before; nothing is left of an upload that fails. */
export async function putObject(place: S3Place, path: string, body: Readable): Promise<void> {
  const parts = partsOf(uploadBatches(body))
  const { value: first = NO_BYTES } = await parts.next()
  if (first.bytes.length < PART_BYTES) await putWhole(place, path, first)
  else await uploading(putParts(place, path, first, parts))
}

async function putWhole(place: S3Place, path: string, all: Part): Promise<void> {
  const object = { ...newObject(place, path), ...checksumOf(all, place) }
  // The SDK takes an empty buffer for a body of unknown length.
  const Body = all.bytes.length === 0 ? '' : all.bytes
  const put = new PutObjectCommand({ ...object, Body, ContentLength: all.bytes.length })
  put.middlewareStack.add(withHash(all), { step: 'build' })
  await place.client.send(put)
}

async function putParts(place: S3Place, path: string, first: Part, rest: AsyncIterable<Part>): Promise<void> {
  const { client } = place
  const object = { ...newObject(place, path), ...checksumsOf(place) }
  const { Bucket, Key, UploadId } = await client.send(new CreateMultipartUploadCommand(object))
  const upload = { Bucket, Key, ...place.owner, UploadId }
  const sent: Promise<CompletedPart>[] = []
  const inFlight = new Set<Promise<unknown>>()
  let failure: unknown
  const sendPart = (one: Part) => {
    const PartNumber = sent.length + 1
    const checksum = checksumOf(one, place)
    const command = new UploadPartCommand({ ...upload, PartNumber, ...checksum, Body: one.bytes })
    command.middlewareStack.add(withHash(one), { step: 'build' })
    const part = onTheWay(one.bytes, client.send(command))
      .then(({ ETag }) => ({ PartNumber, ETag, ...checksum }))
      .finally(() => inFlight.delete(part))
    part.catch((error) => (failure ??= error))
    inFlight.add(part)
    sent.push(part)
  }
  try {
    sendPart(first)
    for await (const part of rest) {
      while (inFlight.size > 0 && !hasRoomFor(part.bytes)) await Promise.race(inFlight)
      if (failure) throw failure
      sendPart(part)
    }
    await completeParts(place, path, UploadId, await Promise.all(sent))
  } catch (error) {
    // A part that arrives after the end of its upload would stay.
    await Promise.allSettled(sent)
    await client.send(new AbortMultipartUploadCommand(upload)).catch(() => undefined)
    throw error instanceof NoSuchUpload ? lost(path, error) : error
  }
}

function lost(path: string, cause: Error): ApiError {
  const message = `S3 no longer knows the upload of '${path}'; try again.`
  return new ApiError('TEMPORARILY_UNAVAILABLE', message, { cause })
}
