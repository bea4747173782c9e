/** Listing and reading objects. */
import { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { GetObjectCommand, type ListObjectsV2CommandOutput, paginateListObjectsV2 } from '@aws-sdk/client-s3'
import { ApiError } from '../errors.ts'
import { type Batch, batchesOf, bytesIn } from './batches.ts'
import type { ArtifactEntry, ArtifactFile } from './index.ts'
import { freeOriginals } from './response-memory.ts'
import { s3Fault } from './s3-fault.ts'
import { headObject } from './s3-head.ts'
import { folderPrefix, objectAt, type S3Place } from './s3-place.ts'

/** The entries right below a folder, of all pages. */
export async function listObjects(place: S3Place, path: string): Promise<ArtifactEntry[]> {
  const { client, bucket, owner } = place
  const prefix = folderPrefix(place, path)
  const entries: ArtifactEntry[] = []
  const query = { Bucket: bucket, Prefix: prefix, Delimiter: '/', ...owner }
  for await (const page of paginateListObjectsV2({ client }, query)) entries.push(...entriesOf(page, prefix))
  return entries.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))
}

function entriesOf(page: ListObjectsV2CommandOutput, prefix: string): ArtifactEntry[] {
  const folders = (page.CommonPrefixes ?? []).map(({ Prefix = '' }) => ({
    path: Prefix.slice(prefix.length, -1),
    isDirectory: true,
  }))
  // A key that ends with a slash is how consoles make an empty folder.
  const files = (page.Contents ?? []).map(({ Key = '', Size = 0 }) => ({
    path: Key.slice(prefix.length),
    isDirectory: false,
    sizeBytes: Size,
  }))
  return [...folders, ...files].filter(({ path }) => !['', '.', '..'].includes(path))
}

export async function getObject(place: S3Place, path: string): Promise<ArtifactFile> {
  const object = objectAt(place, path)
  const { ContentLength = 0, ETag = '', LastModified } = await headObject(place, path)
  return {
    sizeBytes: ContentLength,
    modifiedAt: LastModified ?? new Date(0),
    etag: ETag,
    read: ({ start, end } = { start: 0, end: ContentLength - 1 }) =>
      batchesAt(place, path, { ...object, IfMatch: ETag }, start, end),
  }
}

/** They are asked for after `getObject` has ended, so what fails then is nobody else's to put in words. */
async function* batchesAt(
  { client, bucket }: S3Place,
  path: string,
  object: { Bucket: string; Key: string; IfMatch: string },
  start: number,
  end: number,
): AsyncGenerator<Batch> {
  if (end < start) return
  let left = end + 1 - start
  let body: Readable | undefined
  try {
    const { Body } = await client.send(new GetObjectCommand({ ...object, Range: `bytes=${start}-${end}` }))
    if (!(Body instanceof Readable)) throw unavailable('S3 answered without a body.')
    body = Body
    if (body instanceof IncomingMessage) freeOriginals(body)
    for await (const batch of batchesOf(body)) {
      left -= bytesIn(batch)
      if (left < 0) break
      yield batch
    }
  } catch (error) {
    throw s3Fault(error, bucket, path)
  } finally {
    body?.destroy()
  }
  // The client has been told a length: it would wait for what is missing, or take the rest for the next answer.
  if (left !== 0) throw unavailable('S3 gave another length of the artifact than it had said; try again.')
}

function unavailable(message: string): ApiError {
  return new ApiError('TEMPORARILY_UNAVAILABLE', message)
}
