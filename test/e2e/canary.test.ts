/** `trackyard canary` against servers that ask who is there, well and broken. */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { glob, rm, writeFile } from 'node:fs/promises'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { temporaryFolder } from '../server/support.ts'
import { REPOSITORY, run, startTrackyard } from '../support/mlflow.ts'
import { freePort, inherited } from '../support/server-process.ts'

const TRACKYARD = join(REPOSITORY, 'bin/trackyard')

describe('trackyard canary', { timeout: 60_000 }, () => {
  it('logs a run and an artifact, reads them back, and leaves neither', async () => {
    const { url, folder, token, ask } = await lockedServer()
    for (let time = 0; time < 2; time++) {
      const { code, line } = await canary(url, token)
      expect(line).toMatchObject({ level: 30, msg: 'canary', canary: { failed: 0, ms: expect.any(Number) } })
      expect(Object.keys(line.canary.steps)).toEqual([
        ...['experiment', 'create_run', 'log', 'read', 'write_artifact', 'read_artifact', 'clean_up'],
      ])
      expect(code).toBe(0)
    }
    const { experiments } = await ask('experiments/search', { max_results: 10 })
    expect(experiments.map(({ name }: { name: string }) => name)).toEqual(['trackyard-canary', 'Default'])
    const [{ experiment_id }] = experiments
    const runs = async (run_view_type: string) =>
      (await ask('runs/search', { experiment_ids: [experiment_id], run_view_type })).runs ?? []
    expect(await runs('ACTIVE_ONLY')).toEqual([])
    expect(await runs('DELETED_ONLY')).toMatchObject([
      { info: { status: 'FINISHED' } },
      { info: { status: 'FINISHED' } },
    ])
    expect(await Array.fromAsync(glob(`${folder}/artifacts/**/*.bin`))).toEqual([])
  })

  it('deletes what a canary that was killed has left, and nothing else', async () => {
    const { url, token, ask } = await lockedServer()
    await canary(url, token)
    const [{ experiment_id }] = (await ask('experiments/search', { max_results: 1 })).experiments
    const tags = [{ key: 'trackyard.canary', value: 'true' }]
    const start = (run_name: string, ago: number, more: object) =>
      ask('runs/create', { experiment_id, run_name, start_time: Date.now() - ago, ...more })
    await start('left', 3_600_000, { tags })
    await start('at work', 60_000, { tags })
    await start("a person's", 3_600_000, {})
    await canary(url, token)
    const { runs } = await ask('runs/search', { experiment_ids: [experiment_id] })
    const names = runs.map(({ info }: { info: { run_name: string } }) => info.run_name)
    expect(names.toSorted()).toEqual(["a person's", 'at work'])
  })

  it('fails when the stack refuses its token', async () => {
    const { url } = await lockedServer()
    const { code, line } = await canary(url, `trackyard_${'0'.repeat(72)}`)
    expect(line.canary).toMatchObject({
      failed: 1,
      step: 'experiment',
      reason: expect.stringMatching(/^experiments\/get-by-name.* answers 401: /),
    })
    expect(code).toBe(1)
  })

  it('fails when artifacts cannot be written, and deletes its run all the same', async () => {
    const { url, folder, token, ask } = await lockedServer()
    await canary(url, token)
    await rm(`${folder}/artifacts`, { recursive: true })
    await writeFile(`${folder}/artifacts`, 'a file where the folder was')
    const { code, line } = await canary(url, token)
    expect(line.canary).toMatchObject({
      failed: 1,
      step: 'write_artifact',
      reason: expect.stringMatching(/^PUT of an artifact answers 400: Invalid path: .* a file is in its way/),
    })
    expect(code).toBe(1)
    const [{ experiment_id }] = (await ask('experiments/search', { max_results: 1 })).experiments
    expect(await ask('runs/search', { experiment_ids: [experiment_id] })).toEqual({})
  })

  it('fails when what it reads is not what it wrote', async () => {
    const { url, token } = await lockedServer()
    const between = createServer((incoming, outgoing) => {
      const { method, headers } = incoming
      const onward = request(url + incoming.url, { method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
        const isArtifact = incoming.url?.endsWith('canary.bin') && method === 'GET'
        answer.on('data', (bytes: Buffer) => outgoing.write(isArtifact ? bytes.fill(0) : bytes))
        answer.on('end', () => outgoing.end())
      })
      incoming.pipe(onward)
    })
    await once(between.listen(0, '127.0.0.1'), 'listening')
    onTestFinished(() => void between.close())
    const { line } = await canary(`http://127.0.0.1:${(between.address() as AddressInfo).port}`, token)
    expect(line.canary).toMatchObject({
      step: 'read_artifact',
      reason: 'the artifact that was read is not the one that was written',
    })
  })

  it('fails when nobody answers, says so to people too, and wants to know where to look', async () => {
    const url = `http://127.0.0.1:${await freePort()}`
    const reason = expect.stringMatching(/^no answer from http.*ECONNREFUSED.*; nobody listens there/)
    expect((await canary(url, '')).line.canary).toMatchObject({ failed: 1, step: 'experiment', reason })
    expect((await trackyard(['canary', '--url', url])).stdout).toMatch(
      /^failed: experiment: no answer from .* \(experiment \d+ ms\)\n$/,
    )
    expect((await trackyard(['canary'])).stderr).toMatch(/^trackyard: --url: which stack to try; see /)
  })
})

async function lockedServer() {
  const folder = await temporaryFolder()
  const environment = {
    MLFLOW_BACKEND_STORE_URI: `sqlite:///${folder}/mlflow.db`,
    MLFLOW_ARTIFACTS_DESTINATION: `${folder}/artifacts`,
    MLFLOW_APP_NAME: 'basic-auth',
    TRACKYARD_AUTH_DATABASE_URI: `sqlite:///${folder}/auth.db`,
    MLFLOW_AUTH_ADMIN_PASSWORD: 'a long enough password',
  }
  const { url, stop } = await startTrackyard({ folder, environment })
  onTestFinished(() => stop())
  const headers = {
    authorization: `Basic ${Buffer.from('admin:a long enough password').toString('base64')}`,
    'content-type': 'application/json',
  }
  // biome-ignore lint/suspicious/noExplicitAny: answers of any shape
  const ask = async (path: string, body: object): Promise<any> => {
    const sent = { method: 'POST', headers, body: JSON.stringify(body) }
    return (await fetch(`${url}/api/2.0/mlflow/${path}`, sent)).json()
  }
  const create = ['tokens', 'create', 'canary', '--user', 'admin', '--scope', 'write']
  return { url, folder, ask, token: (await run(TRACKYARD, create, environment)).trim() }
}

async function canary(url: string, token: string) {
  const { code, stdout } = await trackyard(['canary', '--url', url, '--json'], {
    MLFLOW_TRACKING_TOKEN: token,
  })
  expect(stdout).not.toContain(token || 'trackyard_')
  return { code, line: JSON.parse(stdout) }
}

function trackyard(args: readonly string[], environment: Record<string, string> = {}) {
  return promisify(execFile)(TRACKYARD, args, { env: { ...inherited(), ...environment } }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  )
}
