import { expect, it } from 'vitest'
import { call, testApp } from '../server/support.ts'
import { hasPgBouncer, startPgBouncer } from '../support/pgbouncer.ts'
import { emptyDatabase, hasPostgres, query } from '../support/postgres.ts'

const can = hasPostgres() && hasPgBouncer()

it.skipIf(!can)(
  'a server works through a pooler that shares two connections among its requests',
  async () => {
    const { direct, backendStoreUri } = await database()
    // As RDS Proxy does, this one refuses what is said to PostgreSQL when a session begins.
    await expect(testApp({ backendStoreUri })).rejects.toThrow(
      /unsupported startup parameter: statement_timeout/,
    )

    const app = await testApp({ backendStoreUri, databasePooler: true, databasePoolSize: 10 })
    const started = await call(app, 'POST', 'runs/create', { experiment_id: '0' })
    const { run_id } = started.body.run.info
    const params = Array.from({ length: 30 }, (_, index) => ({ key: `p${index}`, value: 'v' }))
    const answers = await Promise.all(
      params.flatMap((param, step) => [
        call(app, 'POST', 'runs/log-batch', { run_id, params: [param], metrics: [metric(step)] }),
        call(app, 'GET', 'runs/get', { run_id }),
      ]),
    )
    expect(answers.filter(({ status }) => status !== 200)).toEqual([])
    const { body } = await call(app, 'GET', 'runs/get', { run_id })
    expect(body.run.data.params).toHaveLength(30)
    expect(body.run.data.metrics).toEqual([expect.objectContaining({ key: 'm', step: 29 })])
    const [row] = await query(
      direct,
      'select count(*)::int as open from pg_stat_activity where datname = current_database()',
    )
    // This question has one of its own.
    expect(row?.open).toBeLessThanOrEqual(3)
  },
)

async function database() {
  const direct = await emptyDatabase()
  const through = new URL(direct)
  through.port = String(await startPgBouncer(Number(through.port)))
  return { direct, backendStoreUri: through.href }
}

function metric(step: number) {
  return { key: 'm', value: step, timestamp: 1, step }
}
