/** RDS IAM authentication. Imported only where a setting asks for it: the SDK is large. */
import { Signer } from '@aws-sdk/rds-signer'
import { type Credentials, type Target, unavailable } from './credentials.ts'

/**
 * A token for each connection: a signature that is made here and good for 15 minutes.
 * @throws Error in one line without TLS or without a user
 */
export function rdsTokens(user: string, { host, port, encrypted }: Target): Credentials {
  if (!encrypted) {
    throw new Error(
      'TRACKYARD_DATABASE_IAM_AUTH needs TLS, or the token could be read on its way: add sslmode=verify-full to the URI',
    )
  }
  if (user === '') throw new Error('TRACKYARD_DATABASE_IAM_AUTH needs the user of the database in the URI')
  const signer = new Signer({ hostname: host, port, username: user })
  return { login: async () => ({ user, password: await signer.getAuthToken().catch(unavailable) }) }
}
