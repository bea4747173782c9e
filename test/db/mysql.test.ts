import { execFile } from 'node:child_process'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { sql } from 'kysely'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { accessOf } from '../../server/access/access.ts'
import { type Db, openDatabase } from '../../server/db/index.ts'
import { type DatabaseOptions, DEFAULT_OPTIONS } from '../../server/db/postgres-pool.ts'
import { call, temporaryFolder, testApp } from '../server/support.ts'
import { appFor } from '../server/two-worlds.ts'
import { startTrackyard } from '../support/mlflow.ts'
import {
  emptyMysqlDatabase,
  hasServer,
  mysqlDatabase,
  mysqlQuery,
  startMysql,
  uriOf,
} from '../support/mysql.ts'
import { readMysqlSchema } from './mysql-schema.ts'

// The first test waits for the server and its schema; others start servers of their own.
vi.setConfig({ testTimeout: 90_000 })

const KINDS = (['MariaDB', 'MySQL'] as const).filter(hasServer)

function open(uri: string, options: Partial<DatabaseOptions> = {}): Db {
  const db = openDatabase(uri, { ...DEFAULT_OPTIONS, ...options })
  onTestFinished(() => db.destroy())
  return db
}

const AWAY = { code: 'TEMPORARILY_UNAVAILABLE' }
const LARGE = { timestamp: 9_007_199_254_740_993n, step: -9_223_372_036_854_775_808n }

describe.each(KINDS)('%s', (kind) => {
  it('keeps every digit of whole numbers and doubles, and NaN', async () => {
    const app = await testApp({ backendStoreUri: await mysqlDatabase(kind) })
    const { run } = (await call(app, 'POST', 'runs/create', { experiment_id: '0' })).body
    const run_id = run.info.run_id
    const values = [0.1 + 0.2, 5e-324, Number.MAX_VALUE, -0, 123_456_789.123_456_78, 9.007199254740993, 1e-7]
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
    expect(found).toEqual([...values.slice(0, 3), expect.closeTo(0), ...values.slice(4)])
    expect(await history('m')).toContain(`"value":"NaN","timestamp":${LARGE.timestamp},"step":${LARGE.step}`)
  })

  it('keeps text as it is: emoji, quotes, backslashes, spaces at the end, NUL', async () => {
    const app = await testApp({ backendStoreUri: await mysqlDatabase(kind) })
    const { run } = (await call(app, 'POST', 'runs/create', { experiment_id: '0' })).body
    const run_id = run.info.run_id
    const texts = ['größe 🧪', `it's "quoted" \\' \\`, 'C:\\new\\0', 'end  ', 'a\0b', '%_?', '--; /*']
    const params = texts.map((value, at) => ({ key: `p${at}`, value }))
    await call(app, 'POST', 'runs/log-batch', { run_id, params })
    const { body } = await call(app, 'GET', 'runs/get', { run_id })
    expect(new Set(body.run.data.params)).toEqual(new Set(params))
    for (const [at, text] of texts.entries()) {
      const filter = `params.p${at} = '${text.replaceAll("'", "\\'")}'`
      if (text.includes("'") || text.includes('\0')) continue
      const found = await call(app, 'POST', 'runs/search', { experiment_ids: ['0'], filter })
      expect({ text, found: found.body.runs?.length }).toEqual({ text, found: 1 })
    }
  })

  it.each([
    ['a name that is too long', 'experiments/create', { name: 'x'.repeat(300) }],
    [
      'a location that is too long',
      'experiments/create',
      { name: 'x', artifact_location: `/${'x'.repeat(300)}` },
    ],
    ['a model name that is too long', 'registered-models/create', { name: 'é'.repeat(300) }],
  ])('answers 400 for %s', async (_what, path, request) => {
    const app = await testApp({ backendStoreUri: await mysqlDatabase(kind) })
    const { status, body } = await call(app, 'POST', path, request)
    expect({ status, code: body.error_code }).toEqual({ status: 400, code: 'INVALID_PARAMETER_VALUE' })
  })

  it('compares text by its case, whatever the collation', async () => {
    const app = await testApp({ backendStoreUri: await emptyMysqlDatabase(kind) })
    for (const [key, value] of [
      ['a', 'Prod'],
      ['b', 'prod'],
      ['c', 'pröd'],
    ]) {
      const { run } = (await call(app, 'POST', 'runs/create', { experiment_id: '0', run_name: key })).body
      await call(app, 'POST', 'runs/set-tag', { run_id: run.info.run_id, key: 'stage', value })
    }
    const found = async (filter: string) => {
      const { body } = await call(app, 'POST', 'runs/search', { experiment_ids: ['0'], filter })
      return (body.runs ?? []).map((one: { info: { run_name: string } }) => one.info.run_name).sort()
    }
    expect(await found("tags.stage = 'prod'")).toEqual(['b'])
    expect(await found("tags.stage != 'prod'")).toEqual(['a', 'c'])
    expect(await found("tags.stage LIKE 'pr_d'")).toEqual(['b', 'c'])
    expect(await found("tags.stage ILIKE 'PR_D'")).toEqual(['a', 'b', 'c'])
    expect(await found("tags.stage ILIKE 'prod'")).toEqual(['a', 'b'])
    expect(await found("tags.Stage = 'prod'")).toEqual([])
  })

  it('refuses a parameter whose name its collation takes for another', async () => {
    const app = await testApp({ backendStoreUri: await emptyMysqlDatabase(kind) })
    const { run } = (await call(app, 'POST', 'runs/create', { experiment_id: '0' })).body
    const run_id = run.info.run_id
    expect((await call(app, 'POST', 'runs/log-parameter', { run_id, key: 'lr', value: '1' })).status).toBe(
      200,
    )
    const { status, body } = await call(app, 'POST', 'runs/log-parameter', { run_id, key: 'LR', value: '2' })
    expect({ status, code: body.error_code }).toEqual({ status: 400, code: 'INVALID_PARAMETER_VALUE' })
    expect(body.message).toMatch(/'LR'.*'lr'/)
  })

  it('denies a model under every name that its collation takes for the one denied', async () => {
    const grants = [{ resourceType: 'registered_model', pattern: 'secret', level: 'DENY' as const }]
    const callers = { editor: accessOf({ isAdmin: false, grants }, 'MANAGE') }
    const app = await appFor(callers, { backendStoreUri: await emptyMysqlDatabase(kind) })
    await call(app, 'POST', 'registered-models/create', { name: 'secret', description: 'mine' })
    const renamed = async (name: string) => {
      const { statusCode } = await app.inject({
        method: 'POST',
        url: '/api/2.0/mlflow/registered-models/rename',
        headers: { 'content-type': 'application/json', 'x-caller': 'editor' },
        payload: JSON.stringify({ name, new_name: 'taken' }),
      })
      return statusCode
    }
    expect(await renamed('secret')).toBe(403)
    expect(await renamed('SECRET')).toBe(403)
    expect(await renamed('sécret')).toBe(403)
    expect(await renamed('another')).toBe(404)
    expect((await call(app, 'GET', 'registered-models/get', { name: 'secret' })).status).toBe(200)
  })

  it('answers 503 and when to come back while every connection is taken', async () => {
    const uri = await mysqlDatabase(kind)
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
    const holding = holder.connection().execute(async (session) => {
      await sql`lock tables experiments write`.execute(session)
      locked.resolve()
      await held.promise
      await sql`unlock tables`.execute(session)
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
    const db = open(await mysqlDatabase(kind), { statementMs: 1000 })
    const endless = sql`with recursive n as (select 1 as i union all select i + 1 from n where i < 900)
      select count(*) from n as a, n as b, n as c, n as d`
    await expect(endless.execute(db)).rejects.toMatchObject(AWAY)
    expect((await sql`select 1 as one`.execute(db)).rows).toEqual([{ one: 1 }])
  })

  it('that ends a session between two statements of a transaction is not available, and serves the next', async () => {
    const db = open(await mysqlDatabase(kind))
    const interrupted = db.transaction().execute(async (tx) => {
      const { rows } = await sql<{ id: number }>`select connection_id() as id`.execute(tx)
      await sql`kill ${sql.lit(rows[0]?.id ?? 0)}`.execute(db)
      await delay(100)
      await sql`select 1`.execute(tx)
    })
    await expect(interrupted).rejects.toMatchObject(AWAY)
    expect((await sql`select 1 as one`.execute(db)).rows).toEqual([{ one: 1 }])
  })

  it('may go away and come back: not ready meanwhile, and ready again by itself', async () => {
    const server = await startMysql(kind, ['innodb-flush-log-at-trx-commit=1', 'innodb-doublewrite=1'])
    await mysqlQuery(uriOf(server.port, ''), 'create database mlflow character set utf8mb4')
    const app = await testApp({ backendStoreUri: uriOf(server.port, 'mlflow'), databaseWaitSeconds: 2 })
    const answers = async () => [
      (await app.inject('/readyz')).statusCode,
      (await call(app, 'POST', 'experiments/search', { max_results: 1 })).status,
    ]
    expect(await answers()).toEqual([200, 200])
    await server.stop()
    expect(await answers()).toEqual([503, 503])
    expect((await app.inject('/health')).statusCode).toBe(200)
    await server.start()
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

describe.each(KINDS)('a database of %s', (kind) => {
  it.each(Object.entries(FOREIGN))(
    '%s is refused in one line without its password, and left as it is',
    async (_which, { make, says }) => {
      const uri = await emptyMysqlDatabase(kind)
      await mysqlQuery(uri, make)
      await mysqlQuery(uri, "create user if not exists guest@'%' identified by 'hunter2'")
      await mysqlQuery(uri, `grant all on ${new URL(uri).pathname.slice(1)}.* to guest@'%'`)
      const before = await readMysqlSchema(uri)
      const folder = await temporaryFolder()
      const environment = { MLFLOW_BACKEND_STORE_URI: uri.replace(/\/\/\w+@/, '//guest:hunter2@') }
      const refused = await startTrackyard({ folder, environment }).catch((error: Error) => error)
      const [ended, ...printed] = (refused as Error).message.trimEnd().split('\n')
      expect(ended).toBe('the server ended with 1:')
      expect(printed).toEqual([expect.stringMatching(says)])
      expect(printed[0]).not.toContain('hunter2')
      expect(await readMysqlSchema(uri)).toEqual(before)
    },
  )

  it('whose schema another start has left unfinished is given the rest of it', async () => {
    const uri = await emptyMysqlDatabase(kind)
    const folder = await temporaryFolder()
    const whole = await startTrackyard({ folder, environment: { MLFLOW_BACKEND_STORE_URI: uri } })
    await whole.stop()
    const schema = await readMysqlSchema(uri)
    await mysqlQuery(
      uri,
      `drop trigger prevent_secrets_aad_mutation; drop table spans; drop table trackyard_webhook_outbox;
       drop table latest_metrics; delete from workspaces; delete from experiments;
       update alembic_version set version_num = concat('unfinished ', version_num)`.replaceAll(
        'drop table spans',
        'set foreign_key_checks = 0; drop table spans',
      ),
    )
    const again = await startTrackyard({ folder, environment: { MLFLOW_BACKEND_STORE_URI: uri } })
    await again.stop()
    expect(await readMysqlSchema(uri)).toEqual(schema)
    expect(await mysqlQuery(uri, 'select version_num from alembic_version')).toEqual([
      { version_num: 'dc11669786a5' },
    ])
  })
})

describe.each(KINDS)('the way to %s', (kind) => {
  it('takes user and password from where they are, and the file anew at each connection', async () => {
    const server = await startMysql(kind)
    const admin = uriOf(server.port, '')
    await mysqlQuery(admin, "create database shop; create user reader@'%' identified by 'p@ss/1'")
    await mysqlQuery(admin, "grant all on shop.* to reader@'%'")
    const nobody = `mysql://reader@127.0.0.1:${server.port}/shop`
    const whoami = async (db: Db) =>
      (await sql<{ me: string }>`select current_user() as me`.execute(db)).rows[0]?.me
    expect(await whoami(open(nobody.replace('@', ':p%40ss%2F1@')))).toBe('reader@%')
    expect(
      await whoami(
        open(
          `mysql://reader:p%40ss%2F1@/shop?unix_socket=${encodeURIComponent(join(server.folder, 'socket'))}`,
        ),
      ),
    ).toBe('reader@%')
    await expect(whoami(open(nobody.replace('@', ':wrong@')))).rejects.toMatchObject(AWAY)
    // PGPASSWORD is for another database.
    await expect(whoami(open(nobody, { password: 'p@ss/1' }))).rejects.toMatchObject(AWAY)

    const passwordFile = join(await temporaryFolder(), 'password')
    await writeFile(passwordFile, 'p@ss/1\n')
    const db = open(nobody, { passwordFile })
    expect(await whoami(db)).toBe('reader@%')
    await mysqlQuery(admin, "alter user reader@'%' identified by 'second'")
    const sessions = await mysqlQuery(
      admin,
      "select id from information_schema.processlist where user = 'reader'",
    )
    for (const { id, ID } of sessions) await mysqlQuery(admin, `kill ${id ?? ID}`)
    await expect.poll(() => whoami(db).catch((error) => error.code)).toBe('TEMPORARILY_UNAVAILABLE')
    await writeFile(passwordFile, 'second\n')
    expect(await whoami(db)).toBe('reader@%')
  })

  it('is encrypted and verified as the URI says', async () => {
    const own = await temporaryFolder()
    const { ca, other, settings } = await makeCertificates(own)
    const server = await startMysql(kind, settings)
    const encrypted = async (parameters: string) => {
      const db = open(`${uriOf(server.port, 'mysql').replace('127.0.0.1', 'localhost')}?${parameters}`)
      const { rows } = await sql<{ Value: string }>`show session status like 'Ssl_cipher'`.execute(db)
      return rows[0]?.Value !== ''
    }
    expect(await encrypted('ssl_disabled=true')).toBe(false)
    expect(await encrypted('ssl_mode=DISABLED')).toBe(false)
    expect(await encrypted('')).toBe(true)
    expect(await encrypted('ssl_mode=REQUIRED')).toBe(true)
    expect(await encrypted(`ssl_ca=${ca}`)).toBe(true)
    await expect(encrypted('ssl_mode=VERIFY_CA')).rejects.toThrow()
    await expect(encrypted(`ssl_ca=${other}`)).rejects.toThrow()
    // The certificate is for db.test.
    await expect(encrypted(`ssl_mode=VERIFY_IDENTITY&ssl_ca=${ca}`)).rejects.toThrow()
    await expect(encrypted('ssl_mode=SOME')).rejects.toThrow(/ssl_mode must be/)
    await expect(encrypted('ssl_ca=/nowhere')).rejects.toThrow(/ssl_ca names \/nowhere/)
  })

  it('goes on without TLS where the server has none, unless it is asked for', async () => {
    const server = await startMysql(kind, kind === 'MySQL' ? ['tls-version='] : ['skip-ssl'])
    const one = async (parameters: string) =>
      (await sql`select 1 as one`.execute(open(`${uriOf(server.port, 'mysql')}${parameters}`))).rows
    expect(await one('')).toEqual([{ one: 1 }])
    await expect(one('?ssl_mode=REQUIRED')).rejects.toMatchObject(AWAY)
  })
})

/** A certificate for db.test that is its own authority, and another one. */
async function makeCertificates(folder: string): Promise<{ ca: string; other: string; settings: string[] }> {
  await chmod(folder, 0o755)
  const make = async (name: string) => {
    const [key, crt] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)]
    await promisify(execFile)('openssl', [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=db.test'],
      ...['-addext', 'subjectAltName=DNS:db.test', '-keyout', key, '-out', crt],
    ])
    await chmod(key, 0o644)
  }
  await make('server')
  await make('other')
  const ca = join(folder, 'server.crt')
  return {
    ca,
    other: join(folder, 'other.crt'),
    settings: [`ssl-cert=${ca}`, `ssl-key=${join(folder, 'server.key')}`, `ssl-ca=${ca}`],
  }
}
