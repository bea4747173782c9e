import { Fn } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as kms from 'aws-cdk-lib/aws-kms'
import * as s3 from 'aws-cdk-lib/aws-s3'
import type { Construct } from 'constructs'

/**
 * A versioned bucket of this account that gets a copy of each artifact, usually in another region. S3 copies what is
 * locked only to a bucket with Object Lock.
 */
export interface Replica {
  readonly bucketArn: string
  /** Key that the copies are encrypted with, in the region of that bucket. */
  readonly keyArn: string
}

/** What S3 copies as; it may do nothing before `allowReplication`, which needs the bucket that needs the role. */
export function replicationRole(scope: Construct, id: string): iam.Role {
  return new iam.Role(scope, id, {
    description: 'Copies artifacts to the replica',
    assumedBy: new iam.ServicePrincipal('s3.amazonaws.com'),
  })
}

/** Deletions are copied as markers, so that the replica shows what the bucket shows; what they hide stays. */
export function replicationRule(scope: Construct, { bucketArn, keyArn }: Replica): s3.ReplicationRule {
  return {
    id: 'all',
    priority: 0,
    destination: s3.Bucket.fromBucketArn(scope, 'Replica', bucketArn),
    kmsKey: kms.Key.fromKeyArn(scope, 'ReplicaKey', keyArn),
    sseKmsEncryptedObjects: true,
    deleteMarkerReplication: true,
    metrics: s3.ReplicationTimeValue.FIFTEEN_MINUTES,
  }
}

export function allowReplication(
  role: iam.Role,
  bucket: s3.IBucket,
  key: kms.IKey,
  { bucketArn, keyArn, isLocked }: Replica & { readonly isLocked: boolean },
): void {
  const grant = (actions: string[], resource: string, throughS3In?: string) =>
    role.addToPolicy(
      new iam.PolicyStatement({
        actions,
        resources: [resource],
        ...(throughS3In && {
          conditions: { StringEquals: { 'kms:ViaService': `s3.${throughS3In}.amazonaws.com` } },
        }),
      }),
    )
  grant(['s3:GetReplicationConfiguration', 's3:ListBucket'], bucket.bucketArn)
  grant(
    [
      's3:GetObjectVersionForReplication',
      's3:GetObjectVersionAcl',
      's3:GetObjectVersionTagging',
      // The copy is locked as long as the artifact.
      ...(isLocked ? ['s3:GetObjectRetention', 's3:GetObjectLegalHold'] : []),
    ],
    bucket.arnForObjects('*'),
  )
  grant(['s3:ReplicateObject', 's3:ReplicateDelete', 's3:ReplicateTags'], `${bucketArn}/*`)
  grant(['kms:Decrypt'], key.keyArn, bucket.env.region)
  grant(['kms:Encrypt', 'kms:GenerateDataKey'], keyArn, Fn.select(3, Fn.split(':', keyArn)))
}
