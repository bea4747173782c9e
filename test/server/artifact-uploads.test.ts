import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { listen, rawSender } from '../artifacts/raw-http.ts'
import { filesBelow } from '../artifacts/support.ts'
import { temporaryFolder, testApp } from './support.ts'

const ROUTE = '/api/2.0/mlflow-artifacts/artifacts'
const MEGABYTE = 1024 * 1024

async function appOnSocket() {
  const folder = await temporaryFolder()
  const app = await testApp({ artifactsDestination: folder })
  return { app, folder, port: await listen(app) }
}

/** Sends the head of an upload, and of its body as much as given. */
async function beginUpload(port: number, framing: string, body: string | Buffer): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => {
    socket.destroy()
  })
  await once(socket, 'connect')
  socket.write(`PUT ${ROUTE}/new/folder/f HTTP/1.1\r\nHost: localhost\r\n${framing}\r\n\r\n`)
  socket.write(body)
  return socket
}

async function until(isDone: () => Promise<boolean>): Promise<void> {
  while (!(await isDone())) await wait(10)
}

const half = Buffer.alloc(MEGABYTE, 'h')
const chunkedHalf = Buffer.concat([Buffer.from(`${MEGABYTE.toString(16)}\r\n`), half, Buffer.from('\r\n')])

describe('an upload', () => {
  it.each([
    ['with a length', `Content-Length: ${2 * MEGABYTE}`, half],
    ['in chunks', 'Transfer-Encoding: chunked', chunkedHalf],
  ])(
    '%s that is cut in its middle leaves nothing visible and nothing hidden',
    async (_kind, framing, body) => {
      const { app, folder, port } = await appOnSocket()
      const socket = await beginUpload(port, framing, body)
      await until(async () => (await filesBelow(folder)).length === 1)
      expect((await app.inject({ url: ROUTE, query: { path: 'new' } })).json()).toEqual({})
      expect((await app.inject(ROUTE)).json()).toEqual({})
      socket.destroy()
      await until(async () => (await filesBelow(folder)).length === 0)
      expect((await app.inject(`${ROUTE}/new/folder/f`)).statusCode).toBe(404)
      expect((await app.inject(ROUTE)).json()).toEqual({})
    },
  )

  it('that stalls does not keep others waiting, and ends when its bytes come', async () => {
    const { app, folder, port } = await appOnSocket()
    const stalled = await Promise.all(
      Array.from({ length: 50 }, () => beginUpload(port, 'Content-Length: 2', 'a')),
    )
    const other = await app.inject({ method: 'PUT', url: `${ROUTE}/other`, payload: 'x' })
    expect(other.statusCode).toBe(200)
    expect((await app.inject('/health')).statusCode).toBe(200)
    expect((await filesBelow(folder)).filter((file) => file.startsWith('new'))).toEqual([])
    for (const socket of stalled) {
      socket.write('b')
      expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1.1 200/)
    }
    expect((await app.inject(`${ROUTE}/new/folder/f`)).body).toBe('ab')
    expect(await filesBelow(folder)).toEqual(['new/folder/f', 'other'])
  })

  it('may be larger than a JSON request', async () => {
    const app = await testApp({ maxRequestBytes: 1000 })
    const payload = Buffer.alloc(3 * MEGABYTE, 'z')
    expect((await app.inject({ method: 'PUT', url: `${ROUTE}/f`, payload })).statusCode).toBe(200)
    expect((await app.inject(`${ROUTE}/f`)).rawPayload.equals(payload)).toBe(true)
  })

  it('that is refused is answered, though the client sends all of it first', async () => {
    const { folder, app } = await appOnSocket()
    const send = await rawSender(await testApp({ artifactsDestination: folder }))
    const body = Buffer.alloc(30 * MEGABYTE)
    expect((await send('PUT', `${ROUTE}/a%23b`, body)).status).toBe(400)
    await app.inject({ method: 'PUT', url: `${ROUTE}/file`, payload: 'x' })
    expect((await send('PUT', `${ROUTE}/file/below`, body)).status).toBe(400)
    expect(await filesBelow(folder)).toEqual(['file'])
  })

  it('by the UI is cut off at 10 MB when it does not tell its length', async () => {
    const { app, folder, port } = await appOnSocket()
    const run = await app.inject({
      method: 'POST',
      url: '/api/2.0/mlflow/runs/create',
      payload: { experiment_id: '0', start_time: 1 },
    })
    const runId = run.json().run.info.run_id
    const socket = connect(port, '127.0.0.1')
    onTestFinished(() => {
      socket.destroy()
    })
    socket.write(
      `POST /ajax-api/2.0/mlflow/upload-artifact?run_uuid=${runId}&path=f HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`,
    )
    for (let i = 0; i < 12; i++) socket.write(chunkedHalf)
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1.1 400.*Max size is 10MB/s)
    expect(await filesBelow(folder)).toEqual([])
  })

  it.each([
    ['with a length', `Content-Length: ${MEGABYTE}`, half],
    ['in chunks', 'Transfer-Encoding: chunked', Buffer.concat([chunkedHalf, Buffer.from('0\r\n\r\n')])],
  ])('%s that is larger than the operator allows is refused', async (_kind, framing, body) => {
    const folder = await temporaryFolder()
    const app = await testApp({ artifactsDestination: folder, maxUploadBytes: MEGABYTE - 1 })
    const socket = await beginUpload(await listen(app), framing, body)
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(answer.toString()).toMatch(/^HTTP\/1.1 413 .*"error_code":"REQUEST_TOO_LARGE"/s)
    expect(await filesBelow(folder)).toEqual([])
  })

  it('that is just as large as the operator allows is taken', async () => {
    const app = await testApp({ maxUploadBytes: MEGABYTE })
    const { statusCode } = await app.inject({ method: 'PUT', url: `${ROUTE}/f`, payload: half })
    expect(statusCode).toBe(200)
  })
})
