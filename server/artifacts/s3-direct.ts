/** URLs that let a client send an object to S3, or take it from there, itself. Each is good for one object. */
import { posix } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { create as contentDisposition } from 'content-disposition'
import type { UploadedPart } from './index.ts'
import { completeParts } from './s3-complete.ts'
import { headObject } from './s3-head.ts'
import { newObject, objectAt, type S3Place } from './s3-place.ts'

/** All parts of an upload are signed at its beginning, as MLflow does; this is its time for all of them. */
const PART_SECONDS = 3_600
/** Signing keeps the process busy, a millisecond for each at worst. */
const SIGNED_AT_A_TIME = 20

/** What a client must send with a signed upload, since it is part of the signature. */
const HEADERS = {
  CacheControl: 'Cache-Control',
  ContentDisposition: 'Content-Disposition',
  ContentLanguage: 'Content-Language',
  ContentType: 'Content-Type',
  ServerSideEncryption: 'x-amz-server-side-encryption',
  SSEKMSKeyId: 'x-amz-server-side-encryption-aws-kms-key-id',
  SSEKMSEncryptionContext: 'x-amz-server-side-encryption-context',
  BucketKeyEnabled: 'x-amz-server-side-encryption-bucket-key-enabled',
} as const

export async function createUpload(place: S3Place, path: string, parts: number) {
  const { client } = place
  const { UploadId = '' } = await client.send(new CreateMultipartUploadCommand(newObject(place, path)))
  const upload = { ...objectAt(place, path), UploadId }
  const urls: string[] = []
  while (urls.length < parts) {
    if (urls.length % SIGNED_AT_A_TIME === 0) await nextTurn()
    const part = new UploadPartCommand({ ...upload, PartNumber: urls.length + 1 })
    urls.push(await getSignedUrl(client, part, { expiresIn: PART_SECONDS }))
  }
  return { uploadId: UploadId, urls }
}

export async function completeUpload(
  place: S3Place,
  path: string,
  uploadId: string,
  parts: readonly UploadedPart[],
): Promise<void> {
  const Parts = parts.map(({ number, etag }) => ({ PartNumber: number, ETag: etag }))
  await completeParts(place, path, uploadId, Parts)
}

export async function abortUpload(place: S3Place, path: string, uploadId: string): Promise<void> {
  const upload = { ...objectAt(place, path), UploadId: uploadId }
  await place.client.send(new AbortMultipartUploadCommand(upload))
}

export async function uploadUrl(place: S3Place, path: string, seconds: number) {
  const object = newObject(place, path)
  const url = await getSignedUrl(place.client, new PutObjectCommand(object), {
    expiresIn: seconds,
    signableHeaders: new Set(['content-type']),
  })
  const headers = Object.entries(HEADERS).flatMap(([name, header]) => {
    const value = object[name as keyof typeof HEADERS]
    return value === undefined ? [] : [[header, String(value)]]
  })
  return { url, headers: Object.fromEntries(headers) as Record<string, string> }
}

export async function downloadUrl(place: S3Place, path: string, seconds: number) {
  const object = objectAt(place, path)
  const { ContentLength: sizeBytes = 0 } = await headObject(place, path)
  // S3 would have a browser show a page; a name it does not get from anywhere else.
  const ResponseContentDisposition = contentDisposition(posix.basename(path))
  const url = await getSignedUrl(
    place.client,
    new GetObjectCommand({ ...object, ResponseContentDisposition }),
    {
      expiresIn: seconds,
    },
  )
  return { url, sizeBytes }
}
