import type { Insertable } from 'kysely'
import { dialectOf } from './dialect.ts'
import type { AuthDb } from './login.ts'
import type { LoginDatabase } from './schema/login-index.ts'

type Counted = 'users' | 'roles' | 'role_permissions' | 'user_role_assignments'

/** Inserts a row whose id the database counts up. @returns the id */
export async function insertCounted<T extends Counted>(
  db: AuthDb,
  table: T,
  row: Insertable<LoginDatabase[T]>,
): Promise<number> {
  // Kysely cannot follow a table that is a type parameter; the signature has checked the names.
  const insert = db.insertInto(table as 'users').values(row as Insertable<LoginDatabase['users']>)
  const dialect = dialectOf(db)
  switch (dialect) {
    case 'sqlite':
    case 'mysql':
      return Number((await insert.executeTakeFirstOrThrow()).insertId)
    case 'postgres':
      return (await insert.returning('id').executeTakeFirstOrThrow()).id
  }
}
