/** What the servers may do with artifacts: each action is here because a call of theirs needs it. */

export interface Permissions {
  /** Calls to S3 that the feature makes, or signs for a client to make. */
  readonly calls: readonly string[]
  /** Actions on the bucket. */
  readonly bucket?: readonly string[]
  /** Actions on the bucket that S3 cannot narrow to a prefix. */
  readonly wholeBucket?: readonly string[]
  /** Actions on the objects below the prefix. */
  readonly objects?: readonly string[]
  /** Actions on the key of the bucket, through S3 only. */
  readonly key?: readonly string[]
}

/** Who may not list all is told 403 of a file that is not there, instead of 404: a listing of its key says it. */
const READ = {
  calls: ['HeadObjectCommand', 'ListObjectsV2Command', 'GetObjectCommand'],
  bucket: ['s3:ListBucket'],
  objects: ['s3:GetObject'],
  key: ['kms:Decrypt'],
} as const

const WRITE = {
  calls: ['PutObjectCommand'],
  objects: ['s3:PutObject'],
  key: ['kms:GenerateDataKey'],
} as const

/** S3 decrypts the parts when it joins them. */
const WRITE_IN_PARTS = {
  calls: [
    'CreateMultipartUploadCommand',
    'UploadPartCommand',
    'CompleteMultipartUploadCommand',
    'AbortMultipartUploadCommand',
  ],
  objects: ['s3:PutObject', 's3:AbortMultipartUpload'],
  key: ['kms:GenerateDataKey', 'kms:Decrypt'],
} as const

/** No feature looks at old versions, and none removes one: that is for the lifecycle rules of the bucket to do. */
export const ARTIFACT_PERMISSIONS = {
  /** At the start of a server, and in `/readyz`. */
  check: { calls: ['ListObjectsV2Command'], bucket: ['s3:ListBucket'] },
  list: { calls: ['paginateListObjectsV2'], bucket: ['s3:ListBucket'] },
  read: READ,
  write: WRITE,
  writeInParts: WRITE_IN_PARTS,
  /** Of one artifact, and of what `trackyard gc` collects. */
  remove: {
    calls: ['paginateListObjectsV2', 'DeleteObjectsCommand', 'DeleteObjectCommand'],
    bucket: ['s3:ListBucket'],
    objects: ['s3:DeleteObject'],
  },
  /** Those that nobody ends, by `trackyard gc`. */
  endUploads: {
    calls: ['ListMultipartUploadsCommand', 'AbortMultipartUploadCommand'],
    wholeBucket: ['s3:ListBucketMultipartUploads'],
    objects: ['s3:AbortMultipartUpload'],
  },
  // A URL that a client is given allows what whoever signed it may do.
  downloadByUrl: READ,
  uploadByUrl: WRITE,
  uploadPartsByUrl: WRITE_IN_PARTS,
} as const satisfies Record<string, Permissions>

export type ArtifactFeature = keyof typeof ARTIFACT_PERMISSIONS

export const ARTIFACT_FEATURES = Object.keys(ARTIFACT_PERMISSIONS) as readonly ArtifactFeature[]

/** What `trackyard verify` does: it lists and reads. */
export const READING_FEATURES: readonly ArtifactFeature[] = ['check', 'list', 'read']

/** All actions of the features on a kind of resource, each once. */
export function actionsOf(
  features: readonly ArtifactFeature[],
  on: Exclude<keyof Permissions, 'calls'>,
): string[] {
  const permissions: readonly Permissions[] = features.map((feature) => ARTIFACT_PERMISSIONS[feature])
  return [...new Set(permissions.flatMap((one) => one[on] ?? []))]
}
