import { Match, Template } from 'aws-cdk-lib/assertions'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as kms from 'aws-cdk-lib/aws-kms'
import * as s3 from 'aws-cdk-lib/aws-s3'
import { expect, it } from 'vitest'
import { ArtifactBucket, type NewBucketProps } from '../../../constructs/cdk/artifact-bucket.ts'
import { keptOf } from '../../../server/evidence/keeping.ts'
import { parseTemplate } from '../../../server/evidence/template.ts'
import { emptyStack, type Resource, statementsOf } from './stack.ts'

const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555'

it('an artifact bucket is private, encrypted and versioned, and stays when its stack goes', () => {
  const template = withBucket()
  template.hasResource('AWS::S3::Bucket', {
    DeletionPolicy: 'Retain',
    UpdateReplacePolicy: 'Retain',
    Properties: {
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          { BucketKeyEnabled: true, ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' } },
        ],
      },
      VersioningConfiguration: { Status: 'Enabled' },
      LoggingConfiguration: { DestinationBucketName: { Ref: Match.stringLikeRegexp('AccessLogs') } },
    },
  })
})

it('every bucket refuses whoever comes without TLS', () => {
  const template = withBucket()
  const refused = Match.objectLike({
    Effect: 'Deny',
    Condition: { Bool: { 'aws:SecureTransport': 'false' } },
  })
  template.resourceCountIs('AWS::S3::BucketPolicy', 2)
  template.allResourcesProperties('AWS::S3::BucketPolicy', {
    PolicyDocument: { Statement: Match.arrayWith([refused]) },
  })
})

it('the log of a bucket goes after its time, and is not logged itself', () => {
  const buckets = Object.entries(withBucket({ accessLogDays: 90 }).findResources('AWS::S3::Bucket'))
  const [, logs] = buckets.find(([id]) => id.includes('AccessLogs')) as [string, Resource]
  expect(logs.Properties.LoggingConfiguration).toBeUndefined()
  expect(logs.Properties.LifecycleConfiguration.Rules).toEqual([
    expect.objectContaining({ ExpirationInDays: 90, Status: 'Enabled' }),
  ])
})

it('an artifact bucket keeps what is replaced or deleted, and moves what is old, as it is told', () => {
  withBucket({ noncurrentDays: 7, tierAfterDays: 60 }).hasResourceProperties('AWS::S3::Bucket', {
    LifecycleConfiguration: {
      Rules: [
        Match.objectLike({
          NoncurrentVersionExpiration: { NoncurrentDays: 7 },
          AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
          Transitions: [{ StorageClass: 'INTELLIGENT_TIERING', TransitionInDays: 60 }],
        }),
      ],
    },
  })
})

it.each(['noncurrentDays', 'tierAfterDays', 'accessLogDays'])('%s is a day at least', (name) => {
  expect(() => withBucket({ [name]: 0 })).toThrow(`${name} must be at least 1, got 0`)
})

it('whoever may read and write artifacts may do what the table says, on this bucket and its key', () => {
  const stack = emptyStack()
  const role = new iam.Role(stack, 'Reader', { assumedBy: new iam.AccountRootPrincipal() })
  new ArtifactBucket(stack, 'Artifacts').grantReadWrite(role)
  const statements = statementsOf(stack, 'Reader')
  expect(statements).toEqual([
    {
      Effect: 'Allow',
      Action: ['s3:ListBucket', 's3:ListBucketMultipartUploads'],
      Resource: arnOf('ArtifactsBucket'),
    },
    {
      Effect: 'Allow',
      Action: ['s3:AbortMultipartUpload', 's3:DeleteObject', 's3:GetObject', 's3:PutObject'],
      Resource: { 'Fn::Join': ['', [arnOf('ArtifactsBucket'), '/*']] },
    },
    {
      Effect: 'Allow',
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Resource: arnOf('ArtifactsKey'),
      Condition: {
        StringEquals: {
          'kms:ViaService': { 'Fn::Join': ['', ['s3.', { Ref: 'AWS::Region' }, '.amazonaws.com']] },
        },
      },
    },
  ])
})

it('an existing bucket is reached below its prefix only, and nothing is made', () => {
  const stack = emptyStack()
  const role = new iam.Role(stack, 'Reader', { assumedBy: new iam.AccountRootPrincipal() })
  const bucket = s3.Bucket.fromBucketAttributes(stack, 'Given', {
    bucketArn: 'arn:aws:s3:::company-models',
    encryptionKey: kms.Key.fromKeyArn(stack, 'GivenKey', KEY),
  })
  const artifacts = new ArtifactBucket(stack, 'Artifacts', { bucket, prefix: 'team/mlflow' })
  artifacts.grant(role, ['list', 'read', 'endUploads'])
  expect(artifacts.bucketName).toBe('company-models')
  Template.fromStack(stack).resourceCountIs('AWS::S3::Bucket', 0)
  Template.fromStack(stack).resourceCountIs('AWS::KMS::Key', 0)
  expect(statementsOf(stack, 'Reader')).toEqual([
    {
      Effect: 'Allow',
      Action: 's3:ListBucket',
      Resource: 'arn:aws:s3:::company-models',
      Condition: { StringLike: { 's3:prefix': 'team/mlflow/*' } },
    },
    {
      Effect: 'Allow',
      Action: 's3:ListBucketMultipartUploads',
      Resource: 'arn:aws:s3:::company-models',
    },
    {
      Effect: 'Allow',
      Action: ['s3:AbortMultipartUpload', 's3:GetObject'],
      Resource: 'arn:aws:s3:::company-models/team/mlflow/*',
    },
    {
      Effect: 'Allow',
      Action: 'kms:Decrypt',
      Resource: KEY,
      Condition: { StringEquals: { 'kms:ViaService': 's3.eu-west-1.amazonaws.com' } },
    },
  ])
})

it('a replica gets every artifact, encrypted with its own key, by a role that may do that alone', () => {
  const stack = emptyStack()
  const replica = { bucketArn: 'arn:aws:s3:::company-models-copy', keyArn: KEY }
  new ArtifactBucket(stack, 'Artifacts', { replica })
  Template.fromStack(stack).hasResourceProperties('AWS::S3::Bucket', {
    ReplicationConfiguration: {
      Role: { 'Fn::GetAtt': [Match.stringLikeRegexp('ArtifactsReplicationRole'), 'Arn'] },
      Rules: [
        Match.objectLike({
          Status: 'Enabled',
          DeleteMarkerReplication: { Status: 'Enabled' },
          Destination: Match.objectLike({
            Bucket: replica.bucketArn,
            EncryptionConfiguration: { ReplicaKmsKeyID: KEY },
          }),
          SourceSelectionCriteria: { SseKmsEncryptedObjects: { Status: 'Enabled' } },
        }),
      ],
    },
  })
  const actions = (resource: unknown) =>
    statementsOf(stack, 'ReplicationRole')
      .filter(({ Resource }) => JSON.stringify(Resource) === JSON.stringify(resource))
      .flatMap(({ Action }) => Action)
  expect(actions('arn:aws:s3:::company-models-copy/*')).toEqual([
    's3:ReplicateDelete',
    's3:ReplicateObject',
    's3:ReplicateTags',
  ])
  expect(actions(KEY)).toEqual(['kms:Encrypt', 'kms:GenerateDataKey'])
  expect(statementsOf(stack, 'ReplicationRole')).toHaveLength(5)
})

it('a locked bucket keeps each version for its time, and what is deleted no shorter', () => {
  const stack = emptyStack()
  const artifacts = new ArtifactBucket(stack, 'Artifacts', { objectLock: { mode: 'compliance', days: 90 } })
  expect(artifacts.hasObjectLock).toBe(true)
  const template = Template.fromStack(stack)
  const locks = keptOf(parseTemplate(JSON.stringify(template))).map(({ locked }) => locked)
  expect(locks.filter(Boolean)).toEqual(['COMPLIANCE, 90 days'])
  template.hasResourceProperties('AWS::S3::Bucket', {
    VersioningConfiguration: { Status: 'Enabled' },
    ObjectLockEnabled: true,
    ObjectLockConfiguration: {
      ObjectLockEnabled: 'Enabled',
      Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 90 } },
    },
    LifecycleConfiguration: {
      Rules: [Match.objectLike({ NoncurrentVersionExpiration: { NoncurrentDays: 90 } })],
    },
  })
})

it('locks the artifacts and not the log of them, which S3 would not write then', () => {
  const template = withBucket({ objectLock: { mode: 'governance', days: 1 } })
  template.resourcePropertiesCountIs('AWS::S3::Bucket', { ObjectLockEnabled: true }, 1)
  template.hasResourceProperties('AWS::S3::Bucket', {
    ObjectLockConfiguration: { Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 1 } } },
    LifecycleConfiguration: {
      Rules: [Match.objectLike({ NoncurrentVersionExpiration: { NoncurrentDays: 30 } })],
    },
  })
})

it.each<[NewBucketProps, string]>([
  [
    { objectLock: { mode: 'governance', days: 90 }, noncurrentDays: 30 },
    'noncurrentDays is 30, and objectLock keeps each version for 90 days: say 90 at least',
  ],
  [{ objectLock: { mode: 'governance', days: 0 } }, 'objectLock.days must be at least 1, got 0'],
])('%j is refused', (props, message) => {
  expect(() => withBucket(props)).toThrow(message)
})

it('a bucket is given or made, never both', () => {
  const bucket = s3.Bucket.fromBucketName(emptyStack(), 'Given', 'company-models')
  // @ts-expect-error: how long to keep versions is the given bucket's own matter
  new ArtifactBucket(emptyStack(), 'Artifacts', { bucket, noncurrentDays: 7 })
})

function withBucket(props: NewBucketProps = {}): Template {
  const stack = emptyStack()
  new ArtifactBucket(stack, 'Artifacts', props)
  return Template.fromStack(stack)
}

function arnOf(id: string) {
  return { 'Fn::GetAtt': [expect.stringMatching(`^${id}`), 'Arn'] }
}
