/** An AWS load balancer that signs people in: an HTTP server on 127.0.0.1 with its key, and tokens in AWS's form. */
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import type { Config } from '../../server/config.ts'
import { inSeconds } from './issuer.ts'

export const ARN =
  'arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/mlflow/50dc6c495c0c9188'
export const ISSUER = 'https://idp.example'

export interface LoadBalancer {
  /** Settings of a server behind it. */
  readonly settings: Partial<Config>
  /** Answers with errors instead. */
  failing: boolean
  /** The ids of the keys that were asked for. */
  readonly asked: string[]
  /** `x-amzn-oidc-data` as it sends it, but for what is told. */
  token(header?: object, claims?: object): string
}

export async function startLoadBalancer(): Promise<LoadBalancer> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const kid = randomUUID()
  const state = { failing: false, asked: [] as string[] }
  const server = createServer((request, response) => {
    const id = request.url?.slice(1) ?? ''
    state.asked.push(id)
    if (state.failing) response.writeHead(500).end()
    else if (id === kid) response.end(publicKey.export({ type: 'spki', format: 'pem' }))
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return Object.assign(state, {
    settings: {
      loadBalancerArn: ARN,
      loadBalancerKeysUrl: `http://127.0.0.1:${port}`,
    },
    token: (header: object = {}, claims: object = {}) => {
      const exp = inSeconds(120)
      const head = {
        typ: 'JWT',
        kid,
        alg: 'ES256',
        iss: ISSUER,
        client: 'mlflow',
        signer: ARN,
        exp,
        ...header,
      }
      const body = { sub: '00u1', email: 'ann@example.com', exp, iss: ISSUER, ...claims }
      const signed = `${padded(JSON.stringify(head))}.${padded(JSON.stringify(body))}`
      const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
      return `${signed}.${padded(signature)}`
    },
  })
}

/** Base64 for URLs with the padding that JWTs elsewhere leave out. */
function padded(bytes: string | Buffer): string {
  return Buffer.from(bytes).toString('base64').replaceAll('+', '-').replaceAll('/', '_')
}
