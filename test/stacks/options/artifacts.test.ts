import { expect, it } from 'vitest'
import { bucketOf } from '../../../stacks/artifact-source.ts'
import { readEnterpriseOptions } from '../../../stacks/enterprise-options.ts'
import { emptyStack, onlyResource, type Resource } from '../../constructs/cdk/stack.ts'
import { EDGE, enterpriseStack } from '../enterprise-synth.ts'

const BUCKET = 'arn:aws:s3:::company-models'

const read = (artifacts: object) => readEnterpriseOptions({}, { edge: EDGE, artifacts }).artifacts

it('an existing bucket is used as it is', () => {
  const given = bucketOf(emptyStack(), read({ existing: { bucketArn: BUCKET, prefix: 'mlflow' } }))
  expect(given).toMatchObject({ bucket: { bucketName: 'company-models' }, prefix: 'mlflow' })
})

it.each([
  ['new', { objectLock: { mode: 'compliance', days: 90 } }],
  ['existing', { existing: { bucketArn: BUCKET, hasObjectLock: true } }],
])('the servers are told of the Object Lock of a bucket that is %s', (_, artifacts) => {
  const stack = enterpriseStack({ artifacts, image: 'trackyard:1.2.3' })
  const { ContainerDefinitions } = onlyResource(stack, 'AWS::ECS::TaskDefinition').Properties
  const server = ContainerDefinitions.find(({ Name }: Resource) => Name === 'server')
  expect(server.Environment).toContainEqual({ Name: 'TRACKYARD_S3_OBJECT_LOCK', Value: 'true' })
})

it.each([
  [{ noncurrentDays: 0 }, 'artifacts.noncurrentDays=0: must be a whole number from 1 to 36500 days'],
  [
    { existing: { bucketArn: 'models' } },
    'artifacts.existing.bucketArn="models": must be the ARN of a bucket',
  ],
  [
    { existing: { bucketArn: BUCKET }, tierAfterDays: 30 },
    'artifacts.tierAfterDays=30: is not for an existing bucket: say it where that is made',
  ],
  [
    { noncurrentDays: 7, objectLock: { mode: 'governance', days: 30 } },
    'artifacts.noncurrentDays=7: is less than objectLock.days (30): S3 would keep each version longer',
  ],
  [
    { objectLock: { mode: 'legal', days: 30 } },
    'artifacts.objectLock.mode="legal": must be governance or compliance',
  ],
  [{ objectLock: { mode: 'governance' } }, 'artifacts.objectLock.days'],
  [
    { existing: { bucketArn: BUCKET }, objectLock: { mode: 'governance', days: 1 } },
    'is not for an existing bucket',
  ],
  [{ replica: { bucketArn: BUCKET } }, 'artifacts.replica.keyArn: must be the ARN of a KMS key'],
  [{ existing: { bucketArn: BUCKET, prefix: '/a' } }, 'must not begin or end with a slash'],
])('artifacts %j are refused', (artifacts, message) => {
  expect(() => read(artifacts)).toThrow(message)
})
