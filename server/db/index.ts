import { Kysely } from 'kysely'
import type { Database } from './schema/index.ts'
import { sqliteDialect } from './sqlite.ts'
import { parseDatabaseUri } from './uri.ts'

/** The database, or a transaction on it. */
export type Db = Kysely<Database>

/**
 * Connects to the database a URI names; whether its schema is right is `migrate`'s to say.
 * @throws Error in one line when it cannot be opened
 */
export function openDatabase(uri: string): Db {
  const location = parseDatabaseUri(uri)
  switch (location.dialect) {
    case 'sqlite':
      return new Kysely<Database>({ dialect: sqliteDialect(location.path) })
    case 'postgres':
    case 'mysql':
      throw new Error(
        `${location.dialect} databases are not supported by this release yet; use sqlite:///path.db`,
      )
  }
}
