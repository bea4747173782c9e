import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BUCKET, type S3Server, s3Program, startS3 } from '../support/s3.ts'
import { keysBelow, MIB, ROUTE, s3App, storeObject, uploadsBelow } from './s3-support.ts'
import { call } from './support.ts'

const API = '/api/2.0/mlflow-artifacts'

const program = await s3Program()
let s3: S3Server

beforeAll(async () => {
  if (program) s3 = await startS3(program)
  Object.assign(process.env, s3?.environment)
})

afterAll(() => s3?.stop())

async function upload(app: FastifyInstance, folder: string, parts: readonly Buffer[]) {
  const path = '/home/me/big.bin'
  const create = await call(app, 'POST', `${API}/mpu/create/${folder}`, { path, num_parts: parts.length })
  expect(create.status).toBe(200)
  const { upload_id, credentials } = create.body as {
    upload_id: string
    credentials: { url: string; part_number: number }[]
  }
  const uploaded = await Promise.all(
    credentials.map(async ({ url, part_number }, index) => {
      const response = await fetch(url, { method: 'PUT', body: new Uint8Array(parts[index] as Buffer) })
      expect(response.status).toBe(200)
      return { part_number, etag: response.headers.get('etag'), url }
    }),
  )
  return {
    complete: (given: object[] = uploaded) =>
      call(app, 'POST', `${API}/mpu/complete/${folder}`, { path, upload_id, parts: given }),
    abort: () => call(app, 'POST', `${API}/mpu/abort/${folder}`, { path, upload_id }),
    credentials,
    uploaded,
  }
}

describe.skipIf(!program)('an upload in parts past the server', () => {
  const parts = [Buffer.alloc(5 * MIB, 'a'), Buffer.alloc(10, 'b')]

  it('is there when it is completed, under the name the file has on the client’s machine', async () => {
    const { app, prefix } = await s3App(s3)
    const { complete } = await upload(app, '1/run/artifacts', parts)
    expect(await keysBelow(s3, prefix)).toEqual([])
    expect(await complete()).toEqual({ status: 200, body: {} })
    expect(await keysBelow(s3, prefix)).toEqual([`${prefix}/1/run/artifacts/big.bin`])
    const { rawPayload } = await app.inject(`${ROUTE}/1/run/artifacts/big.bin`)
    expect(rawPayload.equals(Buffer.concat(parts))).toBe(true)
  })

  it('leaves nothing when it is aborted', async () => {
    const { app, prefix } = await s3App(s3)
    const { abort } = await upload(app, 'x', parts)
    expect(await uploadsBelow(s3, prefix)).toBe(1)
    expect(await abort()).toEqual({ status: 200, body: {} })
    expect(await uploadsBelow(s3, prefix)).toBe(0)
    expect((await abort()).status).toBe(404)
  })

  it('is refused where its id is none that a store gives', async () => {
    const { app } = await s3App(s3)
    const request = { path: 'f', upload_id: 'u'.repeat(100_000), parts: [{ part_number: 1, etag: 'e' }] }
    for (const step of ['complete', 'abort']) {
      expect((await call(app, 'POST', `${API}/mpu/${step}/x`, request)).status).toBe(400)
    }
  })

  it('is refused with what is wrong in its parts', async () => {
    const { app, prefix } = await s3App(s3)
    const { complete, uploaded } = await upload(app, 'x', parts)
    const wrong = [{ ...uploaded[0], etag: '"0123456789abcdef0123456789abcdef"' }, uploaded[1] as object]
    for (const given of [[], wrong, [...uploaded].reverse(), [{ part_number: 0, etag: 'x' }]]) {
      expect(await complete(given)).toMatchObject({
        status: 400,
        body: { error_code: 'INVALID_PARAMETER_VALUE' },
      })
    }
    expect(await keysBelow(s3, prefix)).toEqual([])
  })

  it.each([0, 10_001, -1])('has no %i parts', async (num_parts) => {
    const { app } = await s3App(s3)
    expect((await call(app, 'POST', `${API}/mpu/create/x`, { path: 'f', num_parts })).status).toBe(400)
  })

  it('takes of the client’s path the name alone', async () => {
    const { app, prefix } = await s3App(s3)
    for (const path of ['../../../f', '/tmp/f', 'C:\\x\\f', '..\\f']) {
      const { status, body } = await call(app, 'POST', `${API}/mpu/create/a`, { path, num_parts: 1 })
      expect([status, new URL(body.credentials[0].url).pathname]).toEqual([200, `/${BUCKET}/${prefix}/a/f`])
    }
    for (const path of ['', '/', 'a/..', '..', 'a/%2e%2e', 'x\0']) {
      expect((await call(app, 'POST', `${API}/mpu/create/a`, { path, num_parts: 1 })).status).toBe(400)
    }
  })

  it('is not on offer where the operator bounds the size of uploads', async () => {
    const { app } = await s3App(s3, { maxUploadBytes: 100 * MIB })
    const info = await call(app, 'GET', '/api/3.0/mlflow/server-info')
    expect(info.body).toMatchObject({ multipart_uploads_enabled: false, multipart_downloads_enabled: true })
    expect((await call(app, 'POST', `${API}/mpu/create/x`, { path: 'f', num_parts: 1 })).status).toBe(501)
  })
})

describe.skipIf(!program)('a signed URL', () => {
  it('is announced, and gives an artifact as a download, by ranges too', async () => {
    const { app } = await s3App(s3)
    const info = await call(app, 'GET', '/api/3.0/mlflow/server-info')
    expect(info.body).toMatchObject({ multipart_uploads_enabled: true, multipart_downloads_enabled: true })
    await app.inject({ method: 'PUT', url: `${ROUTE}/1/page.html`, payload: '<script>' })
    const { status, body } = await call(app, 'GET', `${API}/presigned/1/page.html`)
    expect([status, body]).toEqual([200, { url: expect.any(String), headers: {}, file_size: 8 }])
    const url = new URL(body.url)
    expect(url.searchParams.get('X-Amz-Expires')).toBe('300')
    const response = await fetch(url, { headers: { range: 'bytes=1-3' } })
    expect([response.status, await response.text()]).toEqual([206, 'scr'])
    expect(response.headers.get('content-disposition')).toBe('attachment; filename=page.html')
  })

  it('is not made for what is not there', async () => {
    const { app } = await s3App(s3)
    expect((await call(app, 'GET', `${API}/presigned/nowhere`)).status).toBe(404)
  })

  it('is good for one object, one method and its time', async () => {
    const { app, prefix } = await s3App(s3, { presignedDownloadSeconds: 1 })
    await storeObject(s3, `${prefix}/a`)
    await storeObject(s3, `${prefix}/b`)
    const { body } = await call(app, 'GET', `${API}/presigned/a`)
    const other = body.url.replace('/a?', '/b?')
    expect((await fetch(other)).status).toBe(403)
    expect((await fetch(body.url, { method: 'PUT', body: 'y' })).status).toBe(403)
    expect((await fetch(body.url.replace('X-Amz-Expires=1', 'X-Amz-Expires=9'))).status).toBe(403)
    await expect.poll(async () => (await fetch(body.url)).status, { timeout: 5_000 }).toBe(403)
  })
})

describe.skipIf(!program)('a signed URL for what clients keep in S3 themselves', () => {
  async function run(settings: object = {}) {
    const root = `s3://${BUCKET}/direct`
    const { app } = await s3App(s3, { defaultArtifactRoot: root, ...settings })
    const name = String(Math.random())
    const { experiment_id } = (await call(app, 'POST', 'experiments/create', { name })).body
    const { info } = (await call(app, 'POST', 'runs/create', { experiment_id, start_time: 1 })).body.run
    return {
      app,
      run_id: info.run_id as string,
      key: `${info.artifact_uri.slice(`s3://${BUCKET}/`.length)}/f.bin`,
    }
  }

  it('lets a run’s file be uploaded with the headers that go with it, and downloaded', async () => {
    const { app, run_id, key } = await run({
      s3UploadArguments: { StorageClass: 'STANDARD', CacheControl: 'no-store' },
    })
    const { body } = await call(app, 'POST', 'artifacts/presigned-upload-url', { run_id, path: 'f.bin' })
    expect(body.headers).toEqual({ 'Content-Type': 'application/octet-stream', 'Cache-Control': 'no-store' })
    const bare = await fetch(body.presigned_url, {
      method: 'PUT',
      body: 'x',
      headers: { 'content-type': 'text/html' },
    })
    expect(bare.status).toBe(403)
    const sent = await fetch(body.presigned_url, { method: 'PUT', body: 'bytes', headers: body.headers })
    expect(sent.status).toBe(200)
    expect(await keysBelow(s3, key)).toEqual([key])

    const download = await call(app, 'POST', 'artifacts/presigned-download-url', { run_id, path: 'f.bin' })
    expect(download.body).toEqual({ presigned_url: expect.any(String), file_size: 5 })
    expect(await (await fetch(download.body.presigned_url)).text()).toBe('bytes')
  })

  it('has the time that was asked for, within what S3 allows', async () => {
    const { app, run_id } = await run()
    const ask = (expiration: number) =>
      call(app, 'POST', 'artifacts/presigned-upload-url', { run_id, path: 'f', expiration })
    const { body } = await ask(60)
    expect(new URL(body.presigned_url).searchParams.get('X-Amz-Expires')).toBe('60')
    for (const expiration of [0, -1, 604_801]) expect((await ask(expiration)).status).toBe(400)
  })

  it.each(['../../other/model.pkl', '/etc/passwd', '..%2f..%2fx', 'a/../../b', 'a\\b'])(
    'is not made for %s',
    async (path) => {
      const { app, run_id } = await run()
      for (const direction of ['upload', 'download']) {
        const answer = await call(app, 'POST', `artifacts/presigned-${direction}-url`, { run_id, path })
        expect([answer.status, answer.body.presigned_url]).toEqual([400, undefined])
      }
    },
  )

  it('is not made for uploads where the operator bounds their size', async () => {
    const { app, run_id } = await run({ maxUploadBytes: 1 })
    expect((await call(app, 'POST', 'artifacts/presigned-upload-url', { run_id, path: 'f' })).status).toBe(
      501,
    )
  })
})
