/** Artifacts as objects of an S3 bucket, under the keys that MLflow gives them. */
import { ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3'
import type { ArtifactStore } from './index.ts'
import type { S3Settings } from './s3-client.ts'
import { deleteObjects } from './s3-delete.ts'
import { abortUpload, completeUpload, createUpload, downloadUrl, uploadUrl } from './s3-direct.ts'
import { s3Fault } from './s3-fault.ts'
import { folderPrefix, parseS3Uri, type S3Place } from './s3-place.ts'
import { getObject, listObjects } from './s3-read.ts'
import { listUploads } from './s3-uploads.ts'
import { putObject } from './s3-write.ts'

/** The store on a bucket or a prefix in it; whether it can be used is not looked at. */
export function s3ArtifactStore(uri: string, client: S3Client, settings: S3Settings): ArtifactStore {
  const { s3ExpectedBucketOwner: account, s3UploadArguments: uploadArguments, s3ObjectLock } = settings
  const place: S3Place = {
    client,
    ...parseS3Uri(uri),
    owner: account ? { ExpectedBucketOwner: account } : {},
    uploadArguments,
    wantsChecksums: s3ObjectLock,
  }
  const told = async <T>(path: string, work: Promise<T>): Promise<T> => {
    try {
      return await work
    } catch (error) {
      throw s3Fault(error, place.bucket, path)
    }
  }
  return {
    uri,
    list: (path) => told(path, listObjects(place, path)),
    get: (path) => told(path, getObject(place, path)),
    put: (path, body) => told(path, putObject(place, path, body)),
    delete: (path) => told(path, deleteObjects(place, path)),
    check: () => told('', check(place)),
    direct: {
      createUpload: (path, parts) => told(path, createUpload(place, path, parts)),
      completeUpload: (path, id, parts) => told(path, completeUpload(place, path, id, parts)),
      abortUpload: (path, id) => told(path, abortUpload(place, path, id)),
      incompleteUploads: () => told('', listUploads(place)),
      uploadUrl: (path, seconds) => told(path, uploadUrl(place, path, seconds)),
      downloadUrl: (path, seconds) => told(path, downloadUrl(place, path, seconds)),
    },
  }
}

async function check(place: S3Place): Promise<void> {
  const { client, bucket, owner } = place
  const query = { Bucket: bucket, Prefix: folderPrefix(place, ''), MaxKeys: 1, ...owner }
  await client.send(new ListObjectsV2Command(query))
}
