/** A disk that has no space left under the database and the artifacts; only root can make one that small. */
import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { buildApp } from '../../server/app.ts'
import { filesBelow } from '../artifacts/support.ts'
import { call, temporaryFolder, testApp, testContext } from '../server/support.ts'

const isRoot = process.getuid?.() === 0
const ROUTE = '/api/2.0/mlflow-artifacts/artifacts'
const MIB = 1024 * 1024

async function appOnSmallDisk() {
  const folder = await temporaryFolder()
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder])
  onTestFinished(() => void execFileSync('umount', ['--lazy', folder]))
  const context = await testContext({
    backendStoreUri: `sqlite:///${folder}/mlflow.db`,
    artifactsDestination: join(folder, 'artifacts'),
  })
  const app = buildApp(context)
  onTestFinished(() => app.close())
  const { body } = await call(app, 'POST', 'runs/create', { experiment_id: '0' })
  return { app, folder, run_id: body.run.info.run_id as string }
}

it.skipIf(!isRoot)(
  'a write that finds no space for the database is told so, whole undone, and succeeds once there is space',
  async () => {
    const { app, run_id } = await appOnSmallDisk()
    await app.inject({ method: 'PUT', url: `${ROUTE}/ballast`, payload: Buffer.alloc(2 * MIB) })
    const params = (batch: number) =>
      Array.from({ length: 50 }, (_, at) => ({ key: `p${batch}-${at}`, value: 'x'.repeat(6_000) }))
    const log = (batch: number) => call(app, 'POST', 'runs/log-batch', { run_id, params: params(batch) })
    const kept = async () =>
      (await call(app, 'GET', 'runs/get', { run_id })).body.run.data.params?.length ?? 0

    let acknowledged = 0
    let answer = await log(acknowledged)
    for (; answer.status === 200; answer = await log(acknowledged)) acknowledged++
    expect(answer).toEqual({
      status: 503,
      body: {
        error_code: 'TEMPORARILY_UNAVAILABLE',
        message: 'No space is left where this server keeps its database.',
      },
    })
    expect(await kept()).toBe(50 * acknowledged)
    await app.inject({ method: 'DELETE', url: `${ROUTE}/ballast` })
    expect((await log(acknowledged)).status).toBe(200)
    expect(await kept()).toBe(50 * (acknowledged + 1))
  },
)

it.skipIf(!isRoot)(
  'an upload that finds no space is told so, leaves nothing, and succeeds once there is space',
  async () => {
    const { app, folder } = await appOnSmallDisk()
    const payload = Buffer.alloc(1.5 * MIB, 'a')
    const put = () => app.inject({ method: 'PUT', url: `${ROUTE}/0/model.bin`, payload })
    await writeFile(join(folder, 'ballast'), Buffer.alloc(2 * MIB))
    const refused = await put()
    expect([refused.statusCode, refused.json().message]).toEqual([
      503,
      'No space is left where this server keeps artifacts.',
    ])
    expect(refused.headers['retry-after']).toBeDefined()
    expect(await filesBelow(join(folder, 'artifacts'))).toEqual([])
    await writeFile(join(folder, 'ballast'), '')
    expect((await put()).statusCode).toBe(200)
    expect((await app.inject(`${ROUTE}/0/model.bin`)).rawPayload.equals(payload)).toBe(true)
  },
)

it.skipIf(!isRoot)(
  'artifacts on a disk that can only be read make the server not ready and are told so, until it can be written',
  async () => {
    const folder = await temporaryFolder()
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder])
    onTestFinished(() => void execFileSync('umount', ['--lazy', folder]))
    const app = await testApp({ artifactsDestination: folder })
    const put = () => app.inject({ method: 'PUT', url: `${ROUTE}/0/model.bin`, payload: 'x' })
    const statuses = async () => [
      (await app.inject('/health')).statusCode,
      (await app.inject('/readyz')).statusCode,
      (await put()).statusCode,
      (await app.inject(`${ROUTE}/0/model.bin`)).statusCode,
    ]
    expect(await statuses()).toEqual([200, 200, 200, 200])
    execFileSync('mount', ['-o', 'remount,ro', folder])
    expect(await statuses()).toEqual([200, 503, 503, 200])
    expect((await app.inject('/readyz')).json().artifacts).toMatch(/failed/)
    expect((await put()).json().message).toBe('This server cannot reach its artifacts now; its log says why.')
    execFileSync('mount', ['-o', 'remount,rw', folder])
    expect(await statuses()).toEqual([200, 200, 200, 200])
  },
)
