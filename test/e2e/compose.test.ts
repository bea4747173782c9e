import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { temporaryFolder } from '../server/support.ts'
import { docker, hasDockerEngine } from '../support/docker.ts'
import { mlflowEnvironment, REPOSITORY, run } from '../support/mlflow.ts'
import { freePort } from '../support/server-process.ts'
import { createExperiment, expectConfined, findExperiment } from './local-tier.ts'
import { startWriters } from './writers.ts'

const mlflow = hasDockerEngine() ? await mlflowEnvironment() : undefined

const COMPOSE_FILE = join(import.meta.dirname, '../../docker-compose.yaml')

describe.skipIf(!hasDockerEngine())('docker compose up', () => {
  it('serves on this machine only, confined, and finds its data again after down', async () => {
    const { compose, url, port } = await project()
    await compose('up', '--detach', '--wait')
    await expectConfined(await compose('ps', '--quiet', 'server'), port)
    await createExperiment(url, 'kept')
    await compose('down')
    await expect(fetch(`${url}/health`)).rejects.toThrow()
    await compose('up', '--detach', '--wait')
    expect(await findExperiment(url, 'kept')).toMatchObject({ experiment: { name: 'kept' } })
  }, 600_000)
})

describe.skipIf(!mlflow)('the local tier', () => {
  it('keeps what a stock client logged when it is killed, upgraded while written to, and lost', async () => {
    if (!mlflow) return
    const { compose, url, name, volume } = await project()
    await compose('up', '--detach', '--wait')
    const train = [join(REPOSITORY, 'examples/training/train.py')]
    const printed = await run(mlflow.python, train, { MLFLOW_TRACKING_URI: url })
    expect(printed).toMatch(/^wine version 1 is the champion; predicts the same when loaded: True$/m)

    const { write, stop } = await startWriters({ call: patientCall(url) })
    await write.until(20)
    const server = await compose('ps', '--quiet', 'server')
    const pid = await docker('inspect', '--format', '{{.State.Pid}}', server)
    // Of the engine's host: Docker does not restart what it has killed itself.
    await docker('run', '--rm', '--pid', 'host', '--user', '0', 'postgres:17', 'kill', '-9', pid)
    await write.until(write.done() + 20)
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'Dockerfile'), `FROM ${name}\nLABEL version=2\n`)
    await docker('build', '--quiet', '--tag', name, folder)
    await compose('up', '--detach', '--wait', '--no-build')
    expect(await compose('ps', '--quiet', 'server')).not.toBe(server)
    await write.until(write.done() + 20)
    const { acknowledged, failures } = await stop()
    expect(failures).toEqual([])
    expect(new Set(await stepsOf(url))).toEqual(new Set(acknowledged))

    // As docs/local.md says.
    const node = ['exec', '--no-TTY', 'server', 'node', '-e']
    await compose(...node, BACK_UP)
    await compose('cp', 'server:/data/backup.db', join(folder, 'backup.db'))
    await compose('cp', 'server:/data/artifacts', join(folder, 'artifacts-backup'))
    await compose('down', '--volumes')
    await compose('create', '--no-build')
    const mounts = ['--volume', `${volume}:/data`, '--volume', `${folder}:/from:ro`]
    await docker('run', '--rm', '--user', '0', ...mounts, 'node:26-bookworm-slim', 'sh', '-c', RESTORE)
    await compose('up', '--detach', '--wait', '--no-build')
    expect(new Set(await stepsOf(url))).toEqual(new Set(acknowledged))
    const load = `import mlflow; print(type(mlflow.pyfunc.load_model("models:/wine@champion")).__name__)`
    const loaded = await run(mlflow.python, ['-c', load], { MLFLOW_TRACKING_URI: url })
    expect(loaded).toContain('PyFuncModel')
  }, 900_000)
})

const BACK_UP =
  "const { backup, DatabaseSync } = require('node:sqlite'); backup(new DatabaseSync('/data/mlflow.db'), '/data/backup.db')"
const RESTORE =
  'rm -rf /data/* && cp /from/backup.db /data/mlflow.db && cp -R /from/artifacts-backup /data/artifacts && chown -R 50000:50000 /data'

/** Sends again what found nobody, as MLflow's client does. */
function patientCall(url: string) {
  return async (method: string, path: string, body?: unknown) => {
    for (;;) {
      const init = { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
      const answer = await fetch(`${url}${path}`, init).catch(() => undefined)
      if (answer && answer.status < 500) return { status: answer.status, text: await answer.text() }
      await delay(200)
    }
  }
}

/** What was logged to the run of the writers. */
async function stepsOf(url: string): Promise<number[]> {
  const post = patientCall(url)
  const found = await post('POST', '/api/2.0/mlflow/runs/search', { experiment_ids: ['0'] })
  const run_id = JSON.parse(found.text).runs[0].info.run_id
  const query = new URLSearchParams({ run_id, metric_key: 'm', max_results: '25000' })
  const answer = await fetch(`${url}/api/2.0/mlflow/metrics/get-history?${query}`)
  const { metrics } = (await answer.json()) as { metrics: { step: number }[] }
  return metrics.map(({ step }) => step)
}

/** A compose project with a name, a port, an image and a volume of its own; all are gone when the test is over. */
async function project() {
  const port = await freePort()
  const name = `trackyard-test-${port}`
  const variables = join(await temporaryFolder(), '.env')
  await writeFile(variables, `MLFLOW_PORT=${port}\nTRACKYARD_IMAGE=${name}\n`)
  const where = [
    '--file',
    COMPOSE_FILE,
    '--env-file',
    variables,
    '--project-name',
    name,
    '--profile',
    'local',
  ]
  const compose = (...args: string[]) => docker('compose', ...where, ...args)
  onTestFinished(async () => {
    await compose('down', '--volumes', '--rmi', 'all')
  })
  return { compose, port, name, volume: `${name}-data`, url: `http://127.0.0.1:${port}` }
}
