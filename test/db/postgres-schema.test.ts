import { beforeAll, describe, expect, it } from 'vitest'
import { openDatabase } from '../../server/db/index.ts'
import { migrate } from '../../server/db/migrate.ts'
import { mlflowEnvironment, run } from '../support/mlflow.ts'
import { emptyDatabase, hasPostgres, query } from '../support/postgres.ts'
import { PARTS, readPostgresSchema, type Schema } from './postgres-schema.ts'

const mlflow = await mlflowEnvironment()

describe.skipIf(!mlflow || !hasPostgres())(
  'the schema on PostgreSQL, beside the one of `mlflow db upgrade`',
  () => {
    const uri = { ours: '', theirs: '' }
    const schema = {} as Record<keyof typeof uri, Schema>

    beforeAll(async () => {
      uri.ours = await emptyDatabase()
      uri.theirs = await emptyDatabase()
      const upgrade = run(mlflow?.mlflow ?? '', ['db', 'upgrade', uri.theirs])
      const db = openDatabase(uri.ours)
      await migrate(db)
      await db.destroy()
      await upgrade
      schema.ours = await readPostgresSchema(uri.ours)
      schema.theirs = await readPostgresSchema(uri.theirs)
    }, 150_000)

    it.each(PARTS)('has the same %s', (part) => {
      expect(schema.ours[part]).toEqual(schema.theirs[part])
    })

    it('is that of a whole MLflow', () => {
      const counts = PARTS.map((part) => `${Object.keys(schema.theirs[part]).length} ${part}`)
      expect(counts).toEqual([
        '493 columns',
        '134 constraints',
        '156 indexes',
        '4 sequences',
        '1 triggers',
        '1 functions',
        '0 others',
      ])
    })

    it.each(['alembic_version', 'workspaces'])('starts with the same rows in %s', async (table) => {
      const rows = await query(uri.ours, `select * from ${table}`)
      expect(rows).toEqual(await query(uri.theirs, `select * from ${table}`))
      expect(rows).toHaveLength(1)
    })
  },
)
