import { Key } from 'aws-cdk-lib/aws-kms'
import { Bucket } from 'aws-cdk-lib/aws-s3'
import type { Construct } from 'constructs'
import type { ExistingBucketProps, NewBucketProps } from '../constructs/cdk/artifact-bucket.ts'
import type { ArtifactsOptions } from './options/artifacts.ts'

/** The bucket that is there, or how to make one. */
export function bucketOf(
  scope: Construct,
  { existing, ...props }: ArtifactsOptions,
): NewBucketProps | ExistingBucketProps {
  if (!existing) return props
  const { bucketArn, keyArn, prefix, hasObjectLock = false } = existing
  const encryptionKey = keyArn && Key.fromKeyArn(scope, 'ArtifactKey', keyArn)
  const bucket = Bucket.fromBucketAttributes(scope, 'ArtifactBucket', {
    bucketArn,
    ...(encryptionKey && { encryptionKey }),
  })
  return { bucket, hasObjectLock, ...(prefix && { prefix }) }
}
