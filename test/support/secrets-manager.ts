/** Stands in for AWS Secrets Manager: GetSecretValue of one secret, over HTTP as the SDK speaks it. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished, vi } from 'vitest'

export interface SecretsManager {
  /** What the secret holds now. */
  value: string
  /** Answers with an error instead. */
  failing: boolean
  /** How often it was read. */
  reads: number
}

/** From here on the SDK of this process talks to the stand-in, until the test is over. */
export async function startSecretsManager(id: string, value: string): Promise<SecretsManager> {
  const state: SecretsManager = { value, failing: false, reads: 0 }
  const server = createServer(async (request, response) => {
    const body = JSON.parse(Buffer.concat(await request.toArray()).toString())
    const asked = request.headers['x-amz-target'] === 'secretsmanager.GetSecretValue' && body.SecretId === id
    const signed = request.headers.authorization?.startsWith('AWS4-HMAC-SHA256 Credential=AKIDTEST/')
    state.reads += 1
    response.setHeader('content-type', 'application/x-amz-json-1.1')
    if (asked && signed && !state.failing) {
      response.end(JSON.stringify({ Name: id, SecretString: state.value }))
      return
    }
    response.statusCode = 400
    response.end(JSON.stringify({ __type: 'ResourceNotFoundException', message: "can't find the secret" }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  useAwsCredentials()
  const { port } = server.address() as AddressInfo
  vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', `http://127.0.0.1:${port}`)
  return state
}

export function useAwsCredentials(): void {
  onTestFinished(() => void vi.unstubAllEnvs())
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDTEST')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test-secret-key')
  vi.stubEnv('AWS_REGION', 'eu-central-1')
}
