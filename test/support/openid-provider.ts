/** A real OpenID provider on 127.0.0.1: npm's `oidc-provider`, with one client and the people a test names. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Provider } from 'oidc-provider'
import { onTestFinished } from 'vitest'

export interface RealProvider {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
}

/** @param callback where it sends people back to; @param groups of each of its people, by their addresses */
export async function startOpenIdProvider(
  origin: string,
  groups: Readonly<Record<string, readonly string[]>>,
): Promise<RealProvider> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const client = { clientId: 'trackyard', clientSecret: 'a secret that the provider has given out' }
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: client.clientId,
        client_secret: client.clientSecret,
        redirect_uris: [`${origin}/auth/callback`],
        post_logout_redirect_uris: [`${origin}/auth/signed-out`],
      },
    ],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['groups'] },
    cookies: { keys: ['a key of the provider'] },
    // Its own pages to sign in, where any password is right.
    features: { devInteractions: { enabled: true } },
    pkce: { required: () => true },
    findAccount: (_context: unknown, email: string) =>
      groups[email] === undefined
        ? undefined
        : {
            accountId: email,
            claims: () => ({ sub: email, email, email_verified: true, groups: [...(groups[email] ?? [])] }),
          },
  })
  server.on('request', provider.callback())
  return { issuer, ...client }
}
