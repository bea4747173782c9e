/** Credentials that RDS keeps in Secrets Manager. Imported only where a setting asks for it: the SDK is large. */
import { SecretsManager } from '@aws-sdk/client-secrets-manager'
import { z } from 'zod'
import { type Credentials, type Login, unavailable } from './credentials.ts'

/** How long a secret is taken as it was read; a refused password ends that at once. */
const FRESH_MS = 60_000

const LOGIN = z.object({ username: z.string().min(1), password: z.string().min(1) })

/** The user is the secret's too, since a rotation may change both; `user` is for a secret that names none. */
export function managedSecret(id: string, user: string): Credentials {
  const client = new SecretsManager({
    ...regionOf(id),
    requestHandler: { connectionTimeout: 2_000, requestTimeout: 5_000 },
  })
  return remembered(async () => {
    const { SecretString } = await client.getSecretValue({ SecretId: id }).catch(unavailable)
    return parseLogin(id, SecretString, user)
  })
}

function remembered(read: () => Promise<Login>): Credentials {
  let known: { login: Login; readAt: number } | undefined
  let reading: Promise<Login> | undefined
  const readOnce = async () => {
    try {
      const login = await read()
      known = { login, readAt: performance.now() }
      return login
    } catch (error) {
      // What worked a minute ago may still: the way to AWS failing is no reason to lose the database as well.
      if (known) return known.login
      throw error
    } finally {
      reading = undefined
    }
  }
  return {
    async login() {
      if (known && performance.now() - known.readAt < FRESH_MS) return known.login
      reading ??= readOnce()
      return reading
    },
    renew() {
      known = undefined
    },
  }
}

function parseLogin(id: string, text: string | undefined, user: string): Login {
  const parsed = LOGIN.safeParse({ username: user, ...asObject(text) })
  // In words of our own: a parser's message shows what it read.
  if (!parsed.success) unavailable(new Error(`the secret ${id} is not JSON with a username and a password`))
  return { user: parsed.data.username, password: parsed.data.password }
}

function asObject(text = ''): object {
  try {
    return Object(JSON.parse(text))
  } catch {
    return {}
  }
}

/** That of its ARN, which may be another one than this server's. */
function regionOf(id: string): { region?: string } {
  const region = id.startsWith('arn:') ? id.split(':')[3] : undefined
  return region ? { region } : {}
}
