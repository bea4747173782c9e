/** `trackyard verify` on pairs of a database and a store, as a drill would restore them. */
import { copyFile, cp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keysBelow, storeObject } from '../server/s3-support.ts'
import { temporaryFolder } from '../server/support.ts'
import { databaseServers } from '../support/databases.ts'
import { REPOSITORY, run, startTrackyard } from '../support/mlflow.ts'
import { hasPgBouncer, startPgBouncer } from '../support/pgbouncer.ts'
import { emptyDatabase, hasPostgres } from '../support/postgres.ts'
import { BUCKET, type S3Server, s3Program, startS3 } from '../support/s3.ts'

const TRACKYARD = join(REPOSITORY, 'bin/trackyard')
const program = await s3Program()

interface Report {
  counts: Record<string, number>
  newestRunAt?: string
  live?: { counts: Record<string, number> }
  served?: { counts: Record<string, number>; cutOff: string[]; compared: Record<string, number> }
  artifacts: { owners: number; files: number; bytes: number; elsewhere: number; missing: object[] }
  problems: string[]
}

async function verify(environment: Record<string, string>, ...options: string[]): Promise<Report> {
  return JSON.parse(await run(TRACKYARD, ['verify', ...options], environment))
}

/** What it prints when it ends with 1. */
async function problemsOf(environment: Record<string, string>, ...options: string[]): Promise<string[]> {
  const command = `"$0" verify "$@"; test $? = 1`
  const printed = await run('sh', ['-c', command, TRACKYARD, ...options], environment)
  return (JSON.parse(printed) as Report).problems
}

type Store = (path: string) => Promise<void>

/** A stopped server's two runs, one with a file; a model that is ready; and a version of it. */
async function fill(environment: Record<string, string>, folder: string, store: Store) {
  const server = await startTrackyard({ folder, environment })
  try {
    const send = async (method: string, path: string, json: object) => {
      const headers = { 'content-type': 'application/json' }
      const url = `${server.url}/api/2.0/mlflow/${path}`
      const response = await fetch(url, { method, body: JSON.stringify(json), headers })
      if (!response.ok) throw new Error(await response.text())
      return response.json() as Promise<Record<string, Record<string, Record<string, string>>>>
    }
    const start_time = Date.UTC(2026, 0, 2)
    const created = await send('POST', 'runs/create', { experiment_id: '0', start_time })
    await send('POST', 'runs/create', { experiment_id: '0', start_time: start_time - 1 })
    const runId = created.run?.info?.run_id ?? ''
    const metrics = ['0.1', 'NaN', '-Infinity'].map((value, step) => ({
      key: `m${step}`,
      value,
      timestamp: 7,
      step,
    }))
    const params = [{ key: 'lr', value: '0.1' }]
    await send('POST', 'runs/log-batch', { run_id: runId, metrics, params, tags: [{ key: 'k', value: 'ü' }] })
    await store(`0/${runId}/artifacts/plots/loss.png`)
    const { model } = await send('POST', 'logged-models', { experiment_id: '0', name: 'm' })
    const modelId = model?.info?.model_id ?? ''
    await send('PATCH', `logged-models/${modelId}`, { model_id: modelId, status: 'LOGGED_MODEL_READY' })
    await store(`0/models/${modelId}/artifacts/MLmodel`)
    await send('POST', 'registered-models/create', { name: 'churn' })
    await send('POST', 'model-versions/create', {
      name: 'churn',
      source: `models:/${modelId}`,
      model_id: modelId,
    })
    return { runId, modelId }
  } finally {
    await server.stop()
  }
}

async function sqlitePair() {
  const folder = await temporaryFolder()
  const artifacts = join(folder, 'artifacts')
  const environment = {
    MLFLOW_BACKEND_STORE_URI: `sqlite:///${join(folder, 'mlflow.db')}`,
    MLFLOW_ARTIFACTS_DESTINATION: artifacts,
  }
  const store = async (path: string) => {
    await run('install', ['-D', '/dev/null', join(artifacts, path)])
    await writeFile(join(artifacts, path), 'four')
  }
  return { folder, artifacts, environment, ids: await fill(environment, folder, store) }
}

describe('trackyard verify', { timeout: 60_000 }, () => {
  it('counts rows, and reads a file of each kind as its rows say where it is', async () => {
    const { environment } = await sqlitePair()
    const report = await verify(environment)
    expect(report).toMatchObject({
      counts: { experiments: 1, runs: 2, logged_models: 1, registered_models: 1, model_versions: 1 },
      newestRunAt: '2026-01-02T00:00:00.000Z',
      artifacts: { owners: 4, files: 3, bytes: 12, elsewhere: 0, missing: [] },
      served: {
        counts: { experiments: 1, runs: 2, registered_models: 1, model_versions: 1 },
        cutOff: [],
        compared: { runs: 2, files: 3, bytes: 12 },
      },
      problems: [],
    })
    // Three metrics, a parameter and a tag, and the name that each run has got.
    expect(report.served?.compared.values).toBe(7)
  })

  it('names each model whose files are not there, and ends with 1', async () => {
    const { environment, artifacts, ids } = await sqlitePair()
    await rm(join(artifacts, '0/models'), { recursive: true })
    expect(await problemsOf(environment)).toEqual([
      expect.stringMatching(`^logged model ${ids.modelId}: there is no file in `),
      expect.stringMatching('^model version churn/1: there is no file in '),
    ])
  })

  it('compares a restored pair with the live one', async () => {
    const { folder, environment, artifacts } = await sqlitePair()
    const restored = join(folder, 'restored.db')
    await copyFile(join(folder, 'mlflow.db'), restored)
    await cp(artifacts, join(folder, 'restored'), { recursive: true })
    await rm(artifacts, { recursive: true })
    const server = await startTrackyard({ folder, environment })
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify({ experiment_id: '0' })
    await fetch(`${server.url}/api/2.0/mlflow/runs/create`, { method: 'POST', headers, body })
    await server.stop()
    const pair = [
      `--restored-database=sqlite:///${restored}`,
      `--restored-artifacts=${join(folder, 'restored')}`,
    ]
    expect(await verify(environment, ...pair, '--at-least=60')).toMatchObject({
      counts: { runs: 2 },
      live: { counts: { runs: 3 } },
      artifacts: { files: 3 },
      problems: [],
    })
    expect(await problemsOf(environment, ...pair)).toEqual(['runs: 2 of 3, less than 90 %'])
  })

  it('makes no tables, and no database', async () => {
    const folder = await temporaryFolder()
    const environment = { MLFLOW_BACKEND_STORE_URI: `sqlite:///${join(folder, 'mlflow.db')}` }
    await expect(verify(environment)).rejects.toThrow(`there is no file ${join(folder, 'mlflow.db')}`)
    await writeFile(join(folder, 'mlflow.db'), '')
    await expect(verify(environment)).rejects.toThrow('trackyard: ')
  })

  it.each([
    [['--sample=many'], '--sample "many": must be a whole number from 0 to 1000'],
    [['--at-least=101'], '--at-least "101": must be a whole number from 0 to 100'],
    [['--restored-host=db'], '--restored-host: sqlite:///mlflow.db is on no host'],
    [['--live-host=db'], '--live-host: sqlite:///mlflow.db is on no host'],
    [['--restored-secret=arn'], '--restored-database is missing'],
  ])('says in one line what is wrong with %j', async (options, message) => {
    await expect(verify({}, ...options)).rejects.toThrow(message)
  })
})

describe.each(databaseServers())('trackyard verify on $name', (server) => {
  it('counts and samples as on SQLite', async () => {
    const folder = await temporaryFolder()
    const environment = {
      MLFLOW_BACKEND_STORE_URI: await server.migrated(),
      MLFLOW_ARTIFACTS_DESTINATION: join(folder, 'artifacts'),
    }
    await fill(environment, folder, async (path) => {
      await run('install', ['-D', TRACKYARD, join(folder, 'artifacts', path)])
    })
    expect(await verify(environment)).toMatchObject({
      counts: { runs: 2, model_versions: 1 },
      artifacts: { owners: 4, files: 3, missing: [] },
      served: { counts: { runs: 2, model_versions: 1 }, compared: { runs: 2, values: 7, files: 3 } },
      problems: [],
    })
    expect(await verify(environment, '--restored-host=localhost')).toMatchObject({
      database: expect.stringContaining('localhost'),
      live: { counts: { runs: 2 } },
      problems: [],
    })
  }, 120_000)
})

it.skipIf(!(hasPostgres() && hasPgBouncer()))(
  'trackyard verify goes past the pooler that servers go through, which takes nobody who says that he only reads',
  async () => {
    const folder = await temporaryFolder()
    const direct = new URL(await emptyDatabase())
    const through = new URL(direct)
    through.port = String(await startPgBouncer(Number(direct.port)))
    const environment = {
      MLFLOW_BACKEND_STORE_URI: through.href,
      MLFLOW_ARTIFACTS_DESTINATION: join(folder, 'artifacts'),
      TRACKYARD_DATABASE_POOLER: 'true',
    }
    await fill(environment, folder, async (path) => {
      await run('install', ['-D', TRACKYARD, join(folder, 'artifacts', path)])
    })
    await expect(verify(environment)).rejects.toThrow('TRACKYARD_DATABASE_POOLER')
    const past = [`--live-host=${direct.host}`]
    expect(await verify(environment, ...past)).toMatchObject({ counts: { runs: 2 }, problems: [] })
    expect(await verify(environment, ...past, `--restored-host=${direct.host}`)).toMatchObject({
      database: expect.stringContaining(direct.host),
      counts: { runs: 2 },
      live: { counts: { runs: 2 } },
      problems: [],
    })
  },
  120_000,
)

describe.skipIf(!program)('trackyard verify with artifacts in S3', { timeout: 60_000 }, () => {
  let s3: S3Server
  beforeAll(async () => {
    s3 = await startS3(program as string)
  })
  afterAll(() => s3?.stop())

  it('reads them from where they were restored to, and leaves no trace there', async () => {
    const folder = await temporaryFolder()
    const environment = {
      ...s3.environment,
      MLFLOW_BACKEND_STORE_URI: `sqlite:///${join(folder, 'mlflow.db')}`,
      MLFLOW_ARTIFACTS_DESTINATION: `s3://${BUCKET}/live`,
    }
    await fill(environment, folder, (path) => storeObject(s3, `restored/${path}`))
    const database = `--restored-database=sqlite:///${join(folder, 'mlflow.db')}`
    const restored = [database, `--restored-artifacts=s3://${BUCKET}/restored`]
    expect(await verify(environment, ...restored)).toMatchObject({
      artifacts: { files: 3, missing: [] },
      served: { compared: { files: 3 } },
      problems: [],
    })
    expect(await keysBelow(s3, '')).toHaveLength(2)
    expect(await problemsOf(environment, database)).toHaveLength(2)
  })
})
