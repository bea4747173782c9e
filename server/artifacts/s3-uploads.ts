/** Uploads in parts that were begun and not ended: invisible, and paid for. */
import {
  AbortMultipartUploadCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
} from '@aws-sdk/client-s3'
import type { IncompleteUpload } from './index.ts'
import { s3Fault } from './s3-fault.ts'
import { folderPrefix, type S3Place } from './s3-place.ts'

/** Those of all pages, below the place. */
export async function listUploads(place: S3Place): Promise<IncompleteUpload[]> {
  const { client, bucket, owner } = place
  const prefix = folderPrefix(place, '')
  const found: IncompleteUpload[] = []
  let after: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {}
  for (let isLast = false; !isLast; ) {
    const query = new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix, ...owner, ...after })
    const page: ListMultipartUploadsCommandOutput = await client.send(query)
    for (const { Key = '', UploadId, Initiated = new Date() } of page.Uploads ?? []) {
      const upload = { Bucket: bucket, Key, UploadId, ...owner }
      found.push({ path: Key.slice(prefix.length), begunAt: Initiated, abort: () => abort(place, upload) })
    }
    after = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
    isLast = !page.IsTruncated
  }
  return found
}

async function abort(
  { client }: S3Place,
  upload: { Bucket: string; Key: string; UploadId: string | undefined },
): Promise<void> {
  try {
    await client.send(new AbortMultipartUploadCommand(upload))
  } catch (error) {
    // Its client has ended it meanwhile.
    if (error instanceof Error && error.name === 'NoSuchUpload') return
    throw s3Fault(error, upload.Bucket, upload.Key)
  }
}
