/** An S3 that fails at what the server does of an upload whose bytes go past it. */
import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type S3Server, s3Program, startS3 } from '../support/s3.ts'
import { faultyS3, isComplete, refuse } from './faulty-s3.ts'
import { keysBelow, ROUTE, s3App, storeObject, uploadsBelow } from './s3-support.ts'

const program = await s3Program()
let s3: S3Server

beforeAll(async () => {
  if (program) s3 = await startS3(program)
  Object.assign(process.env, s3?.environment)
})

afterAll(() => s3?.stop())

const API = '/api/2.0/mlflow-artifacts'

const FAULTS = [
  [500, 'InternalError', 503],
  [503, 'SlowDown', 503],
  [403, 'AccessDenied', 500],
  // S3 begins its answer to a commit before it knows how that ends.
  [200, 'InternalError', 503],
] as const

type Of = (path: string, method: string) => boolean

const isCreate: Of = (path, method) => method === 'POST' && /[?&]uploads\b/.test(path)
const isAbort: Of = (path, method) => method === 'DELETE' && path.includes('uploadId=')
const isHead: Of = (_path, method) => method === 'HEAD'

interface Answer {
  readonly statusCode: number
  readonly headers: Record<string, unknown>
  readonly body: string
}

/** A server whose S3 has the fault at some calls until it recovers. */
async function serverWith(isFaulty: Of, answer: (response: ServerResponse) => true) {
  let faulty = true
  const s3EndpointUrl = await faultyS3(
    s3,
    (path, method, response) => faulty && isFaulty(path, method) && answer(response),
  )
  const { app, prefix } = await s3App(s3, { s3EndpointUrl })
  const post = async (call: string, payload: object) => {
    const url = `${API}/mpu/${call}/model`
    return app.inject({ method: 'POST', url, payload })
  }
  return {
    app,
    prefix,
    post,
    recover: () => {
      faulty = false
    },
    left: async () => [await keysBelow(s3, prefix), await uploadsBelow(s3, prefix)],
  }
}

/** An upload of which all parts are there, as the calls that end it name it. */
async function uploaded(post: Awaited<ReturnType<typeof serverWith>>['post']) {
  const { upload_id, credentials } = (await post('create', { path: 'f' })).json()
  const response = await fetch(credentials[0].url, { method: 'PUT', body: 'bytes' })
  const parts = [{ part_number: 1, etag: response.headers.get('etag') }]
  return { path: 'f', upload_id, parts }
}

function expectInWords({ statusCode, headers, body }: Answer, told: number): void {
  const error_code = told === 503 ? 'TEMPORARILY_UNAVAILABLE' : 'INTERNAL_ERROR'
  expect([statusCode, headers['retry-after'], JSON.parse(body)]).toEqual([
    told,
    told === 503 ? '1' : undefined,
    { error_code, message: expect.stringMatching(/S3|bucket/) },
  ])
  expect(body).not.toMatch(/says S3|Signature|AccessKey/)
}

// Only to the end of an upload it says 200 before it knows.
const REFUSALS = FAULTS.filter(([status]) => status !== 200)

describe.skipIf(!program).each(REFUSALS)('an S3 that answers %i %s', (status, code, told) => {
  const fault = (response: ServerResponse) => refuse(response, status, code)

  it(`to the beginning of an upload in parts is a ${told}, and nothing begins`, async () => {
    const { post, left } = await serverWith(isCreate, fault)
    expectInWords(await post('create', { path: 'f', num_parts: 3 }), told)
    expect(await left()).toEqual([[], 0])
  })

  it(`to its abort is a ${told}, and the client may say it again`, async () => {
    const { post, left, recover } = await serverWith(isAbort, fault)
    const upload = await uploaded(post)
    expectInWords(await post('abort', upload), told)
    recover()
    expect((await post('abort', upload)).statusCode).toBe(200)
    expect(await left()).toEqual([[], 0])
  })

  it(`to the question for a file whose URL is asked for is a ${told}`, async () => {
    const { app, prefix } = await serverWith(isHead, fault)
    await storeObject(s3, `${prefix}/there`)
    expectInWords(await app.inject(`${API}/presigned/there`), told)
  })
})

describe.skipIf(!program).each(FAULTS)('an S3 that answers %i %s', (status, code, told) => {
  const fault = (response: ServerResponse) => refuse(response, status, code)

  it(`to its end is a ${told}, and the client may say it again`, async () => {
    const { app, prefix, post, left, recover } = await serverWith(isComplete, fault)
    const upload = await uploaded(post)
    expectInWords(await post('complete', upload), told)
    expect(await left()).toEqual([[], 1])
    recover()
    expect((await post('complete', upload)).statusCode).toBe(200)
    expect(await left()).toEqual([[`${prefix}/model/f`], 0])
    expect((await app.inject(`${ROUTE}/model/f`)).body).toBe('bytes')
  })

  it('to its end leaves nothing once the client gives up', async () => {
    const { post, left } = await serverWith(isComplete, fault)
    const upload = await uploaded(post)
    expectInWords(await post('complete', upload), told)
    expect((await post('abort', upload)).statusCode).toBe(200)
    expect(await left()).toEqual([[], 0])
  })
})
