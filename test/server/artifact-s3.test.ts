import { request } from 'node:http'
import { Readable } from 'node:stream'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { BUCKET, type S3Server, s3Stores } from '../support/s3.ts'
import { keysBelow, MIB, ROUTE, s3App, storeObject, uploadsBelow } from './s3-support.ts'
import { slowRoundTrip } from './slow-round-trip.ts'
import { call } from './support.ts'

let s3: S3Server

async function put(app: FastifyInstance, path: string, payload: string | Buffer = 'hi') {
  return app.inject({ method: 'PUT', url: `${ROUTE}/${path}`, payload })
}

const keys = (prefix: string) => keysBelow(s3, prefix)
const uploadsInProgress = (prefix: string) => uploadsBelow(s3, prefix)
const store = (key: string, body?: string) => storeObject(s3, key, body)

describe.each(await s3Stores())('artifacts in S3 on $name', ({ start }) => {
  beforeAll(async () => {
    if (!start) return
    s3 = await start()
    Object.assign(process.env, s3.environment)
  })

  beforeEach(({ skip }) => skip(!start))

  afterAll(() => s3?.stop())

  it('are kept under the key that MLflow gives them, and come back as downloads', async () => {
    const { app, prefix } = await s3App(s3)
    expect((await put(app, '1/run/artifacts/metrics.json', '{"a":1}')).statusCode).toBe(200)
    expect(await keys(prefix)).toEqual([`${prefix}/1/run/artifacts/metrics.json`])

    const response = await app.inject(`${ROUTE}/1/run/artifacts/metrics.json`)
    expect(response.body).toBe('{"a":1}')
    expect(response.headers).toMatchObject({
      'content-type': 'text/plain',
      'content-disposition': 'attachment; filename=metrics.json',
      'content-length': '7',
      'x-content-type-options': 'nosniff',
      etag: expect.stringMatching(/^"[\w-]+"$/),
      'last-modified': expect.stringMatching(/GMT$/),
    })
  })

  it('have the media type in S3 that MLflow gives them', async () => {
    const { app, prefix } = await s3App(s3)
    await put(app, 'plot.png')
    const object = new GetObjectCommand({ Bucket: BUCKET, Key: `${prefix}/plot.png` })
    expect((await s3.client.send(object)).ContentType).toBe('image/png')
  })

  it.each([0, 8 * MIB - 1, 8 * MIB, 8 * MIB + 1, 20 * MIB])('are whole at %i bytes', async (bytes) => {
    const { app } = await s3App(s3)
    const sent = Buffer.alloc(bytes, 'abcdefghijk')
    const warn = vi.spyOn(console, 'warn')
    expect((await put(app, 'f', sent)).statusCode).toBe(200)
    // The SDK takes an empty body for one of unknown length.
    expect(warn).not.toHaveBeenCalled()
    const { rawPayload } = await app.inject(`${ROUTE}/f`)
    expect(rawPayload.equals(sent)).toBe(true)
  })

  it('come to a client that takes its time as they went', async () => {
    const { app } = await s3App(s3)
    const [up, down] = await slowRoundTrip(app, `${ROUTE}/large.bin`)
    expect(down).toBe(up)
  })

  it('are given in parts, and not at all to who has them', async () => {
    const { app } = await s3App(s3)
    await put(app, 'f', '0123456789')
    const get = (headers: Record<string, string>) => app.inject({ url: `${ROUTE}/f`, headers })
    const part = await get({ range: 'bytes=2-4' })
    expect([part.statusCode, part.body, part.headers['content-range']]).toEqual([206, '234', 'bytes 2-4/10'])
    const { etag, 'last-modified': modified } = part.headers as Record<string, string>
    expect((await get({ 'if-none-match': etag as string })).statusCode).toBe(304)
    expect((await get({ 'if-modified-since': modified as string })).statusCode).toBe(304)
    expect((await get({ range: 'bytes=99-' })).statusCode).toBe(416)
    const head = await app.inject({ method: 'HEAD', url: `${ROUTE}/f` })
    expect([head.headers['content-length'], head.body]).toEqual(['10', ''])
  })

  it('are listed by folder: the entries right below, in order, of thousands of objects', async () => {
    const { app, prefix } = await s3App(s3)
    const names = Array.from({ length: 1_100 }, (_, i) => `many/${String(i).padStart(4, '0')}`)
    await s3.fill(names.map((path) => `${prefix}/${path}`))
    await put(app, 'b.txt', 'four')
    await put(app, 'a/c/d.txt')
    await store(`${prefix}/empty/`, '')
    await store(`${prefix}-not/x`)
    const list = async (path = '') => (await app.inject({ url: ROUTE, query: { path } })).json()
    expect(await list()).toEqual({
      files: [
        { path: 'a', is_dir: true },
        { path: 'b.txt', is_dir: false, file_size: 4 },
        { path: 'empty', is_dir: true },
        { path: 'many', is_dir: true },
      ],
    })
    expect((await list('many')).files.map(({ path }: { path: string }) => `many/${path}`)).toEqual(names)
    for (const nothing of ['b.txt', 'nowhere', 'empty', 'man']) expect(await list(nothing)).toEqual({})

    const deleted = await app.inject({ method: 'DELETE', url: `${ROUTE}/many` })
    expect([deleted.statusCode, deleted.json()]).toEqual([200, {}])
    expect(await keys(`${prefix}/many`)).toEqual([])
    expect(await keys(`${prefix}-not`)).toHaveLength(1)
  }, 60_000)

  it('are deleted alone or as a folder, never those whose names only begin alike', async () => {
    const { app, prefix } = await s3App(s3)
    for (const name of ['a', 'ab', 'a.txt', 'd/1', 'd/e/2', 'de']) await put(app, name)
    for (const name of ['a', 'd', 'absent']) {
      expect((await app.inject({ method: 'DELETE', url: `${ROUTE}/${name}` })).statusCode).toBe(200)
    }
    expect(await keys(prefix)).toEqual(['a.txt', 'ab', 'de'].map((name) => `${prefix}/${name}`))
  })

  it('answer 404 where there is none', async () => {
    const { app } = await s3App(s3)
    const { statusCode, headers, body } = await app.inject(`${ROUTE}/nowhere`)
    expect(statusCode).toBe(404)
    expect(JSON.parse(body)).toMatchObject({ error_code: 'RESOURCE_DOES_NOT_EXIST' })
    expect(headers.etag).toBeUndefined()
  })

  it('stay inside their prefix whatever the path', async () => {
    const { app, prefix } = await s3App(s3)
    await store('secret', 'CANARY')
    for (const path of [
      '..%2f..%2fsecret',
      '%252e%252e/%252e%252e/secret',
      '%2fsecret',
      'a/..%2f..%2f..%2fsecret',
    ]) {
      for (const method of ['GET', 'PUT', 'DELETE'] as const) {
        const { statusCode, body } = await app.inject({ method, url: `${ROUTE}/${path}` })
        expect([statusCode, body]).toEqual([400, expect.stringContaining('Invalid path')])
      }
    }
    expect(await keys('secret')).toEqual(['secret'])
    expect(await keys(prefix)).toEqual([])
  })

  it.each([1, 20])('leave nothing when the client goes away after %i MiB', async (mib) => {
    const { app, prefix } = await s3App(s3)
    const url = new URL(`${await app.listen({ port: 0, host: '127.0.0.1' })}${ROUTE}/half`)
    const upload = request(url, { method: 'PUT', headers: { 'content-length': 40 * MIB } })
    upload.on('error', () => undefined)
    await new Promise((resolve) => upload.write(Buffer.alloc(mib * MIB), resolve))
    if (mib > 8) await expect.poll(() => uploadsInProgress(prefix)).toBe(1)
    upload.destroy()
    await new Promise((resolve) => upload.once('close', resolve))
    await expect.poll(() => uploadsInProgress(prefix)).toBe(0)
    await app.close()
    expect(await keys(prefix)).toEqual([])
  })

  it('are no larger than the operator allows', async () => {
    const { app, prefix } = await s3App(s3, { maxUploadBytes: 10 * MIB })
    const chunks = Readable.from(Array.from({ length: 20 }, () => Buffer.alloc(MIB)))
    const { statusCode } = await app.inject({ method: 'PUT', url: `${ROUTE}/f`, payload: chunks })
    expect(statusCode).toBe(413)
    expect([await keys(prefix), await uploadsInProgress(prefix)]).toEqual([[], 0])
  })

  it('are read for the UI where the clients write them themselves', async () => {
    const root = `s3://${BUCKET}/direct`
    const { app } = await s3App(s3, { defaultArtifactRoot: root })
    const experiment_id = (await call(app, 'POST', 'experiments/create', { name: 'e' })).body.experiment_id
    const { info } = (await call(app, 'POST', 'runs/create', { experiment_id, start_time: 1 })).body.run
    expect(info.artifact_uri).toBe(`${root}/${experiment_id}/${info.run_id}/artifacts`)
    await store(`direct/${experiment_id}/${info.run_id}/artifacts/model/MLmodel`, 'flavor')
    const list = await call(app, 'GET', 'artifacts/list', { run_id: info.run_id, path: 'model' })
    expect(list.body).toEqual({
      root_uri: info.artifact_uri,
      files: [{ path: 'model/MLmodel', is_dir: false, file_size: 6 }],
    })
    const file = await app.inject({
      url: '/get-artifact',
      query: { run_id: info.run_id, path: 'model/MLmodel' },
    })
    expect([file.statusCode, file.body]).toEqual([200, 'flavor'])
  })

  it('hold experiments only below the roots that are allowed', async () => {
    const { app } = await s3App(s3, { allowedArtifactRoots: [`s3://${BUCKET}/mine`] })
    const create = (artifact_location: string) =>
      call(app, 'POST', 'experiments/create', { name: artifact_location, artifact_location })
    expect((await create(`s3://${BUCKET}/mine/a`)).status).toBe(200)
    for (const location of [`s3://${BUCKET}/minefield`, 's3://other/mine/a', `s3://${BUCKET}/mine/../x`]) {
      expect((await create(location)).status).toBe(400)
    }
  })
})
