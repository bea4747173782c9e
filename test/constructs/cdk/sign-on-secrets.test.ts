import { Template } from 'aws-cdk-lib/assertions'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as kms from 'aws-cdk-lib/aws-kms'
import { expect, it } from 'vitest'
import { SignOnSecrets } from '../../../constructs/cdk/sign-on-secrets.ts'
import { signOn } from '../../../constructs/sign-on-options.ts'
import { emptyStack, statementsOf } from './stack.ts'

const SECRET = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:client-AbCdEf'

it('secrets of a sign-on are made by AWS, encrypted with a key of their own, and stay', () => {
  const stack = emptyStack()
  const { secrets } = new SignOnSecrets(stack, 'Secrets', { signOn: signOn.parse({}) })
  expect(Object.keys(secrets)).toEqual(['authAdminPassword', 'secretKey'])
  const template = Template.fromStack(stack)
  template.allResources('AWS::SecretsManager::Secret', {
    DeletionPolicy: 'Retain',
    Properties: {
      // A server refuses a password under 12 characters, and a key under 32.
      GenerateSecretString: { PasswordLength: 48, ExcludePunctuation: true },
      KmsKeyId: { 'Fn::GetAtt': [Object.keys(template.findResources('AWS::KMS::Key'))[0], 'Arn'] },
    },
  })
  template.resourceCountIs('AWS::SecretsManager::Secret', 2)
  template.hasResourceProperties('AWS::KMS::Key', { EnableKeyRotation: true })
})

it('secrets of a sign-on have that of the provider by its name', () => {
  const stack = emptyStack()
  const people = { kind: 'oidc', issuer: 'https://id.example.com', clientId: 'a', clientSecretArn: SECRET }
  const encryptionKey = new kms.Key(stack, 'GivenKey')
  const { secrets } = new SignOnSecrets(stack, 'Secrets', { signOn: signOn.parse({ people }), encryptionKey })
  const reader = new iam.Role(stack, 'Reader', { assumedBy: new iam.AccountRootPrincipal() })
  secrets.oidcClientSecret?.grantRead(reader)
  expect(statementsOf(stack, 'Reader').map(({ Resource }) => Resource)).toEqual([SECRET])
  Template.fromStack(stack).resourceCountIs('AWS::KMS::Key', 1)
})
