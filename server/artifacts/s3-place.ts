/** A bucket and a prefix in it, and the only place where an artifact's path becomes a key. */
import type { S3Client } from '@aws-sdk/client-s3'
import { lookup } from 'mime-types'
import type { S3UploadArguments } from '../config-values.ts'
import { joinSafe } from './safe-path.ts'

export interface S3Place {
  readonly client: S3Client
  readonly bucket: string
  /** What every key begins with: '' or names with `/` between them, without slashes at the ends. */
  readonly prefix: string
  /** Goes with every request where the operator says whose the bucket is. */
  readonly owner: { readonly ExpectedBucketOwner?: string }
  /** What every new object gets. */
  readonly uploadArguments: S3UploadArguments
  /** Object Lock takes no upload without a checksum; that its signature covers the body is not enough. */
  readonly wantsChecksums: boolean
}

/** @throws for a URI without a bucket */
export function parseS3Uri(uri: string): Pick<S3Place, 'bucket' | 'prefix'> {
  const [, bucket, path = ''] = /^s3:\/\/([^/]+)(?:\/(.*))?$/i.exec(uri) ?? []
  if (bucket === undefined) throw new Error(`${uri} names no bucket`)
  return { bucket, prefix: path.split('/').filter(Boolean).join('/') }
}

/** The object of a file; `path` is from `safePath`, so its key cannot leave the prefix. */
export function objectAt({ bucket, prefix, owner }: S3Place, path: string) {
  return { Bucket: bucket, Key: joinSafe(prefix, path), ...owner }
}

/** An object that is about to be written, with the type that MLflow gives it. */
export function newObject(place: S3Place, path: string) {
  return { ...objectAt(place, path), ContentType: contentTypeOf(path), ...place.uploadArguments }
}

/** What the keys of all in a folder begin with. */
export function folderPrefix(place: S3Place, path: string): string {
  const { Key } = objectAt(place, path)
  return Key === '' ? '' : `${Key}/`
}

function contentTypeOf(path: string): string {
  return lookup(path) || 'application/octet-stream'
}
