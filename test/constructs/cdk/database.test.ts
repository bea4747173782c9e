import { Match, Template } from 'aws-cdk-lib/assertions'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as kms from 'aws-cdk-lib/aws-kms'
import { expect, it } from 'vitest'
import { Database } from '../../../constructs/cdk/database.ts'
import { emptyStack, plainVpc, statementsOf } from './stack.ts'

it('a database survives a zone, a mistake and a deletion', () => {
  const stack = emptyStack()
  new Database(stack, 'Database', { vpc: plainVpc(stack) })
  Template.fromStack(stack).hasResource('AWS::RDS::DBInstance', {
    DeletionPolicy: 'Snapshot',
    UpdateReplacePolicy: 'Snapshot',
    Properties: { MultiAZ: true, DeletionProtection: true, BackupRetentionPeriod: 14 },
  })
})

it('a database is encrypted, out of reach of the internet, and speaks TLS only', () => {
  const stack = emptyStack()
  new Database(stack, 'Database', { vpc: plainVpc(stack) })
  const template = Template.fromStack(stack)
  template.hasResourceProperties('AWS::RDS::DBInstance', {
    Engine: 'postgres',
    EngineVersion: '17',
    StorageEncrypted: true,
    KmsKeyId: Match.anyValue(),
    PubliclyAccessible: false,
  })
  template.hasResourceProperties('AWS::RDS::DBParameterGroup', {
    Family: 'postgres17',
    Parameters: { 'rds.force_ssl': '1' },
  })
  template.hasResourceProperties('AWS::KMS::Key', { EnableKeyRotation: true })
})

it('a database has credentials that no template holds and whose readers may decrypt them', () => {
  const stack = emptyStack()
  const database = new Database(stack, 'Database', { vpc: plainVpc(stack) })
  const reader = new iam.Role(stack, 'Reader', { assumedBy: new iam.AccountRootPrincipal() })
  database.credentials.grantRead(reader)
  const template = Template.fromStack(stack)
  template.hasResourceProperties('AWS::RDS::DBInstance', {
    ManageMasterUserPassword: true,
    MasterUserPassword: Match.absent(),
  })
  expect(statementsOf(stack, 'Reader')).toEqual([
    expect.objectContaining({
      Action: ['secretsmanager:DescribeSecret', 'secretsmanager:GetSecretValue'],
      Resource: { 'Fn::GetAtt': [expect.stringMatching(/^DatabaseInstance/), 'MasterUserSecret.SecretArn'] },
    }),
  ])
  template.hasResourceProperties('AWS::KMS::Key', {
    KeyPolicy: { Statement: Match.arrayWith([Match.objectLike({ Action: 'kms:Decrypt' })]) },
  })
})

it('a database takes the key it is given', () => {
  const stack = emptyStack()
  const encryptionKey = new kms.Key(stack, 'GivenKey')
  new Database(stack, 'Database', { vpc: plainVpc(stack), encryptionKey })
  Template.fromStack(stack).resourceCountIs('AWS::KMS::Key', 1)
})

it('a database refuses to go without backups', () => {
  const stack = emptyStack()
  expect(() => new Database(stack, 'Database', { vpc: plainVpc(stack), backupDays: 0 })).toThrow(
    'backupDays must be at least 1, got 0',
  )
})
