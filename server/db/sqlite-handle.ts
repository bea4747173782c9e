import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import type { CompiledQuery, QueryResult } from 'kysely'

/** One attempt blocks this thread no longer than this. */
export const BUSY_ATTEMPT_MS = 50
const STATEMENTS_KEPT = 400

interface Prepared {
  readonly statement: StatementSync
  /** Of the rows it gives; empty for one that gives none. */
  readonly columns: readonly string[]
}

/** A statement that is run once for each row of values. */
export interface EachRow extends CompiledQuery {
  readonly rows: readonly (readonly unknown[])[]
}

/** Several statements in one call of the driver: `run` is given the connection, and gives the rows. */
export interface Turn<R> extends CompiledQuery {
  run(handle: Handle): R[]
}

/** One connection to the file, with its prepared statements. */
export class Handle {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, Prepared>()

  constructor(path: string, readOnly = false) {
    this.#database = new DatabaseSync(path, { timeout: BUSY_ATTEMPT_MS, readOnly })
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

  execute<R>(query: CompiledQuery | EachRow | Turn<R>): QueryResult<R> {
    if ('run' in query) return { rows: query.run(this) }
    if ('rows' in query) return this.#executeEach(query)
    const { statement, columns } = this.#prepare(query.sql)
    const parameters = query.parameters.map(toSqlite)
    if (columns.length > 0) return { rows: readAll(statement, parameters).map(toRow<R>(columns)) }
    const { changes, lastInsertRowid } = statement.run(...parameters)
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) }
  }

  #executeEach({ sql, rows }: EachRow): QueryResult<never> {
    return { rows: [], numAffectedRows: BigInt(this.runEach(sql, rows)) }
  }

  /** @returns how many rows were changed */
  runEach(sql: string, rows: readonly (readonly unknown[])[]): number {
    const { statement } = this.#prepare(sql)
    let changed = 0
    for (const row of rows) changed += Number(statement.run(...row.map(toSqlite)).changes)
    return changed
  }

  /** Rows in portions of `size`, all as the database is at the first; this connection must do nothing else meanwhile. */
  *portions<R>(query: CompiledQuery, size: number): IterableIterator<R[]> {
    const { statement, columns } = this.#prepare(query.sql)
    const asRow = toRow<R>(columns)
    let portion: R[] = []
    this.exec('BEGIN')
    try {
      for (const values of readEach(statement, query.parameters.map(toSqlite))) {
        portion.push(asRow(values))
        if (portion.length < size) continue
        yield portion
        portion = []
      }
      if (portion.length > 0) yield portion
    } finally {
      this.exec('ROLLBACK')
    }
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
    statement.setReturnArrays(true)
    const made = { statement, columns: statement.columns().map((column) => column.name) }
    this.#statements.set(sql, made)
    const oldest = this.#statements.keys().next().value
    if (this.#statements.size > STATEMENTS_KEPT && oldest !== undefined) this.#statements.delete(oldest)
    return made
  }
}

/**
 * Rows are read as arrays: the objects that node:sqlite makes take twice as long to make and are slow to read.
 * Integers beyond 2^53 make it throw; such rows are read again with bigints where they are needed.
 */
function readAll(statement: StatementSync, parameters: SQLInputValue[]): unknown[][] {
  try {
    return statement.all(...parameters) as unknown as unknown[][]
  } catch (error) {
    if (!isOutOfRange(error)) throw error
    statement.setReadBigInts(true)
    try {
      return (statement.all(...parameters) as unknown as unknown[][]).map((row) => row.map(withNumbers))
    } finally {
      statement.setReadBigInts(false)
    }
  }
}

/** As `readAll`, one row at a time; within a transaction, so that both readings see the same rows. */
function* readEach(statement: StatementSync, parameters: SQLInputValue[]): IterableIterator<unknown[]> {
  let given = 0
  try {
    for (const row of statement.iterate(...parameters) as Iterable<unknown> as Iterable<unknown[]>) {
      given++
      yield row
    }
  } catch (error) {
    if (!isOutOfRange(error)) throw error
    statement.setReadBigInts(true)
    try {
      const again = statement.iterate(...parameters) as Iterable<unknown> as Iterable<unknown[]>
      for (const row of again) if (given-- <= 0) yield row.map(withNumbers)
    } finally {
      statement.setReadBigInts(false)
    }
  }
}

function isOutOfRange(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ERR_OUT_OF_RANGE'
}

function withNumbers(value: unknown): unknown {
  return typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value
}

function toRow<R>(columns: readonly string[]): (values: readonly unknown[]) => R {
  return (values) => {
    const row: Record<string, unknown> = {}
    for (let at = 0; at < columns.length; at++) row[columns[at] as string] = values[at]
    return row as R
  }
}

function toSqlite(value: unknown): SQLInputValue {
  if (typeof value === 'boolean') return Number(value)
  return (value ?? null) as SQLInputValue
}
