import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mlflowEnvironment, REPOSITORY, run, startTrackyard } from '../support/mlflow.ts'
import type { RunningServer } from '../support/server-process.ts'
import { runScript } from './scripts.ts'

const PASSWORD = 'a long enough password'

const mlflow = await mlflowEnvironment()

describe.skipIf(!mlflow)('the Python client with MLFLOW_TRACKING_TOKEN', () => {
  let folder: string
  let server: RunningServer
  // biome-ignore lint/suspicious/noExplicitAny: what the script prints
  let job: any

  beforeAll(async () => {
    if (!mlflow) return
    folder = await mkdtemp(join(tmpdir(), 'trackyard-token-'))
    const environment = {
      MLFLOW_BACKEND_STORE_URI: `sqlite:///${folder}/mlflow.db`,
      MLFLOW_ARTIFACTS_DESTINATION: `${folder}/artifacts`,
      MLFLOW_APP_NAME: 'basic-auth',
      TRACKYARD_AUTH_DATABASE_URI: `sqlite:///${folder}/auth.db`,
      MLFLOW_AUTH_ADMIN_PASSWORD: PASSWORD,
    }
    server = await startTrackyard({ folder, environment })
    const [inside, outside] = [await createExperiment('inside'), await createExperiment('outside')]
    const options = ['--user', 'admin', '--scope', 'write', '--experiment', inside]
    const trackyard = join(REPOSITORY, 'bin/trackyard')
    const token = await run(trackyard, ['tokens', 'create', 'ci', ...options], environment)
    const { url } = server
    job = await runScript(mlflow, 'ci_job.py', {
      url,
      args: [url, inside, outside],
      environment: { MLFLOW_TRACKING_TOKEN: token.trim() },
    })
  }, 120_000)

  afterAll(async () => {
    await server?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  async function createExperiment(name: string): Promise<string> {
    const response = await fetch(`${server.url}/api/2.0/mlflow/experiments/create`, {
      method: 'POST',
      body: JSON.stringify({ name }),
      headers: {
        'content-type': 'application/json',
        authorization: `Basic ${Buffer.from(`admin:${PASSWORD}`).toString('base64')}`,
      },
    })
    return ((await response.json()) as { experiment_id: string }).experiment_id
  }

  it('logs to the experiment of its token', () => {
    expect(job.inside).toEqual([{ loss: 0.25 }, expect.any(String), 'made in ci'])
  })

  it('is told that it may not, anywhere else', () => {
    const denied = ['PERMISSION_DENIED', 403]
    expect([job.outside, job.other, job.new]).toEqual([denied, denied, denied])
  })

  it('is told that its token is wrong', () => {
    expect(job.wrong[1]).toBe(401)
  })
})
