import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { mlflowEnvironment, startTrackyard } from '../support/mlflow.ts'
import type { RunningServer } from '../support/server-process.ts'
import { runScript } from './scripts.ts'

const mlflow = await mlflowEnvironment()

describe.skipIf(!mlflow)('a tracking server with an artifacts server beside it', () => {
  const servers: RunningServer[] = []
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'trackyard-artifacts-only-'))
  })

  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()))
    await rm(folder, { recursive: true, force: true })
  })

  async function start(name: string, environment: Record<string, string>): Promise<RunningServer> {
    const own = join(folder, name)
    await mkdir(own)
    const server = await startTrackyard({ folder: own, environment })
    servers.push(server)
    return server
  }

  it('keeps runs in the one and artifacts in the other', async () => {
    if (!mlflow) return
    const settings = { MLFLOW_ARTIFACTS_ONLY: 'true', MLFLOW_BACKEND_STORE_URI: '' }
    const artifacts = await start('artifacts', settings)
    const { url } = await start('tracking', {
      MLFLOW_DEFAULT_ARTIFACT_ROOT: artifacts.url.replace('http:', 'mlflow-artifacts:'),
      MLFLOW_SERVE_ARTIFACTS: 'false',
    })
    await mkdir(join(folder, 'client'))
    const args = [join(folder, 'client'), '5', '1']
    expect(await runScript(mlflow, 's3.py', { url, args })).toEqual({
      run: expect.any(String),
      uri: 'mlflow-artifacts',
      large: true,
      small: 5,
      listed: 5,
      predicts: true,
    })
    expect(await readdir(join(folder, 'artifacts'))).toEqual(['artifacts'])
    expect(await readdir(join(folder, 'artifacts/artifacts'))).toContain('1')
    expect(await readdir(join(folder, 'tracking/artifacts'))).toEqual([])
  }, 240_000)
})
