import { dialectOf } from './dialect.ts'
import type { Db } from './index.ts'

interface Lockable {
  forUpdate(): this
}

/** The query with a lock on its rows until the transaction ends; SQLite has one writer at a time. */
export function locking<Q extends Lockable>(tx: Db, query: Q): Q {
  return dialectOf(tx) === 'sqlite' ? query : query.forUpdate()
}
