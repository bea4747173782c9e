import { once } from 'node:events'
import { request, type ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BUCKET, type S3Server, s3Program, startS3 } from '../support/s3.ts'
import { type Fault, faultyS3, isComplete, refuse } from './faulty-s3.ts'
import { keysBelow, MIB, ROUTE, s3App, settingsOf, storeObject, uploadsBelow } from './s3-support.ts'
import { testContext } from './support.ts'

const program = await s3Program()
let s3: S3Server

beforeAll(async () => {
  if (program) s3 = await startS3(program)
  Object.assign(process.env, s3?.environment)
})

afterAll(() => s3?.stop())

const PRESIGNED = '/api/2.0/mlflow-artifacts/presigned'

const isPart = (path: string, number: number) => path.includes(`partNumber=${number}`)

describe.skipIf(!program)('an upload to an S3', () => {
  async function upload(fault: Fault, bytes = 20 * MIB) {
    const { app, prefix } = await s3App(s3, { s3EndpointUrl: await faultyS3(s3, fault) })
    const payload = Buffer.alloc(bytes)
    const { statusCode, headers, body } = await app.inject({ method: 'PUT', url: `${ROUTE}/f`, payload })
    const left = [await keysBelow(s3, prefix), await uploadsBelow(s3, prefix)]
    return { statusCode, headers, body, left }
  }

  it.each([
    [500, 'InternalError'],
    [503, 'SlowDown'],
  ])('that answers %i %s once goes on', async (status, code) => {
    let answered = false
    const { statusCode } = await upload((path, _method, response) => {
      if (answered || !isPart(path, 2)) return false
      answered = true
      return refuse(response, status, code)
    })
    expect([answered, statusCode]).toEqual([true, 200])
  })

  it.each([
    [503, 'SlowDown', 503],
    [403, 'AccessDenied', 500],
    [400, 'ExpiredToken', 503],
  ])('that answers %i %s for good is a %i, and leaves nothing', async (status, code, told) => {
    const { statusCode, headers, body, left } = await upload((path, _method, response) =>
      isPart(path, 2) ? refuse(response, status, code) : false,
    )
    expect([statusCode, headers['retry-after']]).toEqual([told, told === 503 ? '1' : undefined])
    expect(body).not.toMatch(/says S3|Signature|AccessKey/)
    expect(left).toEqual([[], 0])
  })

  it('that hangs up in the middle of a part is asked again', async () => {
    let cuts = 0
    const { statusCode } = await upload((path, _method, response) => {
      if (cuts > 0 || !isPart(path, 2)) return false
      cuts++
      response.destroy()
      return true
    })
    expect([cuts, statusCode]).toEqual([1, 200])
  })

  it('that fails to complete it leaves nothing', async () => {
    const { statusCode, left } = await upload((path, method, response) =>
      isComplete(path, method) ? refuse(response, 500, 'InternalError') : false,
    )
    expect([statusCode, left]).toEqual([503, [[], 0]])
  })

  it('has 32 MiB of one on their way at once, and a part of any other', async () => {
    const held = Promise.withResolvers<boolean>()
    let parts = 0
    const hold: Fault = (path) => {
      if (!path.includes('partNumber=')) return false
      parts++
      return held.promise
    }
    const first = upload(hold, 100 * MIB)
    await expect.poll(() => parts).toBe(4)
    const second = upload(hold, 30 * MIB)
    await expect.poll(() => parts).toBe(5)
    await delay(200)
    expect(parts).toBe(5)
    held.resolve(false)
    expect([(await first).statusCode, (await second).statusCode]).toEqual([200, 200])
    expect(parts).toBe(13 + 4)
  })

  it('whose answer to its end is lost, and that knows of no upload when it is asked again, has the file', async () => {
    let completed = 0
    const { statusCode, left } = await upload((path, method, response) => {
      if (!isComplete(path, method)) return false
      if (completed++ > 0) return refuse(response, 404, 'NoSuchUpload')
      response.writeHead = () => response.destroy()
      return false
    })
    expect([completed, statusCode, left]).toEqual([2, 200, [[expect.stringMatching(/\/f$/)], 0]])
  })

  it('that knows of no upload at its end, and has no such file, wants it again', async () => {
    const { statusCode, left } = await upload((path, method, response) =>
      isComplete(path, method) ? refuse(response, 404, 'NoSuchUpload') : false,
    )
    expect([statusCode, left]).toEqual([503, [[], 0]])
  })
})

describe.skipIf(!program)('a read of an S3', () => {
  /** The download of a file of which S3 has told the length, and whose bytes it answers so. */
  async function downloadFrom(answer: (response: ServerResponse) => void) {
    const s3EndpointUrl = await faultyS3(s3, (path, method, response) => {
      if (method !== 'GET' || !path.includes('/there')) return false
      answer(response)
      return true
    })
    const { app, prefix } = await s3App(s3, { s3EndpointUrl })
    await storeObject(s3, `${prefix}/there`, 'x'.repeat(1_000))
    return app.inject(`${ROUTE}/there`)
  }

  it.each([
    [403, 'AccessDenied', 500, 'INTERNAL_ERROR'],
    [404, 'NoSuchBucket', 500, 'INTERNAL_ERROR'],
    [403, 'SignatureDoesNotMatch', 500, 'INTERNAL_ERROR'],
    [503, 'SlowDown', 503, 'TEMPORARILY_UNAVAILABLE'],
  ])('that answers %i %s is a %i in words', async (status, code, told, error_code) => {
    let isOpen = false
    const s3EndpointUrl = await faultyS3(
      s3,
      (_path, _method, response) => isOpen && refuse(response, status, code),
    )
    const { app } = await s3App(s3, { s3EndpointUrl })
    isOpen = true
    const { statusCode, body } = await app.inject({ url: ROUTE, query: { path: 'x' } })
    expect([statusCode, JSON.parse(body)]).toEqual([told, { error_code, message: expect.any(String) }])
    expect(body).not.toMatch(/says S3|not-a-secret/)
    expect((await app.inject('/readyz')).statusCode).toBe(503)
  })

  it.each([
    [403, 'AccessDenied', 500, 'INTERNAL_ERROR'],
    [404, 'NoSuchKey', 404, 'RESOURCE_DOES_NOT_EXIST'],
    [412, 'PreconditionFailed', 503, 'TEMPORARILY_UNAVAILABLE'],
    [500, 'InternalError', 503, 'TEMPORARILY_UNAVAILABLE'],
    [503, 'SlowDown', 503, 'TEMPORARILY_UNAVAILABLE'],
  ])('that tells of a file, then answers %i %s, is a %i in words', async (status, code, told, error_code) => {
    const { statusCode, headers, body } = await downloadFrom((response) => refuse(response, status, code))
    expect([statusCode, JSON.parse(body)]).toEqual([told, { error_code, message: expect.any(String) }])
    expect(headers['retry-after']).toBe(told === 503 ? '1' : undefined)
    for (const name of ['etag', 'last-modified', 'content-disposition', 'accept-ranges']) {
      expect(headers).not.toHaveProperty(name)
    }
    expect(body).not.toMatch(/says S3|Unexpected/)
  })

  it('that breaks off before the first byte is a 503', async () => {
    const { statusCode, body } = await downloadFrom((response) => {
      response.writeHead(206, { 'content-length': 1_000, etag: '"x"' })
      response.flushHeaders()
      setTimeout(() => response.destroy(), 20)
    })
    expect([statusCode, JSON.parse(body).error_code]).toEqual([503, 'TEMPORARILY_UNAVAILABLE'])
  })

  it('that breaks off is a broken download, never a whole one', async () => {
    const s3EndpointUrl = await faultyS3(s3, (path, method, response) => {
      if (method !== 'GET' || !path.includes('/cut')) return false
      response.writeHead(206, { 'content-length': 3 * MIB, etag: '"x"' })
      response.write(Buffer.alloc(2 * MIB), () => response.destroy())
      return true
    })
    const { app, prefix } = await s3App(s3, { s3EndpointUrl })
    await storeObject(s3, `${prefix}/cut`, 'x'.repeat(3 * MIB))
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    const response = await fetch(`${url}${ROUTE}/cut`)
    expect([response.status, response.headers.get('content-length')]).toEqual([200, String(3 * MIB)])
    await expect(response.arrayBuffer()).rejects.toThrow()
  })
})

describe.skipIf(!program)('a download from an S3', () => {
  it('ends there when its client goes half-way', async () => {
    const asked = Promise.withResolvers<ServerResponse>()
    const s3EndpointUrl = await faultyS3(s3, (path, method, response) => {
      if (method === 'GET' && path.includes('/left')) asked.resolve(response)
      return false
    })
    const { app, prefix } = await s3App(s3, { s3EndpointUrl })
    await storeObject(s3, `${prefix}/left`, 'x'.repeat(40 * MIB))
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    const sent = request(`${url}${ROUTE}/left`).end()
    await once(sent, 'response')
    const answer = await asked.promise
    sent.destroy()
    if (!answer.closed) await once(answer, 'close')
    expect(answer.writableFinished).toBe(false)
  })
})

describe.skipIf(!program)('a read of a large object in S3', () => {
  it.each([1, 3])('has its memory again and again, by %i at once', async (readers) => {
    await storeObject(s3, 'large/f', 'x'.repeat(64 * MIB))
    const { artifacts } = await testContext(settingsOf(s3, 'large'))
    const before = process.memoryUsage().arrayBuffers
    let most = 0
    const reads = Array.from({ length: readers }, async () => {
      const file = await artifacts.get('f')
      for await (const _batch of file.read())
        most = Math.max(most, process.memoryUsage().arrayBuffers - before)
    })
    await Promise.all(reads)
    expect(most).toBeLessThan(readers * 6 * MIB)
  })
})

describe.skipIf(!program)('an S3 that gives another length than it said', () => {
  /** The answer of the server where S3 says 1000 bytes and gives others. */
  async function download(bytes: number): Promise<{ response: Response; url: string }> {
    const s3EndpointUrl = await faultyS3(s3, (path, method, response) => {
      if (method !== 'GET' || !path.includes('/wrong')) return false
      response.writeHead(206, { 'content-length': bytes, etag: '"x"' })
      response.end('y'.repeat(bytes))
      return true
    })
    const { app, prefix } = await s3App(s3, { s3EndpointUrl })
    await storeObject(s3, `${prefix}/wrong`, 'x'.repeat(1_000))
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    const response = await fetch(`${url}${ROUTE}/wrong`, { signal: AbortSignal.timeout(10_000) })
    return { response, url }
  }

  it('is a broken download where bytes are missing', async () => {
    const { response, url } = await download(400)
    await expect(response.arrayBuffer()).rejects.toThrow('terminated')
    expect((await fetch(`${url}/health`)).status).toBe(200)
  })

  it('is a 503 where there are too many', async () => {
    const { response, url } = await download(1_600)
    expect([response.status, await response.json()]).toEqual([
      503,
      { error_code: 'TEMPORARILY_UNAVAILABLE', message: expect.stringContaining('another length') },
    ])
    expect((await fetch(`${url}/health`)).status).toBe(200)
  })
})

describe.skipIf(!program)('an S3 that lists less than it has', () => {
  const page = (name: string, next: string) =>
    `<?xml version="1.0"?><ListBucketResult><IsTruncated>${next !== ''}</IsTruncated>${
      next && `<NextContinuationToken>${next}</NextContinuationToken>`
    }${name && `<Contents><Key>${name}</Key><Size>1</Size></Contents>`}</ListBucketResult>`

  it('at a time, or nothing in between, is asked until its end', async () => {
    let key = (name: string) => name
    const s3EndpointUrl = await faultyS3(s3, (path, _method, response) => {
      const { searchParams } = new URL(path, s3.url)
      if (searchParams.get('delimiter') !== '/') return false
      const token = searchParams.get('continuation-token') ?? 'first'
      const [name = '', next = ''] = { first: ['a', 'empty'], empty: ['', 'last'], last: ['b'] }[token] ?? []
      response.writeHead(200, { 'content-type': 'application/xml' })
      response.end(page(name && key(name), next))
      return true
    })
    const { app, prefix } = await s3App(s3, { s3EndpointUrl })
    key = (name) => `${prefix}/${name}`
    const { files } = (await app.inject(ROUTE)).json()
    expect(files.map(({ path }: { path: string }) => path)).toEqual(['a', 'b'])
  })
})

describe.skipIf(!program)('an S3 that lets the server list below its prefix only', () => {
  /** It tells of no object that is not there, so that nobody learns names which they may not list. */
  async function listedBelow(prefix: (of: string) => string = (own) => `${own}/`) {
    let below = ''
    const s3EndpointUrl = await faultyS3(s3, (path, method, response) => {
      const { searchParams } = new URL(path, s3.url)
      const listed = searchParams.get('prefix') ?? ''
      const isRefused = method === 'HEAD' || (searchParams.has('list-type') && !listed.startsWith(below))
      return isRefused && refuse(response, 403, 'AccessDenied')
    })
    const { app, prefix: own } = await s3App(s3, { s3EndpointUrl })
    below = prefix(own)
    await storeObject(s3, `${own}/model/data.bin`)
    return app
  }

  it.each([
    [`${ROUTE}/model/data`, 404],
    [`${ROUTE}/model`, 404],
    [`${ROUTE}/model/data.bin`, 500],
    [`${PRESIGNED}/model/data`, 404],
    [`${PRESIGNED}/`, 404],
    [`${ROUTE}/`, 404],
    [`${PRESIGNED}/model/data.bin`, 500],
  ])('%s, of a folder with model/data.bin, is a %i', async (url, status) => {
    const app = await listedBelow()
    const { statusCode, body } = await app.inject({ url })
    const error_code = status === 404 ? 'RESOURCE_DOES_NOT_EXIST' : 'INTERNAL_ERROR'
    expect([statusCode, JSON.parse(body)]).toEqual([status, { error_code, message: expect.any(String) }])
  })

  it('or not even there is an error, not an artifact that is missing', async () => {
    const app = await listedBelow(() => 'elsewhere/')
    expect((await app.inject(`${ROUTE}/model/data`)).statusCode).toBe(500)
  })
})

describe.skipIf(!program)('a server whose S3', () => {
  it('has no such bucket does not start, and says so', async () => {
    await expect(s3App(s3, { artifactsDestination: 's3://no-such-bucket/x' })).rejects.toThrow(
      /^MLFLOW_ARTIFACTS_DESTINATION="s3:\/\/no-such-bucket\/x": .*'no-such-bucket'.*there is no such bucket/,
    )
  })

  it('is not there does not start, and says so', async () => {
    const settings = { s3EndpointUrl: 'http://127.0.0.1:9', artifactsDestination: `s3://${BUCKET}/x` }
    await expect(s3App(s3, settings)).rejects.toThrow('S3 cannot be reached now')
  })
})
