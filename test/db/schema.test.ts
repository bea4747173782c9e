import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openDatabase } from '../../server/db/index.ts'
import { migrate } from '../../server/db/migrate.ts'
import { mlflowEnvironment, run } from '../support/mlflow.ts'
import { ownTables, readRows, readSchema, type SchemaOf } from './sqlite-schema.ts'

const mlflow = await mlflowEnvironment()

describe.skipIf(!mlflow)('the schema, beside the one of `mlflow db upgrade`', () => {
  let folder: string
  let ours: SchemaOf
  let theirs: SchemaOf

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'trackyard-schema-'))
    const upgrade = run(mlflow?.mlflow ?? '', ['db', 'upgrade', `sqlite:///${folder}/theirs.db`])
    const db = openDatabase(`sqlite:///${folder}/ours.db`)
    await migrate(db)
    await db.destroy()
    await upgrade
    ours = readSchema(`${folder}/ours.db`)
    theirs = readSchema(`${folder}/theirs.db`)
  }, 150_000)
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('has the same 65 tables', () => {
    expect(Object.keys(ours.tables)).toEqual(Object.keys(theirs.tables))
    expect(Object.keys(theirs.tables)).toHaveLength(65)
  })

  it.each(['columns', 'indexes', 'foreignKeys', 'constraints'] as const)(
    'has the same %s in every table',
    (part) => {
      const facts = (schema: SchemaOf) =>
        Object.fromEntries(Object.entries(schema.tables).map(([name, table]) => [name, table[part]]))
      expect(facts(ours)).toEqual(facts(theirs))
    },
  )

  it('has columns in the same order, as a copy by position needs', () => {
    const order = (schema: SchemaOf) =>
      Object.fromEntries(
        Object.entries(schema.tables).map(([name, table]) => [name, Object.keys(table.columns)]),
      )
    expect(order(ours)).toEqual(order(theirs))
  })

  it('has the same triggers and no views', () => {
    expect(ours.triggers).toEqual(theirs.triggers)
    expect(ours.views).toEqual(theirs.views)
  })

  it('stands in a database of MLflow’s after the first start, with our own tables beside it', async () => {
    const path = `${folder}/theirs.db`
    const own = () => ownTables(path)
    expect(own()).toEqual([])
    const db = openDatabase(`sqlite:///${path}`)
    expect(await migrate(db)).toBe('current')
    expect(await migrate(db)).toBe('current')
    await db.destroy()
    expect(own()).toEqual(['trackyard_garbage', 'trackyard_model_activities', 'trackyard_webhook_outbox'])
    expect(own()).toEqual(ownTables(`${folder}/ours.db`))
    expect(readSchema(path)).toEqual(theirs)
  })

  it.each(['alembic_version', 'workspaces'])('starts with the same rows in %s', (table) => {
    const rows = readRows(`${folder}/ours.db`, table)
    expect(rows).toEqual(readRows(`${folder}/theirs.db`, table))
    expect(rows).toHaveLength(1)
  })
})
