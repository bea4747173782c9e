import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { LONGEST_SILENCE_SECONDS } from '../../server/config-settings.ts'
import { testApp } from './support.ts'

const GET = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`

it('an answer that takes longer than a socket may be silent arrives, and the socket is of use afterwards', async () => {
  const socket = await connected({ silentMs: 200 })
  socket.write(GET('/slow'))
  expect(await received(socket)).toMatch(/^HTTP\/1.1 200 .*done/s)
  socket.write(GET('/health'))
  expect(await received(socket)).toMatch(/^HTTP\/1.1 200 /)
})

it('a client that does not read its answer is not waited for', async () => {
  const socket = await connected({ silentMs: 200 })
  socket.pause()
  socket.write(GET('/large'))
  await delay(1_500)
  socket.resume()
  await once(socket, 'close')
  expect(socket.bytesRead).toBeLessThan(LARGE)
})

it('a connection is kept between two requests for the time that is set, which is announced, and no longer', async () => {
  const socket = await connected({ keepAliveSeconds: 2, silentMs: 200 })
  socket.write(GET('/health'))
  expect(await received(socket)).toMatch(/\r\nkeep-alive: timeout=2\r\n/i)
  await delay(1_500)
  socket.write(GET('/health'))
  expect(await received(socket)).toMatch(/^HTTP\/1.1 200 /)
  const since = performance.now()
  await once(socket, 'close')
  expect(performance.now() - since).toBeGreaterThan(1_900)
})

it('a connection outlives the time that a load balancer may keep it, unless a setting says less', async () => {
  const { server } = await testApp()
  expect(server.keepAliveTimeout).toBe(72_000)
  expect(server.timeout).toBeLessThan(LONGEST_SILENCE_SECONDS * 1000)
})

const OPEN = { config: { permission: 'open' } } as const
const LARGE = 64 * 1024 * 1024

/** To a server of its own whose sockets may be silent for a moment only. */
async function connected({
  silentMs,
  ...settings
}: {
  silentMs: number
  keepAliveSeconds?: number
}): Promise<Socket> {
  const app = await testApp(settings)
  app.get('/slow', OPEN, async () => {
    await delay(1_000)
    return 'done'
  })
  app.get('/large', OPEN, async () => Buffer.alloc(LARGE))
  app.server.setTimeout(silentMs)
  const url = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
  return connect(Number(url.port), url.hostname).setEncoding('utf8')
}

async function received(socket: Socket): Promise<string> {
  const [text] = await Promise.race([once(socket, 'data'), once(socket, 'close').then(() => ['closed'])])
  return String(text)
}
