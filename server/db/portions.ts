import type { Compilable } from 'kysely'
import { dialectOf } from './dialect.ts'
import type { Db } from './index.ts'

/** Rows of some 100 kB of JSON, in some milliseconds. */
const ROWS_PER_PORTION = 1_000

/** The rows of a query that may give very many, in portions; who stops reading them ends the query. */
export async function* inPortions<R>(db: Db, query: Compilable<R>): AsyncGenerator<readonly R[]> {
  const compiled = query.compile()
  switch (dialectOf(db)) {
    case 'sqlite':
      for await (const { rows } of db.getExecutor().stream<R>(compiled, ROWS_PER_PORTION)) yield rows
      return
    case 'postgres':
    case 'mysql': {
      // All at once: a connection of the pool must not be held for as long as a slow client takes.
      const { rows } = await db.executeQuery<R>(compiled)
      for (let start = 0; start < rows.length; start += ROWS_PER_PORTION) {
        yield rows.slice(start, start + ROWS_PER_PORTION)
      }
    }
  }
}
