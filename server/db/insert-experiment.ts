import type { Insertable } from 'kysely'
import { dialectOf } from './dialect.ts'
import type { Db } from './index.ts'
import type { Database } from './schema/index.ts'

/** Inserts an experiment whose id the database counts up. @returns the id */
export async function insertExperiment(db: Db, row: Insertable<Database['experiments']>): Promise<number> {
  const insert = db.insertInto('experiments').values(row)
  const dialect = dialectOf(db)
  switch (dialect) {
    case 'sqlite':
    case 'mysql':
      return Number((await insert.executeTakeFirstOrThrow()).insertId)
    case 'postgres':
      return (await insert.returning('experiment_id').executeTakeFirstOrThrow()).experiment_id
  }
}
