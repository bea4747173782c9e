import { request } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Config } from '../../server/config.ts'
import { openBuckets } from '../../server/limits/buckets.ts'
import { testApp } from './support.ts'

const EXPERIMENT = '/api/2.0/mlflow/experiments/get?experiment_id=0'
const FILE = '/api/2.0/mlflow-artifacts/artifacts/0/file.bin'

async function listening(settings: Partial<Config>) {
  const app = await testApp(settings)
  return new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
}

/** An upload that is under way until it is finished. */
async function startUpload(url: URL) {
  const upload = request(new URL(FILE, url), { method: 'PUT' })
  const status = new Promise<number>((resolve, reject) => {
    upload.on('response', (answer) => resolve(answer.resume().statusCode ?? 0)).on('error', reject)
  })
  upload.write('first half, ')
  return {
    async finish() {
      upload.end('second half')
      return status
    },
  }
}

describe('requests in flight', () => {
  it.each([
    ['all callers', { maxRequestsInFlight: 1 }, 503, 'TEMPORARILY_UNAVAILABLE'],
    ['one caller', { maxRequestsInFlightPerCaller: 1 }, 429, 'REQUEST_LIMIT_EXCEEDED'],
  ])('of %s have an end, which is told with when to come again', async (_whose, settings, status, code) => {
    const url = await listening(settings)
    const upload = await startUpload(url)
    await expect.poll(async () => (await fetch(new URL(EXPERIMENT, url))).status).toBe(status)
    const refused = await fetch(new URL(EXPERIMENT, url))
    expect(refused.headers.get('retry-after')).toBe('1')
    expect(((await refused.json()) as { error_code: string }).error_code).toBe(code)
    expect(await upload.finish()).toBe(200)
    await expect.poll(async () => (await fetch(new URL(EXPERIMENT, url))).status).toBe(200)
  })

  it('do not count who asks whether the server lives', async () => {
    const url = await listening({ maxRequestsInFlight: 1 })
    const upload = await startUpload(url)
    await expect.poll(async () => (await fetch(new URL(EXPERIMENT, url))).status).toBe(503)
    for (const path of ['/health', '/version', '/readyz']) {
      expect([path, (await fetch(new URL(path, url))).status]).toEqual([path, 200])
    }
    await upload.finish()
  })

  it('no longer count one whose client has gone', async () => {
    const url = await listening({ maxRequestsInFlight: 1 })
    const socket = connect(Number(url.port), url.hostname)
    socket.write(`PUT ${FILE} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf`)
    await expect.poll(async () => (await fetch(new URL(EXPERIMENT, url))).status).toBe(503)
    socket.destroy()
    await expect.poll(async () => (await fetch(new URL(EXPERIMENT, url))).status).toBe(200)
  })
})

describe('requests in a minute', () => {
  it('are refused beyond the setting, with when to come again', async () => {
    const app = await testApp({ maxRequestsPerMinute: 2 })
    const statuses = [await app.inject(EXPERIMENT), await app.inject(EXPERIMENT), await app.inject('/nosuch')]
    expect(statuses.map(({ statusCode }) => statusCode)).toEqual([200, 200, 429])
    expect(Number(statuses[2]?.headers['retry-after'])).toBeGreaterThan(0)
    expect((await app.inject('/health')).statusCode).toBe(200)
  })

  it('come back one by one, and are counted for each caller alone', () => {
    const buckets = openBuckets(60)
    for (let i = 0; i < 60; i++) expect(buckets.take('a', 0)).toBe(0)
    expect(buckets.take('a', 0)).toBe(1)
    expect(buckets.take('b', 0)).toBe(0)
    expect(buckets.take('a', 1_000)).toBe(0)
    expect(buckets.take('a', 1_000)).toBe(1)
    expect(buckets.take('a', 3_600_000)).toBe(0)
  })

  it('are remembered of so many callers only', () => {
    const buckets = openBuckets(1, 2)
    for (const caller of ['a', 'b', 'c']) expect(buckets.take(caller, 0)).toBe(0)
    expect(buckets.take('c', 0)).toBeGreaterThan(0)
    expect(buckets.take('a', 0)).toBe(0)
  })
})

describe('a slow client', () => {
  async function answerTo(url: URL, ...sent: string[]): Promise<string> {
    const socket = connect(Number(url.port), url.hostname).setEncoding('utf8')
    for (const text of sent) socket.write(text)
    return (await Array.fromAsync(socket)).join('')
  }

  const post = 'POST /api/2.0/mlflow/experiments/search HTTP/1.1\r\nHost: localhost\r\n'
  it.each([
    ['half of the headers', `${post}X-a: `],
    ['half of a JSON body', `${post}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`],
    ['half of an upload', `PUT ${FILE} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nhalf`],
  ])('that sends %s is told so, and its connection ends', async (_what, sent) => {
    const url = await listening({ slowClientSeconds: 1 })
    expect(await answerTo(url, sent)).toMatch(/^HTTP\/1.1 408 .*"error_code":"BAD_REQUEST"/s)
  })

  it('is not one whose upload goes on', async () => {
    const url = await listening({ slowClientSeconds: 1 })
    const upload = request(new URL(FILE, url), { method: 'PUT' })
    const status = new Promise((resolve, reject) => {
      upload.on('response', (answer) => resolve(answer.resume().statusCode)).on('error', reject)
    })
    for (let i = 0; i < 12; i++) {
      upload.write(Buffer.alloc(6_000))
      await delay(200)
    }
    upload.end()
    expect(await status).toBe(200)
  })
})
