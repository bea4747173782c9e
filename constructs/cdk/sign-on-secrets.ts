import { RemovalPolicy } from 'aws-cdk-lib'
import type * as ecs from 'aws-cdk-lib/aws-ecs'
import * as kms from 'aws-cdk-lib/aws-kms'
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager'
import { Construct } from 'constructs'
import type { SettingName } from '../../server/config.ts'
import type { SignOn } from '../sign-on-options.ts'
import { containerSecret } from './secret-value.ts'

export interface SignOnSecretsProps {
  readonly signOn: SignOn
  /**
   * Encrypts what is made.
   * @default a new key, rotated every year
   */
  readonly encryptionKey?: kms.IKey
}

/** Characters of a secret that is made: more than anybody can try. */
const LENGTH = 48

/** What the servers must know to sign people in, and nobody else: made, or the provider's own. */
export class SignOnSecrets extends Construct {
  /** The password of the first admin, whom the servers make when they first start. */
  readonly adminPassword: secretsmanager.Secret
  /** By the setting that each is. */
  readonly secrets: Readonly<Partial<Record<SettingName, ecs.Secret>>>

  constructor(scope: Construct, id: string, { signOn, encryptionKey }: SignOnSecretsProps) {
    super(scope, id)
    const key = encryptionKey ?? new kms.Key(this, 'Key', { enableKeyRotation: true })
    this.adminPassword = this.generate('AdminPassword', `Password of ${signOn.adminUsername}`, key)
    const sessionKey = this.generate('SessionKey', 'Key of what the servers give browsers to keep', key)
    this.secrets = {
      authAdminPassword: containerSecret(this.adminPassword),
      secretKey: containerSecret(sessionKey),
      ...this.clientSecret(signOn),
    }
  }

  private generate(id: string, description: string, encryptionKey: kms.IKey): secretsmanager.Secret {
    return new secretsmanager.Secret(this, id, {
      description,
      encryptionKey,
      generateSecretString: { passwordLength: LENGTH, excludePunctuation: true },
      removalPolicy: RemovalPolicy.RETAIN,
    })
  }

  private clientSecret({ people }: SignOn): { oidcClientSecret?: ecs.Secret } {
    if (people.kind !== 'oidc' || !people.clientSecretArn) return {}
    const secret = secretsmanager.Secret.fromSecretCompleteArn(this, 'ClientSecret', people.clientSecretArn)
    return { oidcClientSecret: containerSecret(secret) }
  }
}
