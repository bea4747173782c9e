/** The end of an upload in parts, which makes its object. */
import { createHash } from 'node:crypto'
import { type CompletedPart, CompleteMultipartUploadCommand, NoSuchUpload } from '@aws-sdk/client-s3'
import { LONGEST_SILENCE_SECONDS } from '../config-settings.ts'
import { headObject } from './s3-head.ts'
import { objectAt, type S3Place } from './s3-place.ts'

/**
 * May be asked for again, as the SDK does when S3's answer is lost.
 * @throws NoSuchUpload when there is no such upload, and the object is not what it would have made
 */
export async function completeParts(
  place: S3Place,
  path: string,
  UploadId: string | undefined,
  Parts: CompletedPart[],
): Promise<void> {
  const upload = { ...objectAt(place, path), UploadId, MultipartUpload: { Parts } }
  try {
    await place.client.send(new CompleteMultipartUploadCommand(upload), {
      requestTimeout: LONGEST_SILENCE_SECONDS * 1000,
    })
  } catch (error) {
    if (!(error instanceof NoSuchUpload)) throw error
    const there = await headObject(place, path).catch(() => undefined)
    if (there?.ETag !== etagOf(Parts)) throw error
  }
}

/** What S3 makes of the tags of the parts, unless it encrypts with a key of KMS. */
function etagOf(parts: readonly CompletedPart[]): string {
  const hash = createHash('md5')
  for (const { ETag = '' } of parts) hash.update(ETag.replaceAll('"', ''), 'hex')
  return `"${hash.digest('hex')}-${parts.length}"`
}
