/** That S3 may do what copying an artifact takes, and no more: with any action dropped, a feature is refused. */
import { Template } from 'aws-cdk-lib/assertions'
import { expect, it } from 'vitest'
import { ArtifactBucket, type NewBucketProps } from '../../../constructs/cdk/artifact-bucket.ts'
import { parseTemplate } from '../../../server/evidence/template.ts'
import { decide, type Request, statementsFor, withoutEachAction } from '../../stacks/policy-simulator.ts'
import { withoutHashes } from '../../stacks/profiles.ts'
import { keyRequests, reference, requests } from '../../stacks/role-requests.ts'
import { emptyStack } from './stack.ts'

const KEY = 'arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555'
const COPIES = 'arn:aws:s3:::company-models-copy'
const OBJECT = `${reference('ArtifactsBucket.Arn')}/1/0a1b/artifacts/model.pkl`

const COPYING: Readonly<Record<string, readonly Request[]>> = {
  'know what is to be copied': requests(
    reference('ArtifactsBucket.Arn'),
    's3:GetReplicationConfiguration',
    's3:ListBucket',
  ),
  'read a version, its access list and its tags': [
    ...requests(
      OBJECT,
      's3:GetObjectVersionForReplication',
      's3:GetObjectVersionAcl',
      's3:GetObjectVersionTagging',
    ),
    ...keyRequests('ArtifactsKey', 's3', 'kms:Decrypt'),
  ],
  'write the copy, its tags and the marker of what is deleted': [
    ...requests(`${COPIES}/1/model.pkl`, 's3:ReplicateObject', 's3:ReplicateDelete', 's3:ReplicateTags'),
    ...['kms:Encrypt', 'kms:GenerateDataKey'].map((action) => ({
      action,
      resource: withoutHashes(KEY),
      context: { 'kms:ViaService': 's3.eu-west-1.amazonaws.com' },
    })),
  ],
}
const LOCKING = {
  'lock the copy as long': requests(OBJECT, 's3:GetObjectRetention', 's3:GetObjectLegalHold'),
}

it.each<[string, NewBucketProps, Readonly<Record<string, readonly Request[]>>]>([
  ['artifacts', {}, COPYING],
  ['locked artifacts', { objectLock: { mode: 'compliance', days: 7 } }, { ...COPYING, ...LOCKING }],
])('a role may copy %s, and needs all that it may', (_, props, features) => {
  const stack = emptyStack()
  new ArtifactBucket(stack, 'Artifacts', { ...props, replica: { bucketArn: COPIES, keyArn: KEY } })
  const text = withoutHashes(JSON.stringify(Template.fromStack(stack).toJSON()))
  const statements = statementsFor(parseTemplate(text), 'ArtifactsReplicationRole')
  const refused = (these: typeof statements) =>
    Object.entries(features)
      .filter(([, needs]) => needs.some((request) => decide(these, request) !== 'allowed'))
      .map(([name]) => name)
  expect(refused(statements)).toEqual([])
  const dropped = withoutEachAction(statements)
  expect(dropped.filter((one) => refused(one.statements).length === 0).map((one) => one.dropped)).toEqual([])
})
