/** Databases that are opened to be read and nothing else. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import { describe, expect, it, onTestFinished } from 'vitest'
import { buildApp } from '../../server/app.ts'
import type { Context } from '../../server/context.ts'
import { call, temporaryFolder, testContext } from '../server/support.ts'
import { type DatabaseServer, databaseServers } from '../support/databases.ts'

const NO_TABLES = 'it has no tables; a server that writes makes them when it starts'

describe('SQLite, only read', () => {
  it('is not changed by a byte, and gets no file that is not there', async () => {
    const artifactsDestination = await temporaryFolder()
    const path = join(artifactsDestination, 'mlflow.db')
    const backendStoreUri = `sqlite:///${path}`
    const opening = testContext({ backendStoreUri, artifactsDestination, readOnly: true })
    await expect(opening).rejects.toThrow(`there is no file ${path}`)
    await writeFile(path, '')
    await expect(testContext({ backendStoreUri, artifactsDestination, readOnly: true })).rejects.toThrow(
      NO_TABLES,
    )
    expect(await readFile(path, 'utf8')).toBe('')
  })

  it('refuses writes itself', async () => {
    const { config } = await testContext()
    await expectNoWrites(await testContext({ ...config, readOnly: true }))
  })

  it('serves a file beside the server that writes it', async () => {
    const { config, db } = await testContext()
    const app = buildApp(await testContext({ ...config, readOnly: true }))
    await db.insertInto('experiment_tags').values({ experiment_id: 0, key: 'k', value: 'v' }).execute()
    const before = await readFile(config.backendStoreUri.slice('sqlite:///'.length))
    const { body } = await call(app, 'GET', 'experiments/get', { experiment_id: '0' })
    expect(body.experiment.tags).toEqual([{ key: 'k', value: 'v' }])
    expect(await readFile(config.backendStoreUri.slice('sqlite:///'.length))).toEqual(before)
  })
})

describe.each(databaseServers())('$name, only read', { timeout: 120_000 }, (server) => {
  it('is served as a role that may only select', async () => {
    const backendStoreUri = await server.migrated()
    const artifactsDestination = await temporaryFolder()
    await testContext({ backendStoreUri })
    const reader = await readerOf(server, backendStoreUri)
    const app = buildApp(await testContext({ backendStoreUri: reader, readOnly: true, artifactsDestination }))
    const { status, body } = await call(app, 'POST', 'runs/search', { experiment_ids: ['0'] })
    expect([status, body]).toEqual([200, {}])
    expect((await app.inject('/readyz')).json()).toEqual({ database: 'ok', artifacts: 'ok' })
  })

  it('refuses writes itself, whatever the role may do', async () => {
    const { config } = await testContext({ backendStoreUri: await server.migrated() })
    await expectNoWrites(await testContext({ ...config, readOnly: true }))
  })

  it('is refused without tables and at another revision, and left so', async () => {
    const empty = await server.empty()
    const only = { readOnly: true, artifactsDestination: await temporaryFolder() }
    await expect(testContext({ ...only, backendStoreUri: empty })).rejects.toThrow(NO_TABLES)
    await server.query(empty, 'create table alembic_version (version_num varchar(32) not null)')
    await server.query(empty, "insert into alembic_version values ('534353b11cbc')")
    const opening = testContext({ ...only, backendStoreUri: empty })
    await expect(opening).rejects.toThrow(
      'the database is at schema revision 534353b11cbc, and this server needs',
    )
    const rows = await server.query(empty, 'select version_num from alembic_version')
    expect(rows).toEqual([{ version_num: '534353b11cbc' }])
  })
})

/** What a route would let through, the database refuses. */
async function expectNoWrites({ db }: Context): Promise<void> {
  await expect(db.insertInto('workspaces').values({ name: 'new' }).execute()).rejects.toThrow()
  const inTransaction = db.transaction().execute((tx) => tx.deleteFrom('experiments').execute())
  await expect(inTransaction).rejects.toThrow()
  await expect(sql`create table made (id integer)`.execute(db)).rejects.toThrow()
  const names = db.selectFrom('experiments').select('name')
  expect(await names.execute()).toEqual([{ name: 'Default' }])
  expect(await db.transaction().execute((tx) => tx.executeQuery(names))).toMatchObject({ rows: [{}] })
  expect((await sql`select 1 as one`.execute(db)).rows).toEqual([{ one: 1 }])
}

let made = 0

/** The same database for somebody who may select from all its tables, and nothing else. */
async function readerOf(server: DatabaseServer, uri: string): Promise<string> {
  const role = `reader_${process.pid}_${made++}`
  const url = new URL(uri)
  const database = url.pathname.slice(1)
  const isPostgres = server.name === 'PostgreSQL'
  const statements = isPostgres
    ? [`create role ${role} login`, `grant select on all tables in schema public to ${role}`]
    : [`create user ${role}@'%'`, `grant select on ${database}.* to ${role}@'%'`]
  const end = isPostgres ? [`drop owned by ${role}`, `drop role ${role}`] : [`drop user ${role}@'%'`]
  for (const statement of statements) await server.query(uri, statement)
  onTestFinished(async () => {
    for (const statement of end) await server.query(uri, statement)
  })
  url.username = role
  return url.href
}
