import type { FastifyInstance } from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { buildApp } from '../../server/app.ts'
import { call, testContext } from '../server/support.ts'
import { hasPostgres, postgresDatabase, query } from '../support/postgres.ts'

interface Started {
  readonly app: FastifyInstance
  readonly uri: string
  readonly runId: string
}

async function start(): Promise<Started> {
  const uri = await postgresDatabase()
  const app = buildApp(await testContext({ backendStoreUri: uri }))
  onTestFinished(() => app.close())
  const { body } = await call(app, 'POST', 'runs/create', { experiment_id: '0', run_name: 'made' })
  return { app, uri, runId: body.run.info.run_id }
}

function metric(key: string, step: number) {
  return { key, value: step, timestamp: 1, step }
}

describe.skipIf(!hasPostgres())('logging to one run on PostgreSQL', () => {
  it('at the same time shares statements, and every request is there', async () => {
    const { app, uri, runId } = await start()
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, step) =>
        call(app, 'POST', 'runs/log-batch', {
          run_id: runId,
          metrics: [metric('shared', step), metric(`own${step}`, step)],
          params: [{ key: `p${step}`, value: 'x' }],
          tags: [{ key: 'last', value: String(step) }],
        }),
      ),
    )
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    const [found] = await query(
      uri,
      `select count(*)::int as points, count(distinct xmin::text)::int as statements,
        (select count(*)::int from params) as params,
        (select value from latest_metrics where key = 'shared') as latest,
        (select value from tags where key = 'last') as tag from metrics`,
    )
    expect(found).toMatchObject({ points: 80, params: 40, latest: 39, tag: '39' })
    expect(found?.statements).toBeLessThan(10)
  })

  it('fails alone with what cannot be stored, and whole', async () => {
    const { app, uri, runId } = await start()
    await call(app, 'POST', 'runs/log-parameter', { run_id: runId, key: 'rate', value: '1' })
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, step) =>
        call(app, 'POST', 'runs/log-batch', {
          run_id: runId,
          metrics: [metric('m', step)],
          params: [{ key: 'rate', value: step === 5 ? '2' : '1' }],
          tags: [{ key: `t${step}`, value: step === 7 ? 'a\0b' : 'x' }],
        }),
      ),
    )
    expect(answers.map(({ status }) => status)).toEqual(
      answers.map((_, step) => (step === 5 || step === 7 ? 400 : 200)),
    )
    expect(answers[5]?.body.message).toBe(
      `Changing param values is not allowed. Param with key='rate' was already logged with value='1' for run ID='${runId}'. Attempted logging new value '2'.`,
    )
    expect(answers[7]?.body.message).toContain('NUL')
    const steps = await query(uri, 'select step::int from metrics order by step')
    expect(steps.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 6, 8, 9, 10, 11])
    expect(await query(uri, "select count(*)::int as tags from tags where key like 't%'")).toEqual([
      { tags: 10 },
    ])
  })

  it('keeps one value of a parameter that two requests give at once', async () => {
    const { app, uri, runId } = await start()
    const answers = await Promise.all(
      Array.from({ length: 9 }, (_, value) =>
        call(app, 'POST', 'runs/log-parameter', { run_id: runId, key: 'p', value: String(value) }),
      ),
    )
    const taken = answers.flatMap(({ status }, value) => (status === 200 ? [{ value: String(value) }] : []))
    expect(taken).toHaveLength(1)
    expect(await query(uri, 'select value from params')).toEqual(taken)
  })

  it('writes nothing to a run that is deleted or unknown', async () => {
    const { app, uri, runId } = await start()
    await call(app, 'POST', 'runs/delete', { run_id: runId })
    const batch = {
      metrics: [metric('m', 1)],
      params: [{ key: 'p', value: '1' }],
      tags: [{ key: 't', value: '1' }],
    }
    const deleted = await call(app, 'POST', 'runs/log-batch', { run_id: runId, ...batch })
    expect(deleted.body.message).toBe(
      `The run ${runId} must be in the 'active' state. Current state is deleted.`,
    )
    const unknown = await call(app, 'POST', 'runs/log-batch', { run_id: '0'.repeat(32), ...batch })
    expect(unknown.body.error_code).toBe('RESOURCE_DOES_NOT_EXIST')
    expect(
      await query(
        uri,
        "select (select count(*) from metrics)::int + (select count(*) from params)::int + (select count(*) from tags where key = 't')::int as written",
      ),
    ).toEqual([{ written: 0 }])
  })

  it('renames it with the tag of its name, keeps an older point from becoming the latest, and any character', async () => {
    const { app, uri, runId } = await start()
    const odd = `a"b\\c{},NULL 'ü' 😀\n`
    await call(app, 'POST', 'runs/log-batch', {
      run_id: runId,
      metrics: [
        { ...metric('m', 3), value: 1e-300 },
        { ...metric('m', 2), value: 'NaN' },
        { ...metric('m', 3), value: '-Infinity' },
        { ...metric('big', 1), timestamp: '9007199254740993' },
      ],
      params: [
        { key: 'odd', value: odd },
        { key: 'none', value: '' },
      ],
      tags: [
        { key: 'mlflow.runName', value: 'renamed' },
        { key: 'NULL', value: 'NULL' },
      ],
    })
    const { body } = await call(app, 'GET', 'runs/get', { run_id: runId })
    expect(body.run.info.run_name).toBe('renamed')
    expect(body.run.data.params).toEqual(
      expect.arrayContaining([
        { key: 'odd', value: odd },
        { key: 'none', value: '' },
      ]),
    )
    expect(body.run.data.tags).toEqual(
      expect.arrayContaining([
        { key: 'mlflow.runName', value: 'renamed' },
        { key: 'NULL', value: 'NULL' },
      ]),
    )
    expect(
      await query(
        uri,
        'select key, value, timestamp::text, step::int, is_nan from latest_metrics order by key',
      ),
    ).toEqual([
      { key: 'big', value: 1, timestamp: '9007199254740993', step: 1, is_nan: false },
      { key: 'm', value: 1e-300, timestamp: '1', step: 3, is_nan: false },
    ])
    expect(await query(uri, 'select count(*)::int as points from metrics')).toEqual([{ points: 4 }])
  })
})
