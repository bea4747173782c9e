/** What AWS Backup may do, after AWS's own policies for it, but on this database and these buckets only. */
import { Stack } from 'aws-cdk-lib'
import * as iam from 'aws-cdk-lib/aws-iam'
import type * as kms from 'aws-cdk-lib/aws-kms'
import type * as s3 from 'aws-cdk-lib/aws-s3'
import type { Construct } from 'constructs'

/** What is backed up. */
export interface Kept {
  readonly databaseArn: string
  /** Key of the database's storage. */
  readonly databaseKey?: kms.IKey | undefined
  /** Versioned; with its key where it has one. */
  readonly bucket: s3.IBucket
}

export function backupRole(scope: Construct, id: string, kept: Kept): iam.Role {
  const role = newRole(scope, id, 'Makes backups')
  const { databaseArn, bucket } = kept
  const snapshots = arn(scope, 'rds', 'snapshot', 'awsbackup:*')
  allow(
    role,
    [databaseArn, snapshots],
    [
      'rds:AddTagsToResource',
      'rds:CreateDBSnapshot',
      'rds:DescribeDBInstances',
      'rds:DescribeDBSnapshots',
      'rds:ListTagsForResource',
    ],
  )
  allow(role, [snapshots], ['rds:CopyDBSnapshot', 'rds:DeleteDBSnapshot'])
  allowKeyOfDatabase(role, kept)
  allow(
    role,
    [bucket.bucketArn],
    [
      's3:GetBucketAcl',
      's3:GetBucketLocation',
      's3:GetBucketNotification',
      's3:GetBucketTagging',
      's3:GetBucketVersioning',
      's3:GetInventoryConfiguration',
      's3:ListBucket',
      's3:ListBucketVersions',
      's3:PutBucketNotification',
      's3:PutInventoryConfiguration',
    ],
  )
  allow(
    role,
    [bucket.arnForObjects('*')],
    [
      's3:GetObject',
      's3:GetObjectAcl',
      's3:GetObjectTagging',
      's3:GetObjectVersion',
      's3:GetObjectVersionAcl',
      's3:GetObjectVersionTagging',
    ],
  )
  if (bucket.encryptionKey) allowThroughS3(role, bucket.encryptionKey, ['kms:Decrypt', 'kms:DescribeKey'])
  // S3 tells AWS Backup of changes through rules that it makes itself; these two actions know no resource.
  allow(
    role,
    [arn(scope, 'events', 'rule', 'AwsBackupManagedRule*', '/')],
    [
      'events:DeleteRule',
      'events:DescribeRule',
      'events:DisableRule',
      'events:EnableRule',
      'events:ListTargetsByRule',
      'events:PutRule',
      'events:PutTargets',
      'events:RemoveTargets',
    ],
  )
  allow(role, ['*'], ['cloudwatch:GetMetricData', 'events:ListRules'])
  return role
}

/** Restores the database as `instanceName`, and artifacts into `target`: never over what there is. */
export function restoreRole(
  scope: Construct,
  id: string,
  { instanceName, target, ...kept }: Kept & { readonly instanceName: string; readonly target: s3.IBucket },
): iam.Role {
  const role = newRole(scope, id, 'Restores backups for the drill')
  const restored = arn(scope, 'rds', 'db', instanceName)
  const parts = ['subgrp', 'pg', 'og'].map((kind) => arn(scope, 'rds', kind, '*'))
  allow(
    role,
    [restored, arn(scope, 'rds', 'snapshot', 'awsbackup:*'), ...parts],
    [
      'rds:AddTagsToResource',
      'rds:DescribeDBInstances',
      'rds:DescribeDBSnapshots',
      'rds:ListTagsForResource',
      'rds:RestoreDBInstanceFromDBSnapshot',
    ],
  )
  allowKeyOfDatabase(role, kept)
  allow(
    role,
    [target.bucketArn],
    [
      's3:GetBucketLocation',
      's3:GetBucketOwnershipControls',
      's3:GetBucketVersioning',
      's3:ListBucket',
      's3:ListBucketVersions',
    ],
  )
  allow(
    role,
    [target.arnForObjects('*')],
    [
      's3:DeleteObject',
      's3:GetObject',
      's3:GetObjectAcl',
      's3:GetObjectTagging',
      's3:GetObjectVersion',
      's3:GetObjectVersionAcl',
      's3:ListMultipartUploadParts',
      's3:PutObject',
      's3:PutObjectAcl',
      's3:PutObjectTagging',
      's3:PutObjectVersionAcl',
    ],
  )
  if (target.encryptionKey) {
    allowThroughS3(role, target.encryptionKey, ['kms:Decrypt', 'kms:DescribeKey', 'kms:GenerateDataKey'])
  }
  return role
}

/** Lets `role` do `actions` on `resources`, where the conditions hold. */
export function allow(
  role: iam.Role,
  resources: string[],
  actions: string[],
  conditions: Record<string, Record<string, unknown>> = {},
): void {
  role.addToPolicy(new iam.PolicyStatement({ actions, resources, conditions }))
}

export function arn(
  scope: Construct,
  service: string,
  kind: string,
  name: string,
  separator: ':' | '/' = ':',
): string {
  const { partition, region, account } = Stack.of(scope)
  return `arn:${partition}:${service}:${region}:${account}:${kind}${separator}${name}`
}

function newRole(scope: Construct, id: string, description: string): iam.Role {
  return new iam.Role(scope, id, {
    description,
    assumedBy: new iam.ServicePrincipal('backup.amazonaws.com'),
  })
}

/** A snapshot is encrypted as its database is: RDS asks for a grant on the key, for itself. */
function allowKeyOfDatabase(role: iam.Role, { databaseKey }: Pick<Kept, 'databaseKey'>): void {
  if (!databaseKey) return
  allow(role, [databaseKey.keyArn], ['kms:DescribeKey'])
  allow(role, [databaseKey.keyArn], ['kms:CreateGrant'], { Bool: { 'kms:GrantIsForAWSResource': 'true' } })
}

function allowThroughS3(role: iam.Role, key: kms.IKey, actions: string[]): void {
  allow(role, [key.keyArn], actions, {
    StringEquals: { 'kms:ViaService': `s3.${key.env.region}.amazonaws.com` },
  })
}
