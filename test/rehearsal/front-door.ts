/**
 * The way to the load balancer by the name its clients use, which no DNS of this machine knows: whatever arrives at a
 * port here goes to MiniStack's load balancer as a request for that name, TLS taken off.
 */
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream'

export interface FrontDoor {
  readonly url: string
  close(): Promise<void>
}

export async function openFrontDoor(ministack: string, site: URL): Promise<FrontDoor> {
  const { hostname, port } = new URL(ministack)
  const host = `${site.hostname}:${site.protocol === 'https:' ? 443 : 80}`
  const server = createServer((incoming, outgoing) => {
    const headers = { ...incoming.headers, host }
    const { method, url } = incoming
    const sent = request({ hostname, port, method, path: `/_alb/any${url}`, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      pipeline(answer, outgoing, () => undefined)
    })
    sent.on('error', () => outgoing.destroy())
    pipeline(incoming, sent, () => undefined)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
