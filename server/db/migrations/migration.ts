import type { Kysely } from 'kysely'
import type { Database } from '../schema/index.ts'

/** One step of MLflow's schema, from a revision to the next. */
export interface Migration {
  readonly from: string
  readonly to: string
  /**
   * Changes the schema and its rows, inside a transaction that nobody else migrates beside. What it says of tables is
   * its own: the ones in `schema/` are those of today.
   */
  up(tx: Kysely<Database>): Promise<void>
}
