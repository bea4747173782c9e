/** `trackyard gc` where artifacts are objects: nothing to rename, nothing that a folder's removal takes along. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { CreateMultipartUploadCommand } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { faultyS3 } from '../server/faulty-s3.ts'
import { keysBelow, storeObject, uploadsBelow } from '../server/s3-support.ts'
import { temporaryFolder } from '../server/support.ts'
import { REPOSITORY, run, startTrackyard } from '../support/mlflow.ts'
import { BUCKET, type S3Server, s3Program, startS3 } from '../support/s3.ts'
import { inherited } from '../support/server-process.ts'

const GC = join(REPOSITORY, 'bin/trackyard')
const FILES = ['MLmodel', 'model/a.txt', 'model/b/c.txt']

const program = await s3Program()
let s3: S3Server

beforeAll(async () => {
  if (program) s3 = await startS3(program)
})

afterAll(() => s3?.stop())

/** A stopped server with deleted runs and one that is not, below a prefix of their own. */
async function withDeletedRuns(prefix: string, count: number) {
  const folder = await temporaryFolder()
  const environment = {
    ...s3.environment,
    MLFLOW_BACKEND_STORE_URI: `sqlite:///${join(folder, 'mlflow.db')}`,
    MLFLOW_ARTIFACTS_DESTINATION: `s3://${BUCKET}/${prefix}`,
  }
  const server = await startTrackyard({ folder, environment })
  const post = async (path: string, json: object) => {
    const headers = { 'content-type': 'application/json' }
    const url = `${server.url}/api/2.0/mlflow/${path}`
    const response = await fetch(url, { method: 'POST', body: JSON.stringify(json), headers })
    return response.json() as Promise<{ run: { info: { run_id: string } } }>
  }
  const ids: string[] = []
  for (let at = 0; at <= count; at++) {
    const { run_id } = (await post('runs/create', { experiment_id: '0' })).run.info
    for (const file of FILES) await storeObject(s3, `${prefix}/0/${run_id}/artifacts/${file}`)
    ids.push(run_id)
  }
  const [stays, ...deleted] = ids
  for (const run_id of deleted) await post('runs/delete', { run_id })
  await server.stop()
  const kept = FILES.map((file) => `${prefix}/0/${stays}/artifacts/${file}`)
  return { environment, deleted, kept, keys: () => keysBelow(s3, `${prefix}/`) }
}

describe.skipIf(!program)('trackyard gc with artifacts in S3', () => {
  it('removes the objects of deleted runs and no others, and lists orphans', async () => {
    const { environment, deleted, kept, keys } = await withDeletedRuns('collected', 2)
    await storeObject(s3, 'collected/0/f00d/artifacts/x')
    await storeObject(s3, 'collected/77/x')
    const listed = await run(GC, ['gc', '--orphans'], environment)
    for (const id of deleted) expect(listed).toContain(`would remove: run ${id}`)
    expect(listed.match(/^orphan: .*$/gm)).toEqual(['orphan: 0/f00d', 'orphan: 77'])
    expect(await keys()).toHaveLength(3 * FILES.length + 2)
    expect(await run(GC, ['gc', '--delete'], environment)).toContain('2 removed, 0 kept')
    expect((await keys()).sort()).toEqual([...kept, 'collected/0/f00d/artifacts/x', 'collected/77/x'].sort())
  }, 60_000)

  it('ends what it was killed at', async () => {
    const { environment, deleted, kept, keys } = await withDeletedRuns('killed', 40)
    const killed = spawn(GC, ['gc', '--delete'], { env: { ...inherited(), ...environment } })
    // Somewhere between the first run and the last.
    await once(killed.stdout, 'data')
    killed.kill('SIGKILL')
    await once(killed, 'close')
    const left = await run(GC, ['gc', '--orphans'], environment)
    const named = new Set(left.match(/\b[0-9a-f]{32}\b/g))
    expect(named.size).toBeGreaterThan(0)
    const withObjects = new Set((await keys()).map((key) => key.split('/')[2]))
    expect(deleted.filter((id) => withObjects.has(id) && !named.has(id))).toEqual([])
    expect(left).not.toContain('orphan')
    await run(GC, ['gc', '--delete'], environment)
    expect((await keys()).sort()).toEqual(kept.sort())
  }, 60_000)

  it('aborts uploads that nobody has ended for a day, below its prefix', async () => {
    const { environment } = await withDeletedRuns('begun', 0)
    const old = await beginUpload('begun/0/a/old b')
    const young = await beginUpload('begun/0/a/young')
    await beginUpload('begun-elsewhere/old')
    const s3OfTwoDays = await faultyS3(s3, (path, method, response) => {
      const { searchParams } = new URL(path, s3.url)
      if (method !== 'GET' || !searchParams.has('uploads')) return false
      const isSecond = searchParams.get('key-marker') === old.Key
      response.writeHead(searchParams.get('prefix') === 'begun/' ? 200 : 400)
      response.end(isSecond ? uploadsPage(young, 0, false) : uploadsPage(old, 2, true))
      return true
    })
    const later = { ...environment, MLFLOW_S3_ENDPOINT_URL: s3OfTwoDays }
    const listed = await run(GC, ['gc', '--uploads'], later)
    expect(listed.match(/^.*upload of.*$/gm)).toEqual([
      expect.stringMatching(/^would abort: upload of 0\/a\/old b, begun 2/),
    ])
    await run(GC, ['gc', '--uploads', '--delete'], environment)
    expect(await uploadsBelow(s3, 'begun')).toBe(3)
    const ended = await run(GC, ['gc', '--uploads', '--delete'], later)
    expect(ended).toContain('aborted: upload of 0/a/old b')
    expect(ended).not.toContain('young')
    expect([await uploadsBelow(s3, old.Key), await uploadsBelow(s3, 'begun')]).toEqual([0, 2])
  }, 60_000)

  it('removes nothing while S3 refuses it', async () => {
    const { environment, deleted, kept, keys } = await withDeletedRuns('away', 1)
    const refused = run(GC, ['gc', '--delete'], { ...environment, AWS_SECRET_ACCESS_KEY: 'wrong' })
    await expect(refused).rejects.toThrow('cannot be reached')
    expect(await keys()).toHaveLength(2 * FILES.length)
    const listed = await run(GC, ['gc', '--delete'], environment)
    expect(listed).toContain(deleted[0])
    expect(await keys()).toEqual(kept)
  }, 60_000)
})

async function beginUpload(Key: string): Promise<{ Key: string; UploadId: string }> {
  const command = new CreateMultipartUploadCommand({ Bucket: BUCKET, Key })
  const { UploadId = '' } = await s3.client.send(command)
  return { Key, UploadId }
}

/** What S3 answers of uploads in progress, with one a page. */
function uploadsPage(
  { Key, UploadId }: { Key: string; UploadId: string },
  daysAgo: number,
  isTruncated: boolean,
) {
  const begun = new Date(Date.now() - daysAgo * 86_400_000).toISOString()
  return `<?xml version="1.0"?><ListMultipartUploadsResult><IsTruncated>${isTruncated}</IsTruncated>
    <NextKeyMarker>${Key}</NextKeyMarker><NextUploadIdMarker>${UploadId}</NextUploadIdMarker>
    <Upload><Key>${Key}</Key><UploadId>${UploadId}</UploadId><Initiated>${begun}</Initiated></Upload>
    </ListMultipartUploadsResult>`
}
