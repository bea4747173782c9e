/** Rights to the value of a secret and to nothing else: CDK's own let a reader describe it too. */
import { Stack } from 'aws-cdk-lib'
import * as ecs from 'aws-cdk-lib/aws-ecs'
import * as iam from 'aws-cdk-lib/aws-iam'
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager'

export function grantSecretValue(secret: ISecret, grantee: iam.IGrantable): iam.Grant {
  const { encryptionKey, secretArn } = secret
  if (encryptionKey) {
    // CDK would say it in the policy of the key, which of a key that was there already is not the stack's to change.
    iam.Grant.addToPrincipal({
      grantee,
      actions: ['kms:Decrypt'],
      resourceArns: [encryptionKey.keyArn],
      conditions: {
        StringEquals: { 'kms:ViaService': `secretsmanager.${Stack.of(secret).region}.amazonaws.com` },
      },
    })
  }
  return iam.Grant.addToPrincipal({
    grantee,
    actions: ['secretsmanager:GetSecretValue'],
    resourceArns: [secretArn],
  })
}

/** A secret, or a field of one that is JSON, which ECS reads whenever a container starts. */
export function containerSecret(secret: ISecret, field?: string): ecs.Secret {
  const { arn, hasField } = ecs.Secret.fromSecretsManager(secret, field)
  return { arn, ...(hasField && { hasField }), grantRead: (grantee) => grantSecretValue(secret, grantee) }
}
