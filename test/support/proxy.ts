/** A proxy between a client and a server that notes every request, and can lose answers as a bad network does. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

export interface ProxiedRequest {
  readonly method: string
  /** Without its query. */
  readonly path: string
  readonly body: Buffer
}

export interface RecordingProxy {
  readonly url: string
  readonly requests: ProxiedRequest[]
  /** Where requests go from now on. */
  target: string
  close(): Promise<void>
}

/**
 * Passes requests on to `target`. Once the server has answered one, `answered` says what becomes of the answer: true
 * is passed on; false is lost, the client's connection with it. A server that cannot be reached loses it too.
 */
export async function startProxy(
  target: string,
  answered: (request: ProxiedRequest) => boolean | Promise<boolean> = () => true,
): Promise<RecordingProxy> {
  const server = createServer((incoming, outgoing) => {
    pass(incoming, outgoing).catch(() => outgoing.destroy())
  })
  async function pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = incoming
    const one = { method, path: url.split('?')[0] ?? '', body: await buffer(incoming) }
    proxy.requests.push(one)
    const onward = request(proxy.target + url, { method, headers }).end(one.body)
    const [answer] = (await once(onward, 'response')) as [IncomingMessage]
    const body = await buffer(answer)
    if (!(await answered(one))) return void outgoing.destroy()
    outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders).end(body)
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const proxy: RecordingProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    target,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return proxy
}
