import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDatabase } from '../../server/db/index.ts'
import { migrateLogin, openLoginDatabase } from '../../server/db/login.ts'
import { migrate } from '../../server/db/migrate.ts'
import { DEFAULT_OPTIONS } from '../../server/db/postgres-pool.ts'
import type { LoginDatabase } from '../../server/db/schema/login-index.ts'
import { temporaryFolder } from '../server/support.ts'
import { databaseServers } from '../support/databases.ts'
import { mlflowEnvironment, run } from '../support/mlflow.ts'
import { emptyDatabase, hasPostgres } from '../support/postgres.ts'
import { PARTS, readPostgresSchema } from './postgres-schema.ts'
import { readSchema } from './sqlite-schema.ts'

const mlflow = await mlflowEnvironment()

/** As `mlflow server --app-name basic-auth` makes it. */
async function madeByMlflow(uri: string): Promise<string> {
  await run(mlflow?.python ?? '', ['-m', 'mlflow.server.auth', 'db', 'upgrade', '--url', uri])
  return uri
}

async function madeByUs(uri: string): Promise<string> {
  const db = await openLoginDatabase(uri, DEFAULT_OPTIONS, 'the test')
  await db.destroy()
  return uri
}

describe.skipIf(!mlflow)(
  'the schema of users, beside the one of `mlflow server --app-name basic-auth`',
  () => {
    let folder: string
    let theirs: string

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'trackyard-login-schema-'))
      theirs = `${folder}/theirs.db`
      await madeByMlflow(`sqlite:///${theirs}`)
    }, 150_000)
    afterAll(() => rm(folder, { recursive: true, force: true }))

    it('is the same on SQLite', async () => {
      const ours = `${await temporaryFolder()}/ours.db`
      await madeByUs(`sqlite:///${ours}`)
      const [made, wanted] = [readSchema(ours), readSchema(theirs)]
      expect(made).toEqual(wanted)
      expect(Object.keys(wanted.tables)).toHaveLength(12)
      const order = (schema: typeof made) =>
        Object.values(schema.tables).map((table) => Object.keys(table.columns))
      expect(order(made)).toEqual(order(wanted))
    })

    it('is left as it is where MLflow has made it', async () => {
      const before = readSchema(theirs)
      await madeByUs(`sqlite:///${theirs}`)
      expect(readSchema(theirs)).toEqual(before)
    })

    it.skipIf(!hasPostgres())(
      'is the same on PostgreSQL',
      async () => {
        const [ours, wanted] = [
          await madeByUs(await emptyDatabase()),
          await madeByMlflow(await emptyDatabase()),
        ]
        // The query on sequences is of the tracking schema's.
        const parts = PARTS.filter((part) => part !== 'sequences')
        const made = await readPostgresSchema(ours, parts)
        expect(made).toEqual(await readPostgresSchema(wanted, parts))
        expect(Object.keys(made.columns)).toHaveLength(46)
      },
      150_000,
    )
  },
)

describe.each(databaseServers())('the schema of users on $name', (server) => {
  it('stands beside the tracking schema, whichever was there first', async () => {
    const [first, second] = [await server.empty(), await server.empty()]
    await madeByUs(first)
    for (const uri of [first, second]) {
      const db = openDatabase(uri)
      expect(await migrate(db)).toBe('created')
      expect(await migrate(db)).toBe('current')
      await db.destroy()
    }
    await madeByUs(second)
    const tables =
      'select count(*) as there from users, roles, experiments, alembic_version_auth, alembic_version'
    for (const uri of [first, second]) expect(Number((await server.query(uri, tables))[0]?.there)).toBe(0)
  }, 60_000)

  it('is made once by servers that start at the same time', async () => {
    const uri = await server.empty()
    const opened = await Promise.all([1, 2, 3].map(() => openDatabase<LoginDatabase>(uri)))
    const outcomes = await Promise.all(opened.map(migrateLogin))
    await Promise.all(opened.map((db) => db.destroy()))
    expect(outcomes.sort()).toEqual(['created', 'current', 'current'])
  }, 60_000)

  it('of another revision is refused and stays', async () => {
    const uri = await madeByUs(await server.empty())
    await server.query(uri, "update alembic_version_auth set version_num = '8606fa83a998'")
    await expect(madeByUs(uri)).rejects.toThrow(
      /^the test names \S+: the users in the database are at schema revision 8606fa83a998, and this server needs f1a2b3c4d5e6 \(MLflow 3\.17\.2\); nothing was changed\. An older one is brought forward, after a backup, by: pip install 'mlflow\[auth\]==3\.17\.2'/,
    )
  }, 60_000)
})

it('refuses a table of users that is at no revision', async () => {
  const uri = `sqlite:///${await temporaryFolder()}/other.db`
  const db = openDatabase(uri)
  await db.schema.createTable('users').addColumn('id', 'integer').execute()
  await db.destroy()
  await expect(madeByUs(uri)).rejects.toThrow(/the database has a table of users that is at no revision/)
})
