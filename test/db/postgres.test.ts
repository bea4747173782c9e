import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Db, openDatabase } from '../../server/db/index.ts'
import { type DatabaseOptions, DEFAULT_OPTIONS } from '../../server/db/postgres-pool.ts'
import { call, temporaryFolder, testApp } from '../server/support.ts'
import { startTrackyard } from '../support/mlflow.ts'
import {
  emptyDatabase,
  hasPostgres,
  postgresDatabase,
  query,
  startCluster,
  uriOf,
} from '../support/postgres.ts'
import { turnOnTls } from '../support/postgres-tls.ts'
import { readPostgresSchema } from './postgres-schema.ts'

function open(uri: string, options: Partial<DatabaseOptions> = {}): Db {
  const db = openDatabase(uri, { ...DEFAULT_OPTIONS, ...options })
  onTestFinished(() => db.destroy())
  return db
}

const LARGE = { key: 'm', timestamp: 9_007_199_254_740_993n, step: -9_223_372_036_854_775_808n }

describe.skipIf(!hasPostgres())('PostgreSQL', () => {
  it('keeps every digit of whole numbers and doubles, and NaN', async () => {
    const app = await testApp({ backendStoreUri: await postgresDatabase() })
    const { run } = (await call(app, 'POST', 'runs/create', { experiment_id: '0' })).body
    const run_id = run.info.run_id
    const values = [0.1 + 0.2, 5e-324, Number.MAX_VALUE, -0, 123_456_789.123_456_78]
    const metrics = values.map((value, step) => ({ key: 'd', value, timestamp: step, step }))
    await call(app, 'POST', 'runs/log-batch', { run_id, metrics })
    await app.inject({
      method: 'POST',
      url: '/api/2.0/mlflow/runs/log-metric',
      headers: { 'content-type': 'application/json' },
      payload: `{"run_id":"${run_id}","key":"m","value":"NaN","timestamp":${LARGE.timestamp},"step":"${LARGE.step}"}`,
    })
    const history = async (key: string) =>
      (await app.inject(`/api/2.0/mlflow/metrics/get-history?run_id=${run_id}&metric_key=${key}`)).body
    const found = JSON.parse(await history('d')).metrics.map((point: { value: number }) => point.value)
    expect(found).toEqual([...values.slice(0, 3), expect.closeTo(0), values[4]])
    expect(await history('m')).toContain(`"value":"NaN","timestamp":${LARGE.timestamp},"step":${LARGE.step}`)
  })

  it.each([
    ['a NUL character', 'experiments/create', { name: 'a\0b' }, /NUL/],
    ['a NUL character in a search', 'experiments/search', { max_results: 1, filter: "name = 'a\0b'" }, /NUL/],
    ['a name that is too long', 'experiments/create', { name: 'x'.repeat(300) }, /./],
    [
      'a location that is too long',
      'experiments/create',
      { name: 'x', artifact_location: `/${'x'.repeat(300)}` },
      /./,
    ],
    ['a model name that is too long', 'registered-models/create', { name: 'é'.repeat(300) }, /./],
  ])('answers 400 for %s', async (_what, path, request, message) => {
    const app = await testApp({ backendStoreUri: await postgresDatabase() })
    const { status, body } = await call(app, 'POST', path, request)
    expect({ status, code: body.error_code }).toEqual({ status: 400, code: 'INVALID_PARAMETER_VALUE' })
    expect(body.message).toMatch(message)
  })

  it('answers 503 and when to come back while every connection is taken', async () => {
    const uri = await postgresDatabase()
    const app = await testApp({
      backendStoreUri: uri,
      databasePoolSize: 1,
      databasePoolOverflow: 0,
      databaseWaitSeconds: 1,
      databaseStatementSeconds: 10,
    })
    const holder = open(uri)
    const held = Promise.withResolvers<void>()
    const locked = Promise.withResolvers<void>()
    const holding = holder.transaction().execute(async (tx) => {
      await sql`lock table experiments in access exclusive mode`.execute(tx)
      locked.resolve()
      await held.promise
    })
    await locked.promise
    // Sent when somebody asks for the answer, and not before.
    const waiting = app.inject('/api/2.0/mlflow/experiments/get?experiment_id=0').then((answer) => answer)
    const refused = await app.inject('/api/2.0/mlflow/experiments/get?experiment_id=0')
    expect(refused.statusCode).toBe(503)
    expect(refused.json().error_code).toBe('TEMPORARILY_UNAVAILABLE')
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    held.resolve()
    await holding
    expect((await waiting).statusCode).toBe(200)
  })

  it('is given up on for a statement that takes too long, and serves the next', async () => {
    const db = open(await postgresDatabase(), { statementMs: 200 })
    await expect(sql`select pg_sleep(30)`.execute(db)).rejects.toMatchObject({
      code: 'TEMPORARILY_UNAVAILABLE',
    })
    expect((await sql`select 1 as one`.execute(db)).rows).toEqual([{ one: 1 }])
  })

  it('may go away and come back: not ready meanwhile, and ready again by itself', async () => {
    const cluster = await startCluster(['synchronous_commit=on'])
    await query(uriOf(cluster.port, 'postgres'), 'create database mlflow')
    const app = await testApp({ backendStoreUri: uriOf(cluster.port, 'mlflow'), databaseWaitSeconds: 2 })
    const answers = async () => [
      (await app.inject('/readyz')).statusCode,
      (await call(app, 'POST', 'experiments/search', { max_results: 1 })).status,
    ]
    expect(await answers()).toEqual([200, 200])
    await cluster.stop()
    expect(await answers()).toEqual([503, 503])
    expect((await app.inject('/health')).statusCode).toBe(200)
    await cluster.start()
    expect(await answers()).toEqual([200, 200])
  })
})

const FOREIGN: Record<string, { make: string; says: RegExp }> = {
  'of another program': {
    make: 'create table songs (title text)',
    says: /^trackyard: .*not MLflow's/,
  },
  'of another MLflow': {
    make: "create table alembic_version (version_num varchar(32)); insert into alembic_version values ('0123456789ab')",
    says: /^trackyard: .*revision 0123456789ab.*dc11669786a5.*mlflow db upgrade/,
  },
}

describe.skipIf(!hasPostgres())('a PostgreSQL database', () => {
  it.each(Object.entries(FOREIGN))(
    '%s is refused in one line without its password, and left as it is',
    async (_which, { make, says }) => {
      const uri = await emptyDatabase()
      await query(uri, make)
      const before = await readPostgresSchema(uri)
      const folder = await temporaryFolder()
      const environment = { MLFLOW_BACKEND_STORE_URI: uri.replace('@', ':hunter2@') }
      const refused = await startTrackyard({ folder, environment }).catch((error: Error) => error)
      const [ended, ...printed] = (refused as Error).message.trimEnd().split('\n')
      expect(ended).toBe('the server ended with 1:')
      expect(printed).toEqual([expect.stringMatching(says)])
      expect(printed[0]).not.toContain('hunter2')
      expect(await readPostgresSchema(uri)).toEqual(before)
    },
  )
})

describe.skipIf(!hasPostgres())('the way to PostgreSQL', () => {
  it('may be shared out among sessions that have not prepared the same statements', async () => {
    const db = open(await postgresDatabase(), { poolSize: 1, poolOverflow: 0 })
    const tag = async (on: Db, value: string) => {
      await on.updateTable('workspaces').set({ description: value }).where('name', '=', 'default').execute()
      // What a pooler does in between: the next statement meets a session that knows none.
      await sql`deallocate all`.execute(on)
    }
    for (const value of ['a', 'b', 'c']) await tag(db, value)
    await db.transaction().execute(async (tx) => {
      for (const value of ['d', 'e', 'f']) await tag(tx, value)
    })
    const { description } = await db
      .selectFrom('workspaces')
      .select('description')
      .where('name', '=', 'default')
      .executeTakeFirstOrThrow()
    expect(description).toBe('f')
  })

  it('prepares what it asks again and again once a connection', async () => {
    const db = open(await postgresDatabase(), { poolSize: 1, poolOverflow: 0 })
    const ask = (id: number) =>
      db.selectFrom('experiments').select('name').where('experiment_id', '=', id).execute()
    for (const id of [1, 2, 3]) await ask(id)
    const { rows } = await sql<{ uses: number }>`
      select (generic_plans + custom_plans)::int as uses from pg_prepared_statements where not from_sql`.execute(
      db,
    )
    expect(rows).toEqual([{ uses: 3 }])
  })

  it('takes user and password from where they are, and the file anew at each connection', async () => {
    // Older ones make passwords that scram-sha-256 does not take.
    const cluster = await startCluster(['password_encryption=scram-sha-256'])
    const admin = uriOf(cluster.port, 'postgres')
    await query(admin, "create user reader password 'first'")
    // From here on a password is asked for.
    await writeFile(
      join(cluster.folder, 'data/pg_hba.conf'),
      'local all all trust\nhost all reader all scram-sha-256\nhost all all all trust\n',
    )
    await query(admin, 'select pg_reload_conf()')
    const nobody = `postgresql://127.0.0.1:${cluster.port}/postgres`
    const whoami = async (db: Db) => (await sql`select current_user as me`.execute(db)).rows
    const me = [{ me: 'reader' }]
    await delay(200)
    expect(await whoami(open(nobody, { user: 'reader', password: 'first' }))).toEqual(me)
    expect(await whoami(open(nobody.replace('//', '//reader:first@')))).toEqual(me)
    await expect(whoami(open(nobody, { user: 'reader', password: 'wrong' }))).rejects.toMatchObject({
      code: 'TEMPORARILY_UNAVAILABLE',
    })

    const passwordFile = join(await temporaryFolder(), 'password')
    await writeFile(passwordFile, 'first\n')
    const db = open(nobody, { user: 'reader', passwordFile })
    expect(await whoami(db)).toEqual(me)
    await query(admin, "alter user reader password 'second'")
    await query(admin, "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'reader'")
    await delay(200)
    await expect(whoami(db)).rejects.toMatchObject({ code: 'TEMPORARILY_UNAVAILABLE' })
    await writeFile(passwordFile, 'second\n')
    expect(await whoami(db)).toEqual(me)
  })

  it('is encrypted and verified as sslmode says', async () => {
    const cluster = await startCluster()
    const plain = uriOf(cluster.port, 'postgres')
    const encrypted = async (parameters: string) => {
      const db = open(`${plain.replace('127.0.0.1', 'localhost')}?${parameters}`)
      const { rows } = await sql<{
        ssl: boolean
      }>`select ssl from pg_stat_ssl where pid = pg_backend_pid()`.execute(db)
      return rows[0]?.ssl
    }
    expect(await encrypted('sslmode=prefer')).toBe(false)
    await expect(encrypted('sslmode=require')).rejects.toThrow()

    const { ca, other } = await turnOnTls(cluster)
    expect(await encrypted('sslmode=disable')).toBe(false)
    expect(await encrypted('sslmode=prefer')).toBe(true)
    expect(await encrypted('')).toBe(true)
    expect(await encrypted('sslmode=require')).toBe(true)
    expect(await encrypted(`sslmode=verify-ca&sslrootcert=${ca}`)).toBe(true)
    await expect(encrypted('sslmode=verify-ca')).rejects.toThrow()
    await expect(encrypted(`sslmode=verify-ca&sslrootcert=${other}`)).rejects.toThrow()
    await expect(encrypted(`sslmode=require&sslrootcert=${other}`)).rejects.toThrow()
    // The certificate is for db.test.
    await expect(encrypted(`sslmode=verify-full&sslrootcert=${ca}`)).rejects.toThrow()
  })
})
