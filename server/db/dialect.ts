import { type Kysely, MysqlAdapter, PostgresAdapter } from 'kysely'
import type { DatabaseLocation } from './uri.ts'

export type Dialect = DatabaseLocation['dialect']

/** Which database this is: for the few expressions that differ. */
export function dialectOf(db: Pick<Kysely<object>, 'getExecutor'>): Dialect {
  const { adapter } = db.getExecutor()
  if (adapter instanceof PostgresAdapter) return 'postgres'
  return adapter instanceof MysqlAdapter ? 'mysql' : 'sqlite'
}
