import { dialectOf } from './dialect.ts'
import type { Db } from './index.ts'
import type { AuthDb } from './login.ts'

interface Lockable {
  forUpdate(): this
}

/** The query with a lock on its rows until the transaction ends; SQLite has one writer at a time. */
export function locking<Q extends Lockable>(tx: Db | AuthDb, query: Q): Q {
  return dialectOf(tx) === 'sqlite' ? query : query.forUpdate()
}
