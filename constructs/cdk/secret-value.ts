/** Rights to the value of a secret and to nothing else: CDK's own let a reader describe it too. */
import { Stack } from 'aws-cdk-lib'
import * as ecs from 'aws-cdk-lib/aws-ecs'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as kms from 'aws-cdk-lib/aws-kms'
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager'

export function grantSecretValue(secret: ISecret, grantee: iam.IGrantable): iam.Grant {
  const { region } = Stack.of(secret)
  secret.encryptionKey?.grantDecrypt(
    new kms.ViaServicePrincipal(`secretsmanager.${region}.amazonaws.com`, grantee.grantPrincipal),
  )
  return iam.Grant.addToPrincipal({
    grantee,
    actions: ['secretsmanager:GetSecretValue'],
    resourceArns: [secret.secretArn],
  })
}

/** A secret, or a field of one that is JSON, which ECS reads whenever a container starts. */
export function containerSecret(secret: ISecret, field?: string): ecs.Secret {
  const { arn, hasField } = ecs.Secret.fromSecretsManager(secret, field)
  return { arn, ...(hasField && { hasField }), grantRead: (grantee) => grantSecretValue(secret, grantee) }
}
