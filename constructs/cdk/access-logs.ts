import { Duration } from 'aws-cdk-lib'
import * as s3 from 'aws-cdk-lib/aws-s3'
import type { Construct } from 'constructs'
import { PRIVATE_BUCKET } from './private-bucket.ts'

/**
 * Where another bucket logs who asked it for what, for `days`. It logs nothing of itself: each entry would make
 * another one. S3 delivers such logs only to a bucket that is encrypted with keys of its own.
 */
export function accessLogBucket(scope: Construct, id: string, days: number): s3.Bucket {
  return new s3.Bucket(scope, id, {
    encryption: s3.BucketEncryption.S3_MANAGED,
    ...PRIVATE_BUCKET,
    versioned: true,
    lifecycleRules: [
      {
        id: 'expire',
        expiration: Duration.days(days),
        noncurrentVersionExpiration: Duration.days(1),
        abortIncompleteMultipartUploadAfter: Duration.days(1),
      },
    ],
  })
}
