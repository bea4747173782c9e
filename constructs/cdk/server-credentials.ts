import { RemovalPolicy } from 'aws-cdk-lib'
import type * as kms from 'aws-cdk-lib/aws-kms'
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager'
import type { Construct } from 'constructs'

/** A password that nobody chose; `trackyard db prepare` gives it to the role whenever a container starts. */
export function serverCredentials(
  scope: Construct,
  username: string,
  encryptionKey?: kms.IKey,
): secretsmanager.Secret {
  return new secretsmanager.Secret(scope, 'ServerCredentials', {
    description: 'What servers log in with to their database',
    generateSecretString: {
      secretStringTemplate: JSON.stringify({ username }),
      generateStringKey: 'password',
      passwordLength: 48,
      excludePunctuation: true,
    },
    // A new one is set by the next container that starts.
    removalPolicy: RemovalPolicy.DESTROY,
    ...(encryptionKey && { encryptionKey }),
  })
}
