import { beforeAll, describe, expect, it } from 'vitest'
import { openDatabase } from '../../server/db/index.ts'
import { migrate } from '../../server/db/migrate.ts'
import { mlflowEnvironment, run } from '../support/mlflow.ts'
import { emptyMysqlDatabase, hasServer, mysqlQuery } from '../support/mysql.ts'
import { type MysqlSchema, readMysqlSchema } from './mysql-schema.ts'

const mlflow = await mlflowEnvironment()
const KINDS = (['MariaDB', 'MySQL'] as const).filter(hasServer)

describe.skipIf(!mlflow).each(KINDS)('the schema on %s, beside the one of `mlflow db upgrade`', (kind) => {
  const uri = { ours: '', theirs: '' }
  const schema = {} as Record<keyof typeof uri, MysqlSchema>

  beforeAll(async () => {
    uri.ours = await emptyMysqlDatabase(kind)
    uri.theirs = await emptyMysqlDatabase(kind)
    const upgrade = run(mlflow?.mlflow ?? '', ['db', 'upgrade', uri.theirs])
    const db = openDatabase(uri.ours)
    await migrate(db)
    await db.destroy()
    await upgrade
    schema.ours = await readMysqlSchema(uri.ours)
    schema.theirs = await readMysqlSchema(uri.theirs)
  }, 150_000)

  it.each(['columns', 'keys', 'options', 'triggers'] as const)('has the same %s', (part) => {
    expect(schema.ours[part]).toEqual(schema.theirs[part])
  })

  it('is that of a whole MLflow', () => {
    const counts = Object.values(schema.theirs).map((part) => Object.values(part).flat().length)
    expect(counts).toEqual([493, 234, 65, 1])
  })

  it.each(['alembic_version', 'workspaces'])('starts with the same rows in %s', async (table) => {
    const rows = await mysqlQuery(uri.ours, `select * from ${table}`)
    expect(rows).toEqual(await mysqlQuery(uri.theirs, `select * from ${table}`))
    expect(rows).toHaveLength(1)
  })
})
