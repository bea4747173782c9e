import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import { describe, expect, it, vi } from 'vitest'
import { buildApp } from '../../server/app.ts'
import type { Config } from '../../server/config.ts'
import { call, testContext } from '../server/support.ts'
import { hasServer, mysqlQuery, uriOf as mysqlUri, startMysql } from '../support/mysql.ts'
import { type Cluster, hasPostgres, query, startCluster, uriOf } from '../support/postgres.ts'
import { type SecretsManager, startSecretsManager } from '../support/secrets-manager.ts'

// Clusters of their own start here.
vi.setConfig({ testTimeout: 60_000 })

const SECRET = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!db-1-AbCdEf'

const secretOf = (username: string, password: string) => JSON.stringify({ username, password })

/** A cluster that asks the owner of the database `mlflow` for a password, and all others for none. */
async function guardedCluster(): Promise<Cluster & { admin: string; uri: string }> {
  const cluster = await startCluster()
  const admin = uriOf(cluster.port, 'postgres')
  await query(admin, "create role owners; create role a login password 'first' in role owners")
  await query(admin, 'alter role a set role owners')
  await query(admin, 'create database mlflow owner owners')
  await writeFile(
    join(cluster.folder, 'data/pg_hba.conf'),
    'host all trackyard all trust\nhost all all all scram-sha-256\n',
  )
  await query(admin, 'select pg_reload_conf()')
  return { ...cluster, admin, uri: `postgresql://127.0.0.1:${cluster.port}/mlflow` }
}

const disconnect = (admin: string) =>
  query(admin, "select pg_terminate_backend(pid) from pg_stat_activity where usename in ('a', 'b')")

describe.skipIf(!hasPostgres())('a secret of the database that rotates', () => {
  async function server(
    aws: (manager: SecretsManager) => void = () => undefined,
    settings: Partial<Config> = {},
  ) {
    const cluster = await guardedCluster()
    const manager = await startSecretsManager(SECRET, secretOf('a', 'first'))
    aws(manager)
    const context = await testContext({
      backendStoreUri: cluster.uri,
      databaseSecret: SECRET,
      databasePoolSize: 1,
      ...settings,
    })
    const app = buildApp(context)
    const create = async (name: string) => (await call(app, 'POST', 'experiments/create', { name })).status
    return { ...cluster, manager, context, create }
  }

  it('costs no request, whichever of the two changes first, nor the connections that are open', async () => {
    const { admin, manager, context, create } = await server()
    const release = Promise.withResolvers<void>()
    const inside = Promise.withResolvers<void>()
    const inFlight = context.db.transaction().execute(async (tx) => {
      const before = await sql`select pg_backend_pid() as pid`.execute(tx)
      inside.resolve()
      await release.promise
      return [before.rows, (await sql`select pg_backend_pid() as pid`.execute(tx)).rows]
    })
    await inside.promise
    const names = (round: string) => Array.from({ length: 12 }, (_, at) => `${round}-${at}`)

    await query(admin, "alter role a password 'second'")
    const early = Promise.all(names('early').map(create))
    await new Promise((resolve) => setTimeout(resolve, 300))
    manager.value = secretOf('a', 'second')
    expect(await early).toEqual(names('early').map(() => 200))

    release.resolve()
    const [before, after] = await inFlight
    expect(after).toEqual(before)

    manager.value = secretOf('a', 'third')
    await query(admin, "alter role a password 'third'")
    await disconnect(admin)
    expect(await Promise.all(names('late').map(create))).toEqual(names('late').map(() => 200))
  })

  it('costs clients that go on writing nothing, rotation after rotation', async () => {
    // Connections are opened anew all the time, with whatever is the password then.
    const { admin, manager, create } = await server(undefined, { databasePoolRecycleSeconds: 1 })
    const answers: number[] = []
    let rotating = true
    const client = async (name: string) => {
      for (let at = 0; rotating; at++) answers.push(await create(`${name}-${at}`))
    }
    const clients = Promise.all(['a', 'b', 'c', 'd'].map(client))
    for (const password of ['second', 'third', 'fourth']) {
      const { reads } = manager
      await query(admin, `alter role a password '${password}'`)
      manager.value = secretOf('a', password)
      await expect.poll(() => manager.reads).toBeGreaterThan(reads)
    }
    rotating = false
    await clients
    expect(answers.length).toBeGreaterThan(30)
    expect(answers.filter((status) => status !== 200)).toEqual([])
  })

  it('may bring another user', async () => {
    const { admin, manager, create } = await server()
    await query(admin, "create role b login password 'of b' in role owners; alter role b set role owners")
    manager.value = secretOf('b', 'of b')
    await query(admin, "alter role a password 'gone'")
    await disconnect(admin)
    expect(await create('by b')).toBe(200)
    expect(
      await query(admin, "select distinct usename from pg_stat_activity where datname = 'mlflow'"),
    ).toEqual([{ usename: 'b' }])
  })

  it('is read once for many connections, and not needed while what was read is young', async () => {
    const { admin, manager, create } = await server()
    const { reads } = manager
    manager.failing = true
    await disconnect(admin)
    expect(await Promise.all(['x', 'y', 'z'].map(create))).toEqual([200, 200, 200])
    expect([reads, manager.reads]).toEqual([1, 1])
  })

  it.each([
    ['is not there', (manager: SecretsManager) => (manager.failing = true), /can't find the secret/],
    [
      'is no JSON',
      (manager: SecretsManager) => (manager.value = 'hunter2'),
      /AbCdEf is not JSON with a username/,
    ],
    [
      'has no password',
      (manager: SecretsManager) => (manager.value = '{"username":"a"}'),
      /not JSON with a user/,
    ],
    [
      'is wrong',
      (manager: SecretsManager) => (manager.value = secretOf('a', 'hunter2')),
      /authentication failed/,
    ],
  ])('ends the start in one line when it %s', async (_what, spoil, message) => {
    const refused = await server(spoil).catch((error: Error) => error)
    expect((refused as Error).message).toMatch(message)
    expect((refused as Error).message).not.toMatch(/hunter2|\n/)
  })
})

describe.skipIf(!hasServer('MariaDB'))('a secret of MariaDB that rotates', () => {
  it('costs no request, whichever of the two changes first, nor the connections that are open', async () => {
    const { port } = await startMysql('MariaDB')
    const admin = mysqlUri(port, '')
    const change = (password: string) => mysqlQuery(admin, `alter user a@'%' identified by '${password}'`)
    await mysqlQuery(admin, "create database mlflow character set utf8mb4; create user a@'%'")
    await mysqlQuery(admin, "grant all on mlflow.* to a@'%'")
    await change('first')
    const manager = await startSecretsManager(SECRET, secretOf('a', 'first'))
    const context = await testContext({
      backendStoreUri: `mysql://127.0.0.1:${port}/mlflow`,
      databaseSecret: SECRET,
      databasePoolSize: 1,
    })
    const app = buildApp(context)
    const createAll = (names: readonly string[]) =>
      Promise.all(names.map(async (name) => (await call(app, 'POST', 'experiments/create', { name })).status))
    const names = (round: string) => Array.from({ length: 12 }, (_, at) => `${round}-${at}`)
    const session = sql<{ id: number }>`select connection_id() as id`
    const [inside, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const inFlight = context.db.transaction().execute(async (tx) => {
      const before = (await session.execute(tx)).rows
      inside.resolve()
      await release.promise
      return [before, (await session.execute(tx)).rows]
    })
    await Promise.race([inside.promise, inFlight])

    await change('second')
    const early = createAll(names('early'))
    await new Promise((resolve) => setTimeout(resolve, 300))
    manager.value = secretOf('a', 'second')
    expect(await early).toEqual(names('early').map(() => 200))

    release.resolve()
    const [before, after] = await inFlight
    expect(after).toEqual(before)

    manager.value = secretOf('a', 'third')
    await change('third')
    await mysqlQuery(admin, "kill user a@'%'")
    expect(await createAll(names('late'))).toEqual(names('late').map(() => 200))
    expect(manager.reads).toBeGreaterThan(2)
  })
})
