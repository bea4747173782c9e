/** A server that only reads, and what is found where it answers otherwise than the rows and the files are. */
import { mkdir, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { buildApp } from '../../server/app.ts'
import type { Context } from '../../server/context.ts'
import { readArtifacts } from '../../server/operations/verify.ts'
import { sampleOwners } from '../../server/store/inventory.ts'
import { askServer } from '../../server/verify/compare.ts'
import { countServed } from '../../server/verify/counts.ts'
import { compareFiles } from '../../server/verify/files.ts'
import { serveReadOnly } from '../../server/verify/served.ts'
import { compareRuns } from '../../server/verify/values.ts'
import { call, testContext } from '../server/support.ts'

describe('the server of trackyard verify', () => {
  it('answers nobody else, and writes nothing', async () => {
    const { served } = await servedContext({
      login: [],
      staticPrefix: '/mlflow',
      allowedHosts: ['example.com'],
    })
    const path = '/api/2.0/mlflow/experiments/get?experiment_id=0'
    expect((await served.ask(path)).status).toBe(200)
    expect((await fetch(served.url + path)).status).toBe(401)
    expect((await fetch(served.url + path, { headers: { authorization: 'Bearer x' } })).status).toBe(401)
    const created = await served.ask('/api/2.0/mlflow/experiments/create', { body: { name: 'new' } })
    expect(created.status).toBe(403)
    expect(new URL(served.url).hostname).toBe('127.0.0.1')
  })

  it('is a problem of the report where it does not start', async () => {
    const { config, db } = await testContext()
    await rm(config.artifactsDestination, { recursive: true })
    const { served, problems } = await askServer(config, db, { runIds: [], files: [] }, () => undefined)
    expect(served).toBeUndefined()
    expect(problems).toEqual([expect.stringMatching(/^the server: MLFLOW_ARTIFACTS_DESTINATION=/)])
  })
})

describe('countServed', () => {
  it('finds what the server does not show', async () => {
    const { served, context } = await servedContext()
    const other = await testContext()
    await fill(context)
    await fill(other)
    await newRun(other)
    expect(await countServed(served, context.db, () => undefined)).toEqual({
      counts: { experiments: 1, runs: 1, registered_models: 2, model_versions: 1 },
      cutOff: [],
      problems: [],
    })
    const { problems } = await countServed(served, other.db, () => undefined)
    expect(problems).toEqual(['the server shows 1 runs, and the database has 2'])
  })

  it('counts page by page, and stops where there are very many', async () => {
    const { served, context } = await servedContext()
    const experiments = Array.from({ length: 10_100 }, (_, index) => ({
      experiment_id: index + 1,
      name: `e-${index}`,
      artifact_location: 'mlflow-artifacts:/0',
      lifecycle_stage: index % 2 === 0 ? ('active' as const) : ('deleted' as const),
      workspace: 'default',
    }))
    for (let at = 0; at < experiments.length; at += 1_000) {
      await context.db
        .insertInto('experiments')
        .values(experiments.slice(at, at + 1_000))
        .execute()
    }
    const runs = Array.from({ length: 2_500 }, (_, index) => ({
      run_uuid: `run-${index}`,
      experiment_id: index % 5,
      lifecycle_stage: index % 3 === 0 ? ('deleted' as const) : ('active' as const),
      status: 'FINISHED',
      start_time: 1,
    }))
    for (let at = 0; at < runs.length; at += 500) {
      await context.db
        .insertInto('runs')
        .values(runs.slice(at, at + 500))
        .execute()
    }
    expect(await countServed(served, context.db, () => undefined)).toMatchObject({
      counts: { experiments: 10_000 },
      cutOff: ['experiments'],
      problems: [],
    })
    await context.db.deleteFrom('experiments').where('experiment_id', '>', 1_500).execute()
    expect(await countServed(served, context.db, () => undefined)).toMatchObject({
      counts: { experiments: 1_501, runs: 2_500 },
      cutOff: [],
      problems: [],
    })
  }, 60_000)
})

describe('compareRuns', () => {
  it.each([
    ['params', 'parameter lr'],
    ['tags', 'tag owner'],
    ['latest_metrics', 'metric loss'],
  ] as const)('names a run whose %s are others, and no value', async (table, name) => {
    const { served, context } = await servedContext()
    const runId = await fill(context)
    expect(await compareRuns(served, context.db, [runId])).toMatchObject({ runs: 1, problems: [] })
    const other = await testContext()
    await copyRun(context, other, runId)
    await other.db
      .deleteFrom(table as 'tags')
      .where('key', '=', name.split(' ')[1] as string)
      .execute()
    const { problems } = await compareRuns(served, other.db, [runId])
    expect(problems).toEqual([`run ${runId}: the server gives another ${name} than its row has`])
  })
})

describe('compareFiles', () => {
  it('finds other bytes, fewer bytes and none, and reads the beginning of what is large', async () => {
    const { served, context } = await servedContext()
    const runs = [await newRun(context), await newRun(context), await newRun(context), await newRun(context)]
    const folder = (run: string) => join(context.config.artifactsDestination, '0', run, 'artifacts')
    const file = (run = '') => join(folder(run), 'model.bin')
    for (const run of runs) {
      await mkdir(folder(run), { recursive: true })
      await writeFile(file(run), 'four')
    }
    await truncate(file(runs[3]), 17 * 1024 ** 2)
    const { read } = await readArtifacts(context, await sampleOwners(context.db, 10))
    expect(await compareFiles(served, read)).toEqual({ files: 4, bytes: 12 + 16 * 1024 ** 2, problems: [] })
    await writeFile(file(runs[0]), 'FOUR')
    await writeFile(file(runs[1]), 'two')
    await rm(file(runs[2]))
    const { problems } = await compareFiles(served, read)
    expect(problems).toHaveLength(3)
    expect(problems).toEqual(
      expect.arrayContaining([
        `run ${runs[0]}: model.bin: the server gives other bytes than the store has`,
        `run ${runs[1]}: model.bin: the server gives 3 bytes of 3, and the store has 4`,
        expect.stringMatching(`run ${runs[2]}: model.bin: the server answers 404 .*No such artifact`),
      ]),
    )
  })
})

async function servedContext(settings: Parameters<typeof testContext>[0] = {}) {
  const context = await testContext(settings)
  const served = await serveReadOnly(context.config)
  onTestFinished(() => served.close())
  return { context, served }
}

async function newRun(context: Context): Promise<string> {
  const { body } = await call(buildApp(context), 'POST', 'runs/create', { experiment_id: '0' })
  return body.run.info.run_id
}

/** A run with a value of each kind, a model with a version, and a prompt. @returns the run's id */
async function fill(context: Context): Promise<string> {
  const app = buildApp(context)
  const run_id = await newRun(context)
  const metrics = [
    { key: 'loss', value: 0.25, timestamp: 5, step: 1 },
    { key: 'odd', value: 'NaN', timestamp: 5, step: 2 },
  ]
  const params = [{ key: 'lr', value: '0.1' }]
  await call(app, 'POST', 'runs/log-batch', {
    run_id,
    metrics,
    params,
    tags: [{ key: 'owner', value: 'ann' }],
  })
  await call(app, 'POST', 'registered-models/create', { name: 'churn' })
  await call(app, 'POST', 'model-versions/create', { name: 'churn', source: `runs:/${run_id}/m`, run_id })
  const tags = [{ key: 'mlflow.prompt.is_prompt', value: 'true' }]
  await call(app, 'POST', 'registered-models/create', { name: 'ask', tags })
  await call(app, 'POST', 'model-versions/create', { name: 'ask', source: 'prompt-template', tags })
  return run_id
}

async function copyRun(from: Context, to: Context, runId: string): Promise<void> {
  for (const table of ['runs', 'params', 'tags', 'latest_metrics'] as const) {
    const rows = await from.db
      .selectFrom(table as 'runs')
      .selectAll()
      .where('run_uuid', '=', runId)
      .execute()
    await to.db
      .insertInto(table as 'runs')
      .values(rows)
      .execute()
  }
}
