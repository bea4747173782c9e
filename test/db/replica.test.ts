import { DatabaseSync } from 'node:sqlite'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { buildApp } from '../../server/app.ts'
import type { Config } from '../../server/config.ts'
import { closeContext, openContext } from '../../server/context.ts'
import { call, temporaryFolder, testContext } from '../server/support.ts'
import { hasServer, mysqlDatabase, mysqlQuery, uriOf as mysqlUri, startMysql } from '../support/mysql.ts'
import {
  type Cluster,
  emptyDatabase,
  hasPostgres,
  query,
  startCluster,
  startStandby,
  uriOf,
} from '../support/postgres.ts'

// Clusters of their own start here, and what is written takes a while to the standby.
vi.setConfig({ testTimeout: 60_000, expect: { poll: { timeout: 15_000 } } })

interface Pair {
  readonly primary: Cluster
  readonly standby: Cluster
  readonly app: FastifyInstance
  /** What the server has logged. */
  readonly said: string[]
}

/** A server on a primary, with a standby of it for reads. */
async function pair(): Promise<Pair> {
  const primary = await startCluster()
  await query(uriOf(primary.port, 'postgres'), 'create database mlflow')
  const standby = await startStandby(primary)
  return {
    primary,
    standby,
    ...(await serverOn(uriOf(primary.port, 'mlflow'), uriOf(standby.port, 'mlflow'))),
  }
}

async function serverOn(
  backendStoreUri: string,
  readReplicaUri: string,
  settings: Partial<Config> = {},
): Promise<Pick<Pair, 'app' | 'said'>> {
  const said: string[] = []
  const log = pino({ level: 'info' }, { write: (line: string) => said.push(JSON.parse(line).msg) })
  const { config } = await testContext({ databaseWaitSeconds: 10 })
  const context = await openContext(
    {
      ...config,
      backendStoreUri,
      readReplicaUri,
      ...settings,
    },
    log,
  )
  onTestFinished(() => closeContext(context))
  return { app: buildApp(context), said }
}

const names = async (app: FastifyInstance) => {
  const { body } = await call(app, 'POST', 'experiments/search', { max_results: 10 })
  return body.experiments.map(({ name }: { name: string }) => name).sort()
}
const create = async (app: FastifyInstance, name: string) =>
  (await call(app, 'POST', 'experiments/create', { name })).status

describe.skipIf(!hasPostgres())('a read replica', () => {
  it('answers reads, those of GraphQL too, and writes go past it', async () => {
    const { app, primary, standby } = await pair()
    const replay = (how: string) => query(uriOf(standby.port, 'mlflow'), `select pg_wal_replay_${how}()`)
    const { run } = (await call(app, 'POST', 'runs/create', { experiment_id: '0' })).body
    await expect.poll(() => names(app)).toEqual(['Default'])
    await expect
      .poll(async () => (await call(app, 'GET', 'runs/get', { run_id: run.info.run_id })).status)
      .toBe(200)

    await replay('pause')
    expect(await create(app, 'new')).toBe(200)
    // A write reads what the primary has: the name is taken there.
    expect(await create(app, 'new')).toBe(400)
    const point = { run_id: run.info.run_id, key: 'm', value: 1, timestamp: 1, step: 1 }
    expect((await call(app, 'POST', 'runs/log-metric', point)).status).toBe(200)
    expect(await query(uriOf(primary.port, 'mlflow'), 'select key from metrics')).toHaveLength(1)
    expect(await names(app)).toEqual(['Default'])
    expect((await call(app, 'GET', 'experiments/get-by-name', { experiment_name: 'new' })).status).toBe(404)
    const asked = { run_id: run.info.run_id, metric_key: 'm' }
    expect((await call(app, 'GET', 'metrics/get-history', asked)).body.metrics ?? []).toEqual([])
    const graphql = async () =>
      (
        await call(app, 'POST', '/graphql', {
          query: `query q { mlflowGetRun(input: { runId: "${run.info.run_id}" }) { run { data { metrics { key } } } } }`,
        })
      ).body.data.mlflowGetRun.run.data.metrics
    expect(await graphql()).toEqual([])

    await replay('resume')
    await expect.poll(() => names(app)).toEqual(['Default', 'new'])
    await expect.poll(graphql).toEqual([{ key: 'm' }])
  })

  it('may go away and come back: the primary answers meanwhile, and it is said once; at a start too', async () => {
    const { app, primary, standby, said } = await pair()
    await expect.poll(() => names(app)).toEqual(['Default'])
    await standby.stop()
    expect(await create(app, 'meanwhile')).toBe(200)
    for (const _ of [1, 2, 3]) expect(await names(app)).toEqual(['Default', 'meanwhile'])
    expect(said.filter((line) => line.includes('it is away'))).toHaveLength(1)
    const late = await serverOn(uriOf(primary.port, 'mlflow'), uriOf(standby.port, 'mlflow'))
    expect(await names(late.app)).toEqual(['Default', 'meanwhile'])
    expect(late.said[0]).toMatch(/it is away, reads go to the primary: connect ECONNREFUSED/)
    await standby.start()
    await expect
      .poll(
        async () => {
          await names(app)
          return said.at(-1)
        },
        { timeout: 15_000 },
      )
      .toMatch(/it is back/)
    expect(await names(app)).toEqual(['Default', 'meanwhile'])
  })

  it('at another revision is refused, and left as it is', async () => {
    const [main, other] = [await emptyDatabase(), await emptyDatabase()]
    await query(
      other,
      "create table alembic_version (version_num text); insert into alembic_version values ('0123')",
    )
    const refused = testContext({ backendStoreUri: main, readReplicaUri: other, databaseWaitSeconds: 1 })
    await expect(refused).rejects.toThrow(
      /^MLFLOW_READ_REPLICA_BACKEND_STORE_URI names .*: the database is at schema revision 0123, /,
    )
    expect(await query(other, "select relname from pg_class where relname in ('experiments')")).toEqual([])
  })
})

describe.skipIf(!hasServer('MariaDB'))('a read replica of MariaDB', () => {
  it('may go away and come back, at a start too; one that takes too long is not away', async () => {
    const primary = await mysqlDatabase('MariaDB')
    // Another database of the same schema stands for one that follows: what it lacks tells which was read.
    const standby = await startMysql('MariaDB', ['innodb-flush-log-at-trx-commit=1', 'innodb-doublewrite=1'])
    const replica = mysqlUri(standby.port, 'mlflow')
    await mysqlQuery(mysqlUri(standby.port, ''), 'create database mlflow character set utf8mb4')
    await testContext({ backendStoreUri: replica })
    const { app, said } = await serverOn(primary, replica, { databaseStatementSeconds: 1 })
    expect(await create(app, 'new')).toBe(200)
    expect(await names(app)).toEqual(['Default'])

    const locked = mysqlQuery(replica, 'lock tables experiments write; do sleep(3)')
    const search = () => call(app, 'POST', 'experiments/search', { max_results: 10 })
    await expect.poll(async () => (await search()).status).toBe(503)
    await locked
    expect(await names(app)).toEqual(['Default'])
    expect(said.filter((line) => line.includes('it is away'))).toEqual([])

    await standby.stop()
    for (const _ of [1, 2, 3]) expect(await names(app)).toEqual(['Default', 'new'])
    expect(said.filter((line) => line.includes('it is away'))).toHaveLength(1)
    const late = await serverOn(primary, replica)
    expect(await names(late.app)).toEqual(['Default', 'new'])
    expect(late.said[0]).toMatch(/it is away, reads go to the primary: connect ECONNREFUSED/)
    await standby.start()
    await expect.poll(() => names(app)).toEqual(['Default'])
    expect(said.at(-1)).toMatch(/it is back/)
  })
})

describe('a read replica of SQLite', () => {
  it('is the file it names, as with MLflow, and must be there', async () => {
    const folder = await temporaryFolder()
    const [main, copy] = [`${folder}/main.db`, `${folder}/copy.db`]
    await testContext({ backendStoreUri: `sqlite:///${main}` })
    new DatabaseSync(main).exec(`vacuum into '${copy}'`)
    const settings = { backendStoreUri: `sqlite:///${main}`, readReplicaUri: `sqlite:///${copy}` }
    const app = buildApp(await testContext(settings))
    expect(await create(app, 'new')).toBe(200)
    expect(await names(app)).toEqual(['Default'])
    const missing = testContext({ ...settings, readReplicaUri: `sqlite:///${folder}/none.db` })
    await expect(missing).rejects.toThrow(/none\.db: there is no such file$/)
  })
})
