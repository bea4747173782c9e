/** Who this server is to its database: asked whenever a connection opens, so that a rotation needs no restart. */
import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { ApiError } from '../errors.ts'

/** Where user and password come from; the first that is given wins, in this order. */
export interface CredentialOptions {
  /** Make an RDS authentication token for each connection. */
  readonly iamAuth?: boolean
  /** ARN or name of a secret of AWS Secrets Manager: JSON with `username` and `password`. */
  readonly secret?: string
  readonly passwordFile?: string
  /** Where the URI has none. */
  readonly user?: string
  readonly password?: string
}

/** Where a connection leads, and whether nobody on the way can read it. */
export interface Target {
  readonly host: string
  readonly port: number
  readonly encrypted: boolean
}

export interface Login {
  readonly user: string
  readonly password: string
}

export interface Credentials {
  /** Those of now, for a connection that opens. */
  login(): Promise<Login>
  /** Forgets what the database has refused; missing where asking again would bring the same. */
  renew?(): void
}

/** @throws Error in one line for settings that cannot work together */
export async function openCredentials(
  url: URL,
  options: CredentialOptions,
  target: Target,
): Promise<Credentials> {
  const { passwordFile, secret, iamAuth } = options
  const user = userOf(url, options)
  if (iamAuth) {
    const { rdsTokens } = await import('./rds-token.ts')
    return rdsTokens(user, target)
  }
  if (secret) {
    const { managedSecret } = await import('./aws-secret.ts')
    return managedSecret(secret, user)
  }
  if (passwordFile) {
    return {
      login: async () => ({ user, password: await readPassword(passwordFile) }),
      renew: () => undefined,
    }
  }
  const password = decodeURIComponent(url.password) || url.searchParams.get('password') || options.password
  return { login: async () => ({ user, password: password ?? '' }) }
}

/** The password in a file, which may end its line. */
export async function readPassword(file: string): Promise<string> {
  return (await readFile(file, 'utf8')).replace(/\r?\n$/, '')
}

/** The user that the URI or the settings name; empty where neither does. */
export function userOf(url: URL, { user = '' }: CredentialOptions): string {
  return decodeURIComponent(url.username) || url.searchParams.get('user') || user
}

/** A password is changed in two places, one after the other: how long to wait for the second, in steps. */
const RENEWALS_MS = [0, 250, 500, 1000]

/** Opens a connection; where the database refuses the credentials, again with those that have replaced them. */
export async function connectWith<T>(
  credentials: Credentials,
  connect: () => Promise<T>,
  isRefused: (error: unknown) => boolean,
): Promise<T> {
  for (const waitMs of RENEWALS_MS) {
    try {
      return await connect()
    } catch (error) {
      if (!credentials.renew || !isRefused(error)) throw error
      await delay(waitMs)
      credentials.renew()
    }
  }
  return connect()
}

/** For a source of credentials that cannot be asked. */
export function unavailable(cause: Error): never {
  throw new ApiError('TEMPORARILY_UNAVAILABLE', 'The database is not available; try again.', { cause })
}
