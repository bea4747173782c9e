import { once } from 'node:events'
import { readdir, readFile, readlink, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import type { FastifyInstance, InjectOptions } from 'fastify'
import { describe, expect, it } from 'vitest'
import { rawSender } from '../artifacts/raw-http.ts'
import { filesBelow } from '../artifacts/support.ts'
import { slowRoundTrip } from './slow-round-trip.ts'
import { temporaryFolder, testApp } from './support.ts'

const ROUTE = '/api/2.0/mlflow-artifacts/artifacts'

async function put(app: FastifyInstance, path: string, payload: string | Buffer = 'hi') {
  return app.inject({ method: 'PUT', url: `${ROUTE}/${path}`, payload })
}

async function get(app: FastifyInstance, path: string, headers: InjectOptions['headers'] = {}) {
  return app.inject({ url: `${ROUTE}/${path}`, headers })
}

/** The files that this process has open there. */
async function openBelow(folder: string): Promise<string[]> {
  const open = await readdir('/proc/self/fd')
  const paths = await Promise.all(open.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')))
  return paths.filter((path) => path.startsWith(folder))
}

/** A server whose artifact folder lies beside a file that no answer may show and no request may touch. */
async function appBesideSecret() {
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'canary'), 'CANARY')
  const app = await testApp({ artifactsDestination: join(folder, 'artifacts') })
  return { send: await rawSender(app), folder }
}

describe('the artifact proxy', () => {
  it('keeps a file under the path it was sent to, and gives it back as a download', async () => {
    const folder = await temporaryFolder()
    const app = await testApp({ artifactsDestination: folder })
    const uploaded = await put(app, '1/run/artifacts/metrics.json', '{"a":1}')
    expect([uploaded.statusCode, uploaded.body]).toEqual([200, ''])
    expect(await readFile(join(folder, '1/run/artifacts/metrics.json'), 'utf8')).toBe('{"a":1}')

    const response = await get(app, '1/run/artifacts/metrics.json')
    expect(response.body).toBe('{"a":1}')
    expect(response.headers).toMatchObject({
      'content-type': 'text/plain',
      'content-disposition': 'attachment; filename=metrics.json',
      'content-length': '7',
      'accept-ranges': 'bytes',
      'x-content-type-options': 'nosniff',
      'content-security-policy': 'sandbox',
      etag: expect.stringMatching(/^"[\w-]+"$/),
      'last-modified': expect.stringMatching(/GMT$/),
    })
  })

  it.each(['application/json', 'text/html', '<script>', 'a', undefined])(
    'takes bytes of type %s',
    async (type) => {
      const app = await testApp()
      const sent = { method: 'PUT', url: `${ROUTE}/f`, payload: Buffer.from([0, 255, 10]) } as const
      const response = await app.inject({ ...sent, headers: { 'content-type': type } })
      expect(response.statusCode).toBe(200)
      expect((await get(app, 'f')).rawPayload).toEqual(sent.payload)
    },
  )

  it('gives a client that takes its time every byte as it came', async () => {
    const [up, down] = await slowRoundTrip(await testApp(), `${ROUTE}/large.bin`)
    expect(down).toBe(up)
  })

  it('closes the file when its client goes half-way', async () => {
    const folder = await temporaryFolder()
    const app = await testApp({ artifactsDestination: folder })
    await put(app, 'large.bin', Buffer.alloc(30_000_000))
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    const sent = request(`${url}${ROUTE}/large.bin`).end()
    await once(sent, 'response')
    expect(await openBelow(folder)).toEqual([`${folder}/large.bin`])
    sent.destroy()
    await expect.poll(() => openBelow(folder)).toEqual([])
  })

  it('takes an empty file', async () => {
    const app = await testApp()
    expect((await app.inject({ method: 'PUT', url: `${ROUTE}/empty` })).statusCode).toBe(200)
    const response = await get(app, 'empty')
    expect([response.statusCode, response.headers['content-length']]).toEqual([200, '0'])
  })

  it('lists entries relative to the listed directory, and an absent one as nothing', async () => {
    const app = await testApp()
    await put(app, '1/run/artifacts/b.txt', 'four')
    await put(app, '1/run/artifacts/a/c.txt')
    const list = async (path: string) => (await app.inject({ url: ROUTE, query: { path } })).json()
    expect(await list('1/run/artifacts')).toEqual({
      files: [
        { path: 'a', is_dir: true },
        { path: 'b.txt', is_dir: false, file_size: 4 },
      ],
    })
    expect(await list('1/run/artifacts/b.txt')).toEqual({})
    expect(await list('2')).toEqual({})
    expect((await app.inject(ROUTE)).json()).toEqual({ files: [{ path: '1', is_dir: true }] })
  })

  it('deletes a file or a tree, also one that is not there', async () => {
    const app = await testApp()
    await put(app, 'r/a/b')
    for (const path of ['r/a', 'r/a']) {
      const response = await app.inject({ method: 'DELETE', url: `${ROUTE}/${path}` })
      expect([response.statusCode, response.body]).toEqual([200, '{}'])
    }
    expect((await get(app, 'r/a/b')).statusCode).toBe(404)
  })

  it('says which artifact is missing', async () => {
    const response = await get(await testApp(), 'r/no.txt')
    expect(response.statusCode).toBe(404)
    expect(response.json()).toEqual({
      error_code: 'RESOURCE_DOES_NOT_EXIST',
      message: "No such artifact: 'r/no.txt'",
    })
  })

  it('answers 400 for a directory', async () => {
    const app = await testApp()
    await put(app, 'r/f')
    for (const path of ['r', 'r/', '']) expect((await get(app, path)).statusCode).toBe(400)
    expect((await put(app, 'r')).statusCode).toBe(400)
    expect((await put(app, 'r/')).statusCode).toBe(400)
  })

  it.each(['with%20space.txt', '%C3%BC%E6%97%A5.txt', '100%25.txt', 'a+b&c=d;e.txt'])(
    'keeps the name %s',
    async (name) => {
      const app = await testApp()
      await put(app, `r/${name}`)
      expect((await app.inject({ url: ROUTE, query: { path: 'r' } })).json().files).toEqual([
        { path: decodeURIComponent(name), is_dir: false, file_size: 2 },
      ])
      expect((await get(app, `r/${name}`)).body).toBe('hi')
    },
  )

  it('answers HEAD without a body, on both prefixes', async () => {
    const app = await testApp()
    await put(app, 'f', '12345')
    for (const prefix of ['/api', '/ajax-api']) {
      const response = await app.inject({ method: 'HEAD', url: `${prefix}/2.0/mlflow-artifacts/artifacts/f` })
      expect([response.statusCode, response.headers['content-length'], response.body]).toEqual([200, '5', ''])
    }
  })

  it('answers uploads and downloads below a static prefix and without it, the rest below it only', async () => {
    const app = await testApp({ staticPrefix: '/ml' })
    expect((await put(app, 'f')).statusCode).toBe(200)
    expect((await app.inject(`/ml${ROUTE}/f`)).body).toBe('hi')
    expect((await get(app, 'f')).body).toBe('hi')
    expect((await app.inject({ method: 'DELETE', url: `${ROUTE}/f` })).statusCode).toBe(404)
    expect((await app.inject({ method: 'DELETE', url: `/ml${ROUTE}/f` })).statusCode).toBe(200)
  })

  it('says that it stores no artifacts, with a status no client asks again for', async () => {
    const app = await testApp({ serveArtifacts: false })
    for (const response of [
      await put(app, 'f'),
      await get(app, 'f'),
      await app.inject(ROUTE),
      await app.inject({ method: 'DELETE', url: `${ROUTE}/f` }),
    ]) {
      expect(response.statusCode).toBe(501)
      expect(response.json()).toMatchObject({ error_code: 'NOT_IMPLEMENTED' })
    }
  })

  it('answers 501 for multipart uploads and presigned URLs, which the stock client then does without', async () => {
    const app = await testApp()
    for (const step of ['create', 'complete', 'abort']) {
      const response = await app.inject({
        method: 'POST',
        url: `/api/2.0/mlflow-artifacts/mpu/${step}/1/run`,
        // The client sends the path that the file has on its machine.
        payload: { path: '/home/me/f', num_parts: 1, parts: [] },
      })
      expect(response.json()).toEqual({
        error_code: 'NOT_IMPLEMENTED',
        message: 'Multipart upload is not supported for the current artifact repository',
      })
    }
    expect((await app.inject('/api/2.0/mlflow-artifacts/presigned/1/f')).statusCode).toBe(501)
  })
})

describe('a part of an artifact', () => {
  it.each([
    ['bytes=0-3', 206, '0123', 'bytes 0-3/10'],
    ['bytes=7-', 206, '789', 'bytes 7-9/10'],
    ['bytes=-2', 206, '89', 'bytes 8-9/10'],
    ['bytes=-99', 206, '0123456789', 'bytes 0-9/10'],
    ['bytes=8-99', 206, '89', 'bytes 8-9/10'],
    ['bytes=10-', 416, '', 'bytes */10'],
    ['bytes=-0', 416, '', 'bytes */10'],
    ['bytes=9-1', 200, '0123456789', undefined],
    ['bytes=0-1,3-4', 200, '0123456789', undefined],
    ['chars=0-1', 200, '0123456789', undefined],
    ['bytes=-', 200, '0123456789', undefined],
    [`bytes=${'0-9,'.repeat(2000)}0-9`, 200, '0123456789', undefined],
  ])('for %s', async (range, status, body, contentRange) => {
    const app = await testApp()
    await put(app, 'f', '0123456789')
    const response = await get(app, 'f', { range })
    expect([response.statusCode, response.body, response.headers['content-range']]).toEqual([
      status,
      body,
      contentRange,
    ])
    expect(response.headers['content-length']).toBe(String(body.length))
  })

  it('is the whole when the file is another one than the client has', async () => {
    const app = await testApp()
    await put(app, 'f', '0123456789')
    const { etag } = (await get(app, 'f')).headers
    const range = 'bytes=0-1'
    expect((await get(app, 'f', { range, 'if-range': etag })).body).toBe('01')
    expect((await get(app, 'f', { range, 'if-range': '"other"' })).body).toBe('0123456789')
  })
})

describe('an artifact the client already has', () => {
  it('is not sent again', async () => {
    const app = await testApp()
    await put(app, 'f')
    const { etag, 'last-modified': modified } = (await get(app, 'f')).headers
    for (const headers of [
      { 'if-none-match': etag },
      { 'if-none-match': `"other", W/${etag}` },
      { 'if-modified-since': modified },
    ]) {
      const response = await get(app, 'f', headers)
      expect([response.statusCode, response.body, response.headers.etag]).toEqual([304, '', etag])
    }
  })

  it('is sent when it has changed since', async () => {
    const app = await testApp()
    await put(app, 'f')
    const { 'last-modified': modified } = (await get(app, 'f')).headers
    expect((await get(app, 'f', { 'if-none-match': '"other"', 'if-modified-since': modified })).body).toBe(
      'hi',
    )
    const longAgo = new Date(0).toUTCString()
    expect((await get(app, 'f', { 'if-modified-since': longAgo })).body).toBe('hi')
  })
})

/** What the judge of paths says: a store behind it that refuses too has other words. */
const REFUSED = { error_code: 'INVALID_PARAMETER_VALUE', message: 'Invalid path' }

describe('attacks on the artifact proxy', () => {
  const climbs = (target: string) => [
    `../${target}`,
    `..%2f${target}`,
    `..%252f${target}`,
    `%2e%2e/${target}`,
    `%252E%252E%252F${target}`,
    `%25252e%25252e%25252f${target}`,
    `a/../../${target}`,
    `..%5c${target}`,
    `ok%00/../${target}`,
    `a%23/../../${target}`,
  ]

  it('A03: does not read outside its folder', async () => {
    const { send, folder } = await appBesideSecret()
    for (const path of [...climbs('canary'), `/${folder}/canary`, `%2f${folder}/canary`]) {
      const { status, body } = await send('GET', `${ROUTE}/${path}`)
      expect([path, status, JSON.parse(body)]).toEqual([path, 400, REFUSED])
    }
  })

  it('A04: does not list outside its folder', async () => {
    const { send } = await appBesideSecret()
    const paths = [
      '../..',
      '/',
      'C:/',
      '..%2f..%2f',
      '%252e%252e',
      '%25252e%25252e',
      'file:///',
      'a%5c..%5c..',
    ]
    for (const path of [...paths, '..']) {
      const { status, body } = await send('GET', `${ROUTE}?path=${path}`)
      expect([path, status, JSON.parse(body)]).toEqual([path, 400, REFUSED])
    }
  })

  it('A05: does not write outside its folder', async () => {
    const { send, folder } = await appBesideSecret()
    for (const path of [...climbs('pwned'), `/${folder}/pwned`, `%2f${folder}/pwned`]) {
      const { status, body } = await send('PUT', `${ROUTE}/${path}`, 'x')
      expect([path, status, JSON.parse(body)]).toEqual([path, 400, REFUSED])
    }
    expect(await filesBelow(folder)).toEqual(['canary'])
  })

  it('A07: does not delete outside its folder, nor the folder itself', async () => {
    const { send, folder } = await appBesideSecret()
    await send('PUT', `${ROUTE}/kept`, 'x')
    for (const path of [...climbs('canary'), '..', '%2e%2e', `%2f${folder}/canary`]) {
      const { status, body } = await send('DELETE', `${ROUTE}/${path}`)
      expect([path, status, JSON.parse(body)]).toEqual([path, 400, REFUSED])
    }
    for (const path of ['.', '', './'])
      expect([path, (await send('DELETE', `${ROUTE}/${path}`)).status]).toEqual([path, 400])
    expect(await filesBelow(folder)).toEqual(['artifacts/kept', 'canary'])
  })

  it('A19: gives no upload credentials for a path that climbs', async () => {
    const app = await testApp()
    const create = (folder: string, path: string) =>
      app.inject({
        method: 'POST',
        url: `/api/2.0/mlflow-artifacts/mpu/create/${folder}`,
        payload: { path, num_parts: 1 },
      })
    for (const folder of ['..%2f..%2fx', '%252e%252e', '%2fetc']) {
      const response = await create(folder, 'f')
      expect([folder, response.statusCode, response.json()]).toEqual([folder, 400, REFUSED])
    }
    for (const name of ['..', 'a/..', '%2e%2e', 'a%2f..%2f..%2ff', '%252e%252e%252ff', 'a\\..', 'f\0']) {
      const response = await create('1/run', name)
      expect([name, response.statusCode, response.json()]).toEqual([name, 400, REFUSED])
    }
  })

  it.each(['x.html', 'x.svg', 'x.xml', 'x.htm', 'x.xhtml'])('A38: never shows %s as a page', async (name) => {
    const app = await testApp()
    await put(app, name, '<script>1</script>')
    const { headers } = await get(app, name)
    expect(headers['content-disposition']).toBe(`attachment; filename=${name}`)
    expect(headers['x-content-type-options']).toBe('nosniff')
    expect(headers['content-security-policy']).toBe('sandbox')
  })

  it('A39: answers a path with markup as JSON', async () => {
    const app = await testApp()
    for (const path of ['<script>alert(1)</script>', '%3Cscript%3Ealert(1)%3C/script%3E', 'a%ff<script>']) {
      const response = await get(app, path)
      expect(response.statusCode).toBeLessThan(500)
      expect(response.headers['content-type']).toMatch(/^application\/json/)
      expect(response.json().error_code).toBeTypeOf('string')
    }
  })

  it('A40: lets no file name write a header', async () => {
    const app = await testApp()
    expect((await put(app, 'a%0d%0aSet-Cookie:%20pwn=1%22.txt')).statusCode).toBe(400)
    await put(app, 'a%22;%20b=c%E2%80%A8.txt')
    const { headers } = await get(app, 'a%22;%20b=c%E2%80%A8.txt')
    expect(Object.keys(headers)).not.toContain('set-cookie')
    expect(headers['content-disposition']).toMatch(
      /^attachment; filename="a\\"; b=c\?.txt"; filename\*=UTF-8''a%22%3B%20b%3Dc%E2%80%A8.txt$/,
    )
  })

  it('A59: answers two thousand ranges with one body', async () => {
    const app = await testApp()
    await put(app, 'r.bin', 'z'.repeat(200_000))
    const range = `bytes=${Array.from({ length: 2000 }, () => '0-199999').join(',')}`
    const response = await get(app, 'r.bin', { range })
    expect([response.statusCode, response.rawPayload.length]).toEqual([200, 200_000])
  })
})
