/** Several processes on one port, as users start them. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { symlink } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { temporaryFolder } from '../server/support.ts'
import { bundleInto } from '../support/bundle.ts'
import { REPOSITORY, startTrackyard } from '../support/mlflow.ts'
import { emptyMysqlDatabase, hasServer, mysqlQuery } from '../support/mysql.ts'
import { emptyDatabase, hasPostgres, query } from '../support/postgres.ts'
import { freePort, inherited, type RunningServer } from '../support/server-process.ts'

const TRACKYARD = join(REPOSITORY, 'bin/trackyard')

describe.skipIf(!hasPostgres())('trackyard server --workers', { timeout: 120_000 }, () => {
  it('loses no acknowledged write and goes on when a worker is killed under load', async () => {
    const { server, uri } = await start()
    await until(() => workersOf(server.pid).length === 3)
    const { run } = await post(server.url, 'runs/create', { experiment_id: '0' })
    const acknowledged: number[] = []
    let next = 0
    const writers = Array.from({ length: 8 }, async () => {
      while (acknowledged.length < 400) {
        const step = next++
        const body = { run_id: run.info.run_id, key: 'm', value: step, timestamp: step, step }
        const answer = await post(server.url, 'runs/log-metric', body).catch(() => undefined)
        if (answer) acknowledged.push(step)
        // While nobody listens, trying on at once would leave those that start no processor.
        else await delay(50)
      }
    })
    const killed: number[] = []
    for (const at of [100, 200, 300]) {
      await until(() => acknowledged.length >= at)
      const [victim = 0] = workersOf(server.pid).filter((pid) => !killed.includes(pid))
      process.kill(victim, 'SIGKILL')
      killed.push(victim)
    }
    await Promise.all(writers)
    const kept = new Set((await query(uri, 'select step::int from metrics')).map(({ step }) => step))
    expect(acknowledged.filter((step) => !kept.has(step))).toEqual([])
    await until(() => workersOf(server.pid).length === 3)
    expect(workersOf(server.pid).filter((pid) => killed.includes(pid))).toEqual([])
    expect(server.output().match(/a server process ended: starting another/g)).toHaveLength(3)
  })

  it('finishes what is in flight when it is told to end, and ends its workers', async () => {
    const { server } = await start()
    await until(() => workersOf(server.pid).length === 3)
    const workers = workersOf(server.pid)
    const upload = request(`${server.url}/api/2.0/mlflow-artifacts/artifacts/1/slow.bin`, { method: 'PUT' })
    const answered = once(upload, 'response')
    upload.write('first half, ')
    await delay(200)
    process.kill(server.pid, 'SIGTERM')
    await delay(200)
    await expect(fetch(`${server.url}/health`)).rejects.toThrow()
    upload.end('second half')
    const [response] = await answered
    expect(response.statusCode).toBe(200)
    await until(() => !workers.some(isRunning))
    expect(server.output()).not.toContain('"level":50')
  })

  it('leaves no worker behind when it is killed itself', async () => {
    const { server } = await start()
    await until(() => workersOf(server.pid).length === 3)
    const workers = workersOf(server.pid)
    process.kill(server.pid, 'SIGKILL')
    await until(() => !workers.some(isRunning))
  })

  it('makes an empty database once, and says so and where it listens once', async () => {
    const { server, uri } = await start()
    await until(() => workersOf(server.pid).length === 3)
    await delay(500)
    expect(server.output().match(/created the database schema/g)).toHaveLength(1)
    expect(server.output().match(/Server listening at/g)).toHaveLength(1)
    expect(await query(uri, 'select count(*)::int as made from experiments')).toEqual([{ made: 1 }])
  })

  it('runs from the bundle of the image, by the name it has there, and ends with exit code 0', async () => {
    const folder = await temporaryFolder()
    await symlink(await bundleInto(folder), join(folder, 'trackyard'))
    const port = await freePort()
    const child = spawn(
      process.execPath,
      [join(folder, 'trackyard'), 'server', '--port', String(port), '-w', '2'],
      {
        cwd: folder,
        env: { ...inherited(), MLFLOW_BACKEND_STORE_URI: await emptyDatabase() },
        stdio: 'ignore',
      },
    )
    onTestFinished(() => void child.kill('SIGKILL'))
    const ended = once(child, 'exit')
    await until(() => workersOf(child.pid as number).length === 2)
    await until(() =>
      fetch(`http://127.0.0.1:${port}/health`).then(
        ({ ok }) => ok,
        () => false,
      ),
    )
    child.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
  })
})

it.skipIf(!hasServer('MariaDB'))(
  'several processes serve MariaDB, and finish what is in flight',
  { timeout: 120_000 },
  async () => {
    const { server, uri } = await start(await emptyMysqlDatabase('MariaDB'), '2')
    await until(() => workersOf(server.pid).length === 2)
    const workers = workersOf(server.pid)
    const { run } = await post(server.url, 'runs/create', { experiment_id: '0' })
    const steps = Array.from({ length: 32 }, (_, step) => step)
    const log = (step: number) =>
      post(server.url, 'runs/log-metric', {
        run_id: run.info.run_id,
        key: 'm',
        value: step,
        timestamp: 1,
        step,
      })
    await Promise.all(steps.map(log))
    const upload = request(`${server.url}/api/2.0/mlflow-artifacts/artifacts/1/slow.bin`, { method: 'PUT' })
    const answered = once(upload, 'response')
    upload.write('first half, ')
    await delay(200)
    process.kill(server.pid, 'SIGTERM')
    await delay(200)
    upload.end('second half')
    expect((await answered)[0].statusCode).toBe(200)
    await until(() => !workers.some(isRunning))
    expect(server.output()).not.toContain('"level":50')
    expect(server.output().match(/created the database schema/g)).toHaveLength(1)
    expect(await mysqlQuery(uri, 'select step from metrics')).toHaveLength(32)
  },
)

it('says in one line that there is no database, and ends', async () => {
  const uri = `postgresql://me@127.0.0.1:${await freePort()}/x`
  const child = spawn(TRACKYARD, ['server', '--workers=2', '--backend-store-uri', uri], {
    cwd: await temporaryFolder(),
    env: inherited(),
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  expect(await once(child, 'close')).toEqual([1, null])
  expect(errors.trimEnd().split('\n')).toEqual([
    expect.stringMatching(/^trackyard: MLFLOW_BACKEND_STORE_URI names .*ECONNREFUSED/),
  ])
})

async function start(uri?: string, workers = '3'): Promise<{ server: RunningServer; uri: string }> {
  const database = uri ?? (await emptyDatabase())
  const environment = {
    MLFLOW_BACKEND_STORE_URI: database,
    MLFLOW_WORKERS: workers,
    TRACKYARD_LOG_LEVEL: 'info',
  }
  const server = await startTrackyard({ folder: await temporaryFolder(), environment })
  onTestFinished(() => server.stop())
  return { server, uri: database }
}

function workersOf(pid: number): number[] {
  const lines = execFileSync('ps', ['-e', '-o', 'pid=,ppid=,stat='], { encoding: 'utf8' }).trim().split('\n')
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([, parent, state]) => Number(parent) === pid && !state?.startsWith('Z'))
    .map(([own]) => Number(own))
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

// biome-ignore lint/suspicious/noExplicitAny: tests read answers of any shape
async function post(url: string, path: string, json: object): Promise<any> {
  const response = await fetch(`${url}/api/2.0/mlflow/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(json),
    signal: AbortSignal.timeout(10_000),
  })
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return response.json()
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('waited for 20 s in vain')
    await delay(20)
  }
}
