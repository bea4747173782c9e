import { createServer as createHttpServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo, Server as NetServer } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { onTestFinished, vi } from 'vitest'
import { temporaryFolder } from '../server/support.ts'
import { makeCertificate } from './certificate.ts'

export interface Received {
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface WebhookTarget {
  readonly url: string
  /** The file of its certificate, for a server in a process of its own. */
  readonly certificate: string
  /** Every request that came, in their order. */
  readonly received: Received[]
  connections(): number
  /** Waits until as many requests have come. */
  has(count: number): Promise<void>
}

type Answer = (response: ServerResponse, count: number) => void

/** Starts a target that answers as told; it ends with the test. */
export async function startTarget(
  answer: Answer = (response) => response.end(),
  certificate: 'trusted' | 'not trusted' = 'trusted',
): Promise<WebhookTarget> {
  const folder = await temporaryFolder()
  const { key, cert, path } = makeCertificate(folder)
  if (certificate === 'trusted') setDefaultCACertificates([...getCACertificates('default'), cert])
  return { ...(await serve(createServer({ key, cert }), 'https', answer)), certificate: path }
}

export async function startPlainTarget(): Promise<Omit<WebhookTarget, 'certificate'>> {
  return serve(createHttpServer(), 'http', (response) => response.end())
}

async function serve(server: Server | NetServer, scheme: string, answer: Answer) {
  const received: Received[] = []
  let connections = 0
  server.on('connection', () => connections++)
  server.on('request', (request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (part: string) => {
      body += part
    })
    request.on('end', () => {
      received.push({ headers: request.headers, body })
      answer(response, received.length)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    ;(server as Server).closeAllConnections()
    server.close()
  })
  return {
    url: `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    connections: () => connections,
    has: (count: number) =>
      vi.waitFor(
        () => {
          if (received.length < count) throw new Error(`${received.length} of ${count} requests came`)
        },
        { timeout: 30_000, interval: 20 },
      ),
  }
}
