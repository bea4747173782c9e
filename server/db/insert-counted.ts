/** Inserting rows whose id the database counts up. */
import type { Insertable, Kysely } from 'kysely'
import { dialectOf } from './dialect.ts'
import type { Db } from './index.ts'
import type { AuthDb } from './login.ts'
import type { Database } from './schema/index.ts'
import type { LoginDatabase } from './schema/login-index.ts'

/** @returns the id */
export function insertExperiment(db: Db, row: Insertable<Database['experiments']>): Promise<number> {
  return insertCounted(db, 'experiments', row, 'experiment_id')
}

type Counted = 'users' | 'roles' | 'role_permissions' | 'user_role_assignments'

/** Into a table of the login. @returns the id */
export function insertForLogin<T extends Counted>(
  db: AuthDb,
  table: T,
  row: Insertable<LoginDatabase[T]>,
): Promise<number> {
  return insertCounted(db, table, row, 'id')
}

async function insertCounted<D>(db: Kysely<D>, table: string, row: object, id: string): Promise<number> {
  // Kysely cannot follow a table that is a parameter; those who call this have checked the names.
  const tables = db as unknown as Kysely<Record<string, Record<string, unknown>>>
  const insert = tables.insertInto(table).values({ ...row })
  const dialect = dialectOf(db)
  switch (dialect) {
    case 'sqlite':
    case 'mysql':
      return Number((await insert.executeTakeFirstOrThrow()).insertId)
    case 'postgres':
      return Number((await insert.returning(id).executeTakeFirstOrThrow())[id])
  }
}
