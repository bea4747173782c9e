import * as aws from '@pulumi/aws'
import * as pulumi from '@pulumi/pulumi'

export interface CloudBucketArgs {
  readonly bucketName: pulumi.Input<string>
  /**
   * Days to keep a replaced or deleted artifact.
   * @default 30
   */
  readonly noncurrentDays?: number
  /** @default none */
  readonly tags?: pulumi.Input<Record<string, pulumi.Input<string>>>
}

/** Where artifacts are in S3: private, encrypted, TLS only, versioned, and left when the stack goes. */
export class CloudBucket extends pulumi.ComponentResource {
  readonly bucketName: pulumi.Output<string>
  readonly arn: pulumi.Output<string>

  constructor(name: string, args: CloudBucketArgs, opts?: pulumi.ComponentResourceOptions) {
    super('trackyard:aws:CloudBucket', name, {}, opts)
    const { noncurrentDays = 30 } = args
    if (noncurrentDays < 1) throw new Error(`noncurrentDays must be at least 1, got ${noncurrentDays}`)
    const bucket = new aws.s3.Bucket(
      name,
      { bucket: args.bucketName, tags: args.tags },
      { parent: this, protect: true, retainOnDelete: true },
    )
    this.bucketName = bucket.bucket
    this.arn = bucket.arn
    this.close(name, bucket)
    this.keep(name, bucket, noncurrentDays)
    this.registerOutputs({ bucketName: this.bucketName, arn: this.arn })
  }

  /** Nobody but those who are granted it, and nothing that is not encrypted. */
  private close(name: string, { id: bucket, arn }: aws.s3.Bucket): void {
    const publicAccess = new aws.s3.BucketPublicAccessBlock(
      name,
      {
        bucket,
        blockPublicAcls: true,
        blockPublicPolicy: true,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
      },
      { parent: this },
    )
    new aws.s3.BucketOwnershipControls(
      name,
      { bucket, rule: { objectOwnership: 'BucketOwnerEnforced' } },
      { parent: this },
    )
    new aws.s3.BucketServerSideEncryptionConfiguration(
      name,
      {
        bucket,
        rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: 'AES256' }, bucketKeyEnabled: true }],
      },
      { parent: this },
    )
    // Two writers of a bucket's rights at once are refused by S3.
    new aws.s3.BucketPolicy(
      name,
      { bucket, policy: arn.apply(tlsOnly) },
      { parent: this, dependsOn: publicAccess },
    )
  }

  private keep(name: string, { id: bucket }: aws.s3.Bucket, noncurrentDays: number): void {
    const versioning = new aws.s3.BucketVersioning(
      name,
      { bucket, versioningConfiguration: { status: 'Enabled' } },
      { parent: this },
    )
    new aws.s3.BucketLifecycleConfiguration(
      name,
      {
        bucket,
        rules: [
          {
            id: 'old-versions',
            status: 'Enabled',
            filter: { prefix: '' },
            noncurrentVersionExpiration: { noncurrentDays },
            abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
          },
        ],
      },
      { parent: this, dependsOn: versioning },
    )
  }
}

function tlsOnly(arn: string): string {
  const Condition = { Bool: { 'aws:SecureTransport': 'false' } }
  const Resource = [arn, `${arn}/*`]
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Deny', Principal: '*', Action: 's3:*', Resource, Condition }],
  })
}
