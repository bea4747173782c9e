import { Duration, RemovalPolicy, Token } from 'aws-cdk-lib'
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam'
import * as kms from 'aws-cdk-lib/aws-kms'
import * as s3 from 'aws-cdk-lib/aws-s3'
import { Construct } from 'constructs'

export interface ArtifactBucketProps {
  /**
   * Days to keep a replaced or deleted artifact.
   * @default 30
   */
  readonly noncurrentDays?: number
  /** @default a new key, rotated every year */
  readonly encryptionKey?: kms.IKey
}

/** Where artifacts are: private, encrypted, TLS only, versioned, and left when the stack is deleted. */
export class ArtifactBucket extends Construct {
  readonly bucket: s3.Bucket

  constructor(scope: Construct, id: string, props: ArtifactBucketProps = {}) {
    super(scope, id)
    const { noncurrentDays = 30 } = props
    if (!Token.isUnresolved(noncurrentDays) && noncurrentDays < 1) {
      throw new Error(`noncurrentDays must be at least 1, got ${noncurrentDays}`)
    }
    const { encryptionKey = new kms.Key(this, 'Key', { enableKeyRotation: true }) } = props
    this.bucket = new s3.Bucket(this, 'Bucket', {
      encryption: s3.BucketEncryption.KMS,
      encryptionKey,
      // One data key for many objects: a request to KMS for each would be slow and dear.
      bucketKeyEnabled: true,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      versioned: true,
      lifecycleRules: [
        {
          noncurrentVersionExpiration: Duration.days(noncurrentDays),
          abortIncompleteMultipartUploadAfter: Duration.days(7),
          expiredObjectDeleteMarker: true,
        },
      ],
      removalPolicy: RemovalPolicy.RETAIN,
    })
  }

  get bucketName(): string {
    return this.bucket.bucketName
  }

  /** Lets `grantee` read, write and delete artifacts. */
  grantReadWrite(grantee: IGrantable): Grant {
    return this.bucket.grantReadWrite(grantee)
  }
}
