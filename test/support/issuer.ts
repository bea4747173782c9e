/** An issuer of JWTs: an HTTP server on 127.0.0.1 that publishes its keys, and signs what it is told. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, type GenerateKeyPairResult, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { onTestFinished } from 'vitest'
import type { Config } from '../../server/config.ts'

export const AUDIENCE = 'trackyard'

export interface Issuer {
  readonly url: string
  /** Settings of a server that takes its tokens. */
  readonly settings: Partial<Config>
  /** Answers with errors instead. */
  failing: boolean
  /** How often its keys were asked for. */
  reads: number
  /** What its first tokens are checked with. */
  readonly publicKey: CryptoKey
  sign(claims?: JWTPayload, header?: { alg?: string; kid?: string }): Promise<string>
  /** From here on it signs with another key and publishes that too. */
  rotate(): Promise<void>
}

export async function startIssuer(alg = 'ES256'): Promise<Issuer> {
  const keys = [await makeKey('first', alg)]
  const state = { failing: false, reads: 0 }
  const server = createServer(async (request, response) => {
    if (request.url === '/keys') state.reads += 1
    response.setHeader('content-type', 'application/json')
    if (state.failing) response.writeHead(500)
    if (request.url === '/keys') response.end(JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }))
    else response.end(JSON.stringify({ issuer: url, jwks_uri: `${url}/keys` }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const [{ pair }] = keys as [Key]
  return Object.assign(state, {
    url,
    publicKey: pair.publicKey,
    settings: { jwtIssuer: url, jwtAudience: [AUDIENCE] },
    sign: async (claims: JWTPayload = {}, header: { alg?: string; kid?: string } = {}) => {
      const { kid, pair: newest } = keys.at(-1) as Key
      return new SignJWT({ sub: 'ann', iss: url, aud: AUDIENCE, exp: inSeconds(300), ...claims })
        .setProtectedHeader({ alg, kid, ...header })
        .sign(newest.privateKey)
    },
    rotate: async () => {
      keys.push(await makeKey(`key-${keys.length}`, alg))
    },
  })
}

export function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds
}

interface Key {
  readonly kid: string
  readonly pair: GenerateKeyPairResult
  readonly jwk: object
}

async function makeKey(kid: string, alg: string): Promise<Key> {
  const pair = await generateKeyPair(alg, { extractable: true })
  return { kid, pair, jwk: { ...(await exportJWK(pair.publicKey)), kid, use: 'sig' } }
}
