/** A target of webhooks: an HTTPS server on 127.0.0.1 with a certificate of its own, which this process trusts. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer as createHttpServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo, Server as NetServer } from 'node:net'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { onTestFinished, vi } from 'vitest'
import { temporaryFolder } from '../server/support.ts'

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

function makeCertificate(folder: string): { key: string; cert: string; path: string } {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const names = 'subjectAltName=IP:127.0.0.1,DNS:localhost'
  const flags = ['-x509', '-nodes', '-days', '2', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']
  execFileSync(
    'openssl',
    ['req', ...flags, '-subj', '/CN=target', '-addext', names, '-keyout', key, '-out', cert],
    { stdio: 'ignore' },
  )
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8'), path: cert }
}
