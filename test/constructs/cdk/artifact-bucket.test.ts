import { Match, Template } from 'aws-cdk-lib/assertions'
import * as iam from 'aws-cdk-lib/aws-iam'
import { expect, it } from 'vitest'
import { ArtifactBucket } from '../../../constructs/cdk/artifact-bucket.ts'
import { emptyStack, statementsOf } from './stack.ts'

it('an artifact bucket is private, encrypted and versioned, and stays when its stack goes', () => {
  const stack = emptyStack()
  new ArtifactBucket(stack, 'Artifacts')
  Template.fromStack(stack).hasResource('AWS::S3::Bucket', {
    DeletionPolicy: 'Retain',
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
    },
  })
})

it('an artifact bucket refuses whoever comes without TLS', () => {
  const stack = emptyStack()
  new ArtifactBucket(stack, 'Artifacts')
  Template.fromStack(stack).hasResourceProperties('AWS::S3::BucketPolicy', {
    PolicyDocument: {
      Statement: Match.arrayWith([
        Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
      ]),
    },
  })
})

it('an artifact bucket lets whom it is told read and write its artifacts and nothing else', () => {
  const stack = emptyStack()
  const role = new iam.Role(stack, 'Reader', { assumedBy: new iam.AccountRootPrincipal() })
  new ArtifactBucket(stack, 'Artifacts').grantReadWrite(role)
  const statements = statementsOf(stack, 'Reader')
  expect(statements.flatMap(({ Action }) => Action)).toEqual(
    expect.arrayContaining(['s3:GetObject*', 's3:PutObject', 's3:DeleteObject*', 'kms:Decrypt']),
  )
  expect(statements.flatMap(({ Resource }) => Resource)).not.toContain('*')
})

it('an artifact bucket keeps what is replaced or deleted for as long as it is told', () => {
  const stack = emptyStack()
  new ArtifactBucket(stack, 'Artifacts', { noncurrentDays: 7 })
  Template.fromStack(stack).hasResourceProperties('AWS::S3::Bucket', {
    LifecycleConfiguration: {
      Rules: [Match.objectLike({ NoncurrentVersionExpiration: { NoncurrentDays: 7 } })],
    },
  })
  expect(() => new ArtifactBucket(emptyStack(), 'Artifacts', { noncurrentDays: 0 })).toThrow(
    'noncurrentDays must be at least 1, got 0',
  )
})
