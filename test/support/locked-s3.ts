/** A bucket that locks its objects, behind what AWS asks of uploads to one: the S3s of this machine take any. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { PutObjectLockConfigurationCommand } from '@aws-sdk/client-s3'
import { BUCKET, type S3Options, type S3Server } from './s3.ts'

/** Objects are kept for a day. */
export async function startLockedS3(start: (options: S3Options) => Promise<S3Server>): Promise<S3Server> {
  const s3 = await start({ hasObjectLock: true })
  const Rule = { DefaultRetention: { Mode: 'COMPLIANCE', Days: 1 } } as const
  const ObjectLockConfiguration = { ObjectLockEnabled: 'Enabled', Rule } as const
  await s3.client.send(new PutObjectLockConfigurationCommand({ Bucket: BUCKET, ObjectLockConfiguration }))
  const gate = createServer((incoming, outgoing) => {
    pass(incoming, outgoing, s3.url).catch(() => outgoing.destroy())
  })
  await once(gate.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${(gate.address() as AddressInfo).port}`
  return {
    ...s3,
    url,
    environment: { ...s3.environment, MLFLOW_S3_ENDPOINT_URL: url },
    async stop() {
      gate.closeAllConnections()
      gate.close()
      await s3.stop()
    },
  }
}

async function pass(incoming: IncomingMessage, outgoing: ServerResponse, target: string): Promise<void> {
  const { method = '', url = '', headers } = incoming
  const names = [...Object.keys(headers), String(headers['x-amz-trailer'] ?? '')]
  const hasChecksum = names.some((name) => /^content-md5$|^x-amz-checksum-(crc|sha)/.test(name))
  if (method === 'PUT' && !hasChecksum) return refuse(incoming, outgoing)
  const onward = request(target + url, { method, headers })
  const answered = once(onward, 'response') as Promise<[IncomingMessage]>
  await pipeline(incoming, onward)
  const [answer] = await answered
  outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
  await pipeline(answer, outgoing)
}

/** In the words of AWS. */
function refuse(incoming: IncomingMessage, outgoing: ServerResponse): void {
  const what = incoming.url?.includes('partNumber=') ? 'Part' : 'Object'
  const message = `Content-MD5 OR x-amz-checksum- HTTP header is required for Put ${what} requests with Object Lock parameters`
  incoming.resume().on('end', () => {
    outgoing.writeHead(400, { 'content-type': 'application/xml' })
    outgoing.end(`<Error><Code>InvalidRequest</Code><Message>${message}</Message></Error>`)
  })
}
