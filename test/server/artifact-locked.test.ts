import { DeleteObjectCommand, ListObjectVersionsCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startLockedS3 } from '../support/locked-s3.ts'
import { BUCKET, type S3Server, s3Stores } from '../support/s3.ts'
import { keysBelow, MIB, ROUTE, s3App, uploadsBelow } from './s3-support.ts'
import { call } from './support.ts'

const API = '/api/2.0/mlflow-artifacts'
const LOCKED = { s3ObjectLock: true }

const [versitygw, ministack] = await s3Stores()
let s3: S3Server

function onLockedBucket(store: Awaited<ReturnType<typeof s3Stores>>[number] | undefined) {
  const start = store?.start
  beforeAll(async () => {
    if (!start) return
    s3 = await startLockedS3(start)
    Object.assign(process.env, s3.environment)
  })

  beforeEach(({ skip }) => skip(!start))

  afterAll(() => s3?.stop())
}

async function versionsBelow(prefix: string) {
  const { Versions = [], DeleteMarkers = [] } = await s3.client.send(
    new ListObjectVersionsCommand({ Bucket: BUCKET, Prefix: prefix }),
  )
  return { versions: Versions, markers: DeleteMarkers }
}

describe('artifacts of a bucket with Object Lock', () => {
  onLockedBucket(versitygw)

  it.each([0, 10, 8 * MIB - 1, 8 * MIB, 20 * MIB])('are sent with checksums at %i bytes', async (bytes) => {
    const { app, prefix } = await s3App(s3, LOCKED)
    const payload = Buffer.alloc(bytes, 'abcdefghijk')
    expect((await app.inject({ method: 'PUT', url: `${ROUTE}/f`, payload })).statusCode).toBe(200)
    expect((await app.inject(`${ROUTE}/f`)).rawPayload.equals(payload)).toBe(true)
    const { versions } = await versionsBelow(prefix)
    expect(versions.map(({ ChecksumAlgorithm }) => ChecksumAlgorithm)).toEqual([['SHA256']])
  })

  it('are not taken from a server that was not told, which says what to set', async () => {
    const { app, prefix } = await s3App(s3)
    for (const payload of ['small', Buffer.alloc(20 * MIB)]) {
      const { statusCode, body } = await app.inject({ method: 'PUT', url: `${ROUTE}/f`, payload })
      expect([statusCode, body]).toEqual([500, expect.stringContaining('set TRACKYARD_S3_OBJECT_LOCK')])
    }
    const { body } = await call(app, 'POST', `${API}/mpu/create/x`, { path: 'f' })
    const part = await fetch(body.credentials[0].url, { method: 'PUT', body: 'bytes' })
    expect([part.status, await part.text()]).toEqual([400, expect.stringContaining('x-amz-checksum-')])
    await call(app, 'POST', `${API}/mpu/abort/x`, { path: 'f', upload_id: body.upload_id })
    expect([await keysBelow(s3, prefix), await uploadsBelow(s3, prefix)]).toEqual([[], 0])
  })

  it('are downloaded by signed URLs, and uploaded by none', async () => {
    const { app } = await s3App(s3, LOCKED)
    const info = await call(app, 'GET', '/api/3.0/mlflow/server-info')
    expect(info.body).toMatchObject({ multipart_uploads_enabled: false, multipart_downloads_enabled: true })
    expect((await call(app, 'POST', `${API}/mpu/create/x`, { path: 'f' })).status).toBe(501)
    await app.inject({ method: 'PUT', url: `${ROUTE}/f`, payload: 'bytes' })
    const { body } = await call(app, 'GET', `${API}/presigned/f`)
    expect(await (await fetch(body.url)).text()).toBe('bytes')
  })
})

// versitygw cannot delete a folder's own key where it keeps versions.
describe('what is collected of a bucket with Object Lock', () => {
  onLockedBucket(ministack)

  it('is gone for clients, and stays in the bucket until its time is over', async () => {
    const { app, prefix } = await s3App(s3, LOCKED)
    const { run_id, artifact_uri } = (await call(app, 'POST', 'runs/create', { experiment_id: '0' })).body.run
      .info
    const url = `${artifact_uri.replace('mlflow-artifacts:', ROUTE)}/model.pkl`
    for (const payload of ['first', 'second']) await app.inject({ method: 'PUT', url, payload })
    expect((await app.inject(url)).body).toBe('second')
    await call(app, 'POST', 'runs/delete', { run_id })
    const collected = await call(app, 'POST', '/api/2.0/trackyard/gc', { dry_run: false })
    expect(collected.body.items).toMatchObject([{ kind: 'RUN', id: run_id }])
    expect(collected.body.items[0].kept_because).toBeUndefined()
    expect([(await app.inject(url)).statusCode, await keysBelow(s3, prefix)]).toEqual([404, []])

    const { versions, markers } = await versionsBelow(prefix)
    expect(versions).toHaveLength(2)
    expect(markers.map(({ Key }) => Key)).toContain(versions[0]?.Key)
    for (const { Key, VersionId } of versions) {
      const forGood = new DeleteObjectCommand({ Bucket: BUCKET, Key, VersionId })
      await expect(s3.client.send(forGood)).rejects.toThrow('object protected by object lock')
    }
  })
})
