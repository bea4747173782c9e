import { Duration, Token } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as kms from 'aws-cdk-lib/aws-kms'
import * as s3 from 'aws-cdk-lib/aws-s3'
import { Construct } from 'constructs'
import { accessLogBucket } from './access-logs.ts'
import { noncurrentDaysUnder, type ObjectLock, retentionOf } from './artifact-lock.ts'
import { ARTIFACT_FEATURES, type ArtifactFeature, actionsOf } from './artifact-permissions.ts'
import { allowReplication, type Replica, replicationRole, replicationRule } from './artifact-replication.ts'
import { PRIVATE_BUCKET } from './private-bucket.ts'

export interface NewBucketProps {
  /** Of a bucket that is given; one is given or made, never both. */
  readonly bucket?: undefined
  /**
   * Days to keep a replaced or deleted artifact; as many as `objectLock` has at least.
   * @default 30, or as many as `objectLock` has where these are more
   */
  readonly noncurrentDays?: number
  /**
   * Days after which an artifact may move to a cheaper tier by how it is used. No tier that must be restored from is
   * ever chosen: a model that nobody has loaded for a year still loads at once.
   * @default never: all stay in S3 Standard
   */
  readonly tierAfterDays?: number
  /**
   * Days to keep the log of who asked for what.
   * @default 365
   */
  readonly accessLogDays?: number
  /** @default a new key, rotated every year */
  readonly encryptionKey?: kms.IKey
  /**
   * A bucket with Object Lock, where S3 takes no upload without a checksum: servers have to be told by
   * `TRACKYARD_S3_OBJECT_LOCK`, and no upload goes past them.
   * @default none: versions go when their `noncurrentDays` are over
   */
  readonly objectLock?: ObjectLock
  /** Where there is `objectLock`, a bucket with Object Lock too. @default none */
  readonly replica?: Replica
}

export interface ExistingBucketProps {
  /** A bucket that somebody else looks after; with its key, where KMS encrypts it. */
  readonly bucket: s3.IBucket
  /**
   * What the keys of artifacts begin with, without slashes at the ends; the servers reach nothing else.
   * @default the whole bucket
   */
  readonly prefix?: string
  /**
   * It has Object Lock and a default retention.
   * @default false
   */
  readonly hasObjectLock?: boolean
}

/** Where artifacts are: private, encrypted, TLS only, versioned, and left when the stack is deleted; or a given one. */
export class ArtifactBucket extends Construct {
  readonly bucket: s3.IBucket
  readonly prefix: string | undefined
  /** Whether servers have to be told by `TRACKYARD_S3_OBJECT_LOCK`. */
  readonly hasObjectLock: boolean

  constructor(scope: Construct, id: string, props: NewBucketProps | ExistingBucketProps = {}) {
    super(scope, id)
    this.prefix = props.bucket ? props.prefix : undefined
    this.hasObjectLock = props.bucket ? props.hasObjectLock === true : props.objectLock !== undefined
    this.bucket = props.bucket ?? this.makeBucket(props)
  }

  get bucketName(): string {
    return this.bucket.bucketName
  }

  /** Lets `grantee` do what the features need with the artifacts, and nothing else. */
  grant(grantee: iam.IGrantable, features: readonly ArtifactFeature[]): void {
    const { bucket, prefix } = this
    const below = prefix ? `${prefix}/*` : '*'
    const grant = (
      actions: string[],
      resource: string,
      conditions: Record<string, Record<string, unknown>> = {},
    ) => {
      if (actions.length === 0) return
      iam.Grant.addToPrincipal({ grantee, actions, resourceArns: [resource], conditions })
    }
    const listing = prefix ? { StringLike: { 's3:prefix': below } } : undefined
    grant(actionsOf(features, 'bucket'), bucket.bucketArn, listing)
    grant(actionsOf(features, 'wholeBucket'), bucket.bucketArn)
    grant(actionsOf(features, 'objects'), bucket.arnForObjects(below))
    if (bucket.encryptionKey) {
      const service = `s3.${bucket.encryptionKey.env.region}.amazonaws.com`
      grant(actionsOf(features, 'key'), bucket.encryptionKey.keyArn, {
        StringEquals: { 'kms:ViaService': service },
      })
    }
  }

  /** Lets `grantee` read, write and delete artifacts. */
  grantReadWrite(grantee: iam.IGrantable): void {
    this.grant(grantee, ARTIFACT_FEATURES)
  }

  private makeBucket(props: NewBucketProps): s3.Bucket {
    const { accessLogDays = 365, replica, objectLock } = props
    if (objectLock) atLeastOne('objectLock.days', objectLock.days)
    const { encryptionKey = new kms.Key(this, 'Key', { enableKeyRotation: true }) } = props
    const role = replica && replicationRole(this, 'ReplicationRole')
    const bucket = new s3.Bucket(this, 'Bucket', {
      encryption: s3.BucketEncryption.KMS,
      encryptionKey,
      // One data key for many objects: a request to KMS for each would be slow and dear.
      bucketKeyEnabled: true,
      ...PRIVATE_BUCKET,
      versioned: true,
      ...(objectLock && { objectLockDefaultRetention: retentionOf(objectLock) }),
      lifecycleRules: [lifecycle(props)],
      serverAccessLogsBucket: accessLogBucket(this, 'AccessLogs', atLeastOne('accessLogDays', accessLogDays)),
      ...(role && { replicationRole: role, replicationRules: [replicationRule(this, replica)] }),
    })
    if (role)
      allowReplication(role, bucket, encryptionKey, { ...replica, isLocked: objectLock !== undefined })
    return bucket
  }
}

function lifecycle({ tierAfterDays, ...props }: NewBucketProps): s3.LifecycleRule {
  const noncurrentDays = noncurrentDaysUnder(props.objectLock, props.noncurrentDays)
  return {
    noncurrentVersionExpiration: Duration.days(atLeastOne('noncurrentDays', noncurrentDays)),
    abortIncompleteMultipartUploadAfter: Duration.days(7),
    expiredObjectDeleteMarker: true,
    ...(tierAfterDays !== undefined && {
      transitions: [
        {
          storageClass: s3.StorageClass.INTELLIGENT_TIERING,
          transitionAfter: Duration.days(atLeastOne('tierAfterDays', tierAfterDays)),
        },
      ],
    }),
  }
}

function atLeastOne(name: string, days: number): number {
  if (!Token.isUnresolved(days) && days < 1) throw new Error(`${name} must be at least 1, got ${days}`)
  return days
}
