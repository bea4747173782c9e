import { expect, it } from 'vitest'
import { bucketOf } from '../../../stacks/artifact-source.ts'
import { readEnterpriseOptions } from '../../../stacks/enterprise-options.ts'
import { emptyStack } from '../../constructs/cdk/stack.ts'
import { EDGE } from '../enterprise-synth.ts'

const BUCKET = 'arn:aws:s3:::company-models'

const read = (artifacts: object) => readEnterpriseOptions({}, { edge: EDGE, artifacts }).artifacts

it('an existing bucket is used as it is', () => {
  const given = bucketOf(emptyStack(), read({ existing: { bucketArn: BUCKET, prefix: 'mlflow' } }))
  expect(given).toMatchObject({ bucket: { bucketName: 'company-models' }, prefix: 'mlflow' })
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
  [{ replica: { bucketArn: BUCKET } }, 'artifacts.replica.keyArn: must be the ARN of a KMS key'],
  [{ existing: { bucketArn: BUCKET, prefix: '/a' } }, 'must not begin or end with a slash'],
])('artifacts %j are refused', (artifacts, message) => {
  expect(() => read(artifacts)).toThrow(message)
})
