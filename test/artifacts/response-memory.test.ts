import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, get, Agent as HttpAgent, type IncomingMessage } from 'node:http'
import { createServer as createTlsServer, get as getByTls, Agent as TlsAgent } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { freeOriginals } from '../../server/artifacts/response-memory.ts'
import { temporaryFolder } from '../server/support.ts'
import { makeCertificate } from '../support/certificate.ts'

const MIB = 1024 ** 2
const PIECE = Buffer.from(Array.from({ length: MIB }, (_, index) => index % 251))
const PIECES = 64
const sha256 = createHash('sha256')
for (let at = 0; at < PIECES; at++) sha256.update(PIECE)
const WHOLE = sha256.digest('hex')

const PROTOCOLS = {
  HTTP: async () => ({
    server: createServer(answer),
    ask: (port: number) => get({ host: '127.0.0.1', port, agent: PLAIN }),
  }),
  HTTPS: async () => ({
    server: createTlsServer(makeCertificate(await temporaryFolder()), answer),
    ask: (port: number) => getByTls({ host: '127.0.0.1', port, agent: ENCRYPTED }),
  }),
}

const ONE = { keepAlive: true, maxSockets: 1 }
const PLAIN = new HttpAgent(ONE)
const ENCRYPTED = new TlsAgent({ ...ONE, rejectUnauthorized: false })

function answer(_request: IncomingMessage, response: NodeJS.WritableStream): void {
  Readable.from(Array.from({ length: PIECES }, () => PIECE)).pipe(response)
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

describe.each(['HTTP', 'HTTPS'] as const)('what comes by %s', (protocol) => {
  it('is whole, answer after answer, and leaves next to nothing behind', async () => {
    const { server, ask } = await PROTOCOLS[protocol]()
    const port = await listen(server)
    const before = process.memoryUsage().arrayBuffers
    let most = 0
    const sockets = new Set<unknown>()
    const download = async (isSlow: boolean) => {
      const [response] = (await once(ask(port), 'response')) as [IncomingMessage]
      sockets.add(response.socket)
      freeOriginals(response)
      let chunks = 0
      const hash = createHash('sha256')
      for await (const chunk of response) {
        hash.update(chunk)
        chunk.buffer.transfer(0)
        most = Math.max(most, process.memoryUsage().arrayBuffers - before)
        if (isSlow && ++chunks % 64 === 0) await delay(0)
      }
      return hash.digest('hex')
    }
    expect(await Promise.all([false, true, false].map(download))).toEqual([WHOLE, WHOLE, WHOLE])
    expect(sockets.size).toBe(1)
    expect(most).toBeLessThan(8 * MIB)
  })
})
