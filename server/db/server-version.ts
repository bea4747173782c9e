import { type Kysely, sql } from 'kysely'
import { dialectOf } from './dialect.ts'

/** The oldest that the tests run on. */
const OLDEST_POSTGRES = 13

/** @throws Error in one line when the database's server is older than this server is made for */
export async function requireServerVersion<D>(db: Kysely<D>): Promise<void> {
  switch (dialectOf(db)) {
    case 'sqlite':
    case 'mysql':
      return
    case 'postgres': {
      const { rows } = await sql<{
        version: string
      }>`select current_setting('server_version') as version`.execute(db)
      const version = rows[0]?.version ?? ''
      if (Number.parseInt(version, 10) >= OLDEST_POSTGRES) return
      throw new Error(
        `PostgreSQL ${version} is too old, this server needs ${OLDEST_POSTGRES} or newer; nothing was changed`,
      )
    }
  }
}
