import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import type { CompiledQuery, QueryResult } from 'kysely'

/** One attempt blocks this thread no longer than this. */
export const BUSY_ATTEMPT_MS = 50
const STATEMENTS_KEPT = 400

interface Prepared {
  readonly statement: StatementSync
  readonly givesRows: boolean
}

/** A statement that is run once for each row of values. */
export interface EachRow extends CompiledQuery {
  readonly rows: readonly (readonly unknown[])[]
}

/** One connection to the file, with its prepared statements. */
export class Handle {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, Prepared>()

  constructor(path: string) {
    this.#database = new DatabaseSync(path, { timeout: BUSY_ATTEMPT_MS })
    this.#database.exec(
      'PRAGMA foreign_keys = ON; PRAGMA case_sensitive_like = ON; PRAGMA temp_store = MEMORY',
    )
  }

  makeDurable(): void {
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  }

  get inTransaction(): boolean {
    return this.#database.isTransaction
  }

  exec(sql: string): void {
    this.#database.exec(sql)
  }

  execute<R>(query: CompiledQuery | EachRow): QueryResult<R> {
    if ('rows' in query) return this.#executeEach(query)
    const { statement, givesRows } = this.#prepare(query.sql)
    const parameters = query.parameters.map(toSqlite)
    if (givesRows) return { rows: readAll(statement, parameters) as R[] }
    const { changes, lastInsertRowid } = statement.run(...parameters)
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) }
  }

  #executeEach({ sql, rows }: EachRow): QueryResult<never> {
    const { statement } = this.#prepare(sql)
    let changed = 0
    for (const row of rows) changed += Number(statement.run(...row.map(toSqlite)).changes)
    return { rows: [], numAffectedRows: BigInt(changed) }
  }

  *iterate<R>(query: CompiledQuery): IterableIterator<R> {
    yield* this.#database.prepare(query.sql).iterate(...query.parameters.map(toSqlite)) as Iterable<R>
  }

  close(): void {
    this.#statements.clear()
    this.#database.close()
  }

  #prepare(sql: string): Prepared {
    const kept = this.#statements.get(sql)
    if (kept) {
      this.#statements.delete(sql)
      this.#statements.set(sql, kept)
      return kept
    }
    const statement = this.#database.prepare(sql)
    const made = { statement, givesRows: statement.columns().length > 0 }
    this.#statements.set(sql, made)
    const oldest = this.#statements.keys().next().value
    if (this.#statements.size > STATEMENTS_KEPT && oldest !== undefined) this.#statements.delete(oldest)
    return made
  }
}

/** Integers beyond 2^53 make node:sqlite throw; such rows are read again with bigints where they are needed. */
function readAll(statement: StatementSync, parameters: SQLInputValue[]): object[] {
  try {
    return statement.all(...parameters)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_OUT_OF_RANGE') throw error
    statement.setReadBigInts(true)
    try {
      return statement.all(...parameters).map(withNumbers)
    } finally {
      statement.setReadBigInts(false)
    }
  }
}

function withNumbers(row: Record<string, unknown>): object {
  for (const [key, value] of Object.entries(row)) {
    if (typeof value === 'bigint' && Number.isSafeInteger(Number(value))) row[key] = Number(value)
  }
  return row
}

function toSqlite(value: unknown): SQLInputValue {
  if (typeof value === 'boolean') return Number(value)
  return (value ?? null) as SQLInputValue
}
