/** An OpenID provider that does whatever a test tells it to: an HTTP server on 127.0.0.1 with keys of its own. */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { onTestFinished } from 'vitest'

export const CLIENT_ID = 'trackyard'
export const CLIENT_SECRET = 'secret of the client'

export interface OpenId {
  readonly url: string
  /** Who signs in, and what is claimed of them besides. */
  claims: JWTPayload
  userinfo: JWTPayload | undefined
  /** Makes the id token of what it would be. @default signed with the newest key */
  idToken: (claims: JWTPayload) => Promise<string>
  /** Answers with errors instead. */
  isAway: boolean
  /** Takes a code as often as it comes. */
  takesOldCodes: boolean
  /** How often its keys were asked for. */
  keyReads: number
  sign(claims: JWTPayload, header?: { alg?: string; kid?: string }): Promise<string>
  /** Public key of the first, as PEM. */
  publicKey(): Promise<string>
  /** From here on it signs with another key, which is published. */
  rotate(): Promise<void>
}

export async function startOpenId(): Promise<OpenId> {
  const keys = [await makeKey('key-0')]
  const codes = new Map<string, URLSearchParams>()
  const newest = () => keys.at(-1) ?? never()
  const provider: OpenId = {
    url: '',
    claims: { sub: '1', email: 'ann@example.com', groups: ['data'] },
    userinfo: undefined,
    idToken: (claims) => provider.sign(claims),
    isAway: false,
    takesOldCodes: false,
    keyReads: 0,
    sign: (claims, header = {}) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS256', kid: newest().kid, ...header })
        .sign(newest().privateKey),
    publicKey: async () => exportSPKI((keys[0] ?? never()).publicKey),
    rotate: async () => {
      keys.push(await makeKey(`key-${keys.length}`))
    },
  }

  async function answer(request: IncomingMessage): Promise<{ status: number; body?: object; to?: string }> {
    const { pathname, searchParams: query } = new URL(request.url ?? '/', provider.url)
    if (provider.isAway) return { status: 500 }
    switch (pathname) {
      case '/.well-known/openid-configuration':
        return { status: 200, body: metadata(provider) }
      case '/keys':
        provider.keyReads += 1
        return { status: 200, body: { keys: keys.map(({ jwk }) => jwk) } }
      case '/authorize': {
        const code = `code-${codes.size}`
        codes.set(code, query)
        const back = new URL(query.get('redirect_uri') ?? '')
        back.search = new URLSearchParams({
          code,
          state: query.get('state') ?? '',
          iss: provider.url,
        }).toString()
        return { status: 302, to: back.href }
      }
      case '/token':
        return token(new URLSearchParams(await text(request)))
      case '/userinfo':
        return { status: 200, body: { sub: provider.claims.sub, ...provider.userinfo } }
      default:
        return { status: 404 }
    }
  }

  async function token(body: URLSearchParams) {
    const code = body.get('code') ?? ''
    const asked = codes.get(code)
    const challenge = createHash('sha256')
      .update(body.get('code_verifier') ?? '')
      .digest('base64url')
    if (!asked || asked.get('code_challenge') !== challenge)
      return { status: 400, body: { error: 'invalid_grant' } }
    if (!provider.takesOldCodes) codes.delete(code)
    const now = Math.floor(Date.now() / 1000)
    const claims = {
      iss: provider.url,
      aud: CLIENT_ID,
      iat: now,
      exp: now + 300,
      nonce: asked.get('nonce') ?? '',
      ...provider.claims,
    }
    const id_token = await provider.idToken(claims)
    return { status: 200, body: { access_token: 'access', token_type: 'Bearer', id_token } }
  }

  const server = createServer(async (request, response) => {
    const { status, body, to } = await answer(request)
    response.writeHead(status, { 'content-type': 'application/json', ...(to && { location: to }) })
    response.end(JSON.stringify(body ?? {}))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return Object.assign(provider, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
}

function metadata({ url, userinfo }: OpenId): object {
  return {
    issuer: url,
    authorization_endpoint: `${url}/authorize`,
    token_endpoint: `${url}/token`,
    jwks_uri: `${url}/keys`,
    end_session_endpoint: `${url}/end`,
    ...(userinfo && { userinfo_endpoint: `${url}/userinfo` }),
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256', 'HS256', 'none'],
    authorization_response_iss_parameter_supported: true,
  }
}

async function makeKey(kid: string) {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
  return {
    kid,
    publicKey,
    privateKey,
    jwk: { ...(await exportJWK(publicKey)), kid, use: 'sig', alg: 'RS256' },
  }
}

function never(): never {
  throw new Error('there is a key')
}
