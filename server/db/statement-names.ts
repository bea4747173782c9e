import { createHash } from 'node:crypto'
import type { CompiledQuery } from 'kysely'

/** Statements a connection keeps prepared at most. */
const MOST_NAMES = 200
/** Above, the text is one of many: it has a variable for each of a list. */
const MOST_VARIABLES = 24

/**
 * Names of statements that PostgreSQL is to parse and plan once a connection. The same text has the same name in every
 * process, so whoever stands between may share connections among them.
 */
export class StatementNames {
  readonly #names = new Map<string, string>()
  #isOff = false

  /** For a way to the database on which a session is not always the same. */
  turnOff(): void {
    this.#isOff = true
  }

  nameOf({ sql, parameters, query }: CompiledQuery): string | undefined {
    if (this.#isOff || parameters.length === 0 || parameters.length > MOST_VARIABLES) return undefined
    const known = this.#names.get(sql)
    if (known !== undefined) return known
    // What is sorted or cut is planned for the values it is asked with.
    const isSearch = query.kind === 'SelectQueryNode' && (query.orderBy ?? query.limit) !== undefined
    if (isSearch || this.#names.size === MOST_NAMES) return undefined
    const name = createHash('sha256').update(sql).digest('hex').slice(0, 32)
    this.#names.set(sql, name)
    return name
  }
}
