/**
 * SQLite through `node:sqlite`: WAL, every acknowledged write on disk (`synchronous=FULL`), reads on a handle of
 * their own so that no writer holds them up, and one commit shared by the transactions that are waiting for it.
 */
import { existsSync } from 'node:fs'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'

/** How long a write waits for another process that holds the database, as MLflow's own sessions do. */
const BUSY_TIMEOUT_MS = 20_000
/** One attempt blocks this thread no longer than this. */
const BUSY_ATTEMPT_MS = 50
/** The most transactions that share one commit. */
const GROUP_LIMIT = 128
const STATEMENTS_KEPT = 400

/** @param path the database file; empty for one in memory */
export function sqliteDialect(path: string): Dialect {
  return {
    createAdapter: () => new SharingAdapter(),
    createDriver: () => new SqliteDriver(path),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  }
}

/** Without this Kysely lets one query or transaction in at a time: none would share a commit, reads would wait. */
class SharingAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true
  }
}

class SqliteDriver implements Driver {
  readonly #path: string
  #writer!: Handle
  #reader!: Handle
  #commits!: SharedCommit

  constructor(path: string) {
    this.#path = path
  }

  async init(): Promise<void> {
    this.#writer = new Handle(this.#path || ':memory:')
    this.#reader = this.#path && existsSync(this.#path) ? new Handle(this.#path) : this.#writer
    this.#commits = new SharedCommit(this.#writer)
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    return new Session(this.#writer, this.#reader, this.#commits)
  }

  async beginTransaction(session: DatabaseConnection): Promise<void> {
    await this.#commits.begin()
    ;(session as Session).inTransaction = true
  }

  async commitTransaction(session: DatabaseConnection): Promise<void> {
    ;(session as Session).inTransaction = false
    await this.#commits.commit()
  }

  async rollbackTransaction(session: DatabaseConnection): Promise<void> {
    if (!(session as Session).inTransaction) return
    ;(session as Session).inTransaction = false
    this.#commits.rollback()
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {
    await this.#commits?.idle()
    if (this.#reader !== this.#writer) this.#reader?.close()
    this.#writer?.close()
  }
}

/** What one query or one transaction talks to: reads go past the writer unless they are part of a transaction. */
class Session implements DatabaseConnection {
  inTransaction = false
  readonly #writer: Handle
  readonly #reader: Handle
  readonly #commits: SharedCommit

  constructor(writer: Handle, reader: Handle, commits: SharedCommit) {
    this.#writer = writer
    this.#reader = reader
    this.#commits = commits
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    if (this.inTransaction) return this.#writer.execute(query)
    if (query.query.kind === 'SelectQueryNode') {
      if (this.#reader === this.#writer) return this.#commits.alone(() => this.#writer.execute<R>(query))
      return this.#reader.execute(query)
    }
    await this.#commits.begin()
    let result: QueryResult<R>
    try {
      result = this.#writer.execute(query)
    } catch (error) {
      this.#commits.rollback()
      throw error
    }
    await this.#commits.commit()
    return result
  }

  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    const handle = this.inTransaction ? this.#writer : this.#reader
    for (const row of handle.iterate<R>(query)) yield { rows: [row] }
  }
}

/**
 * Transactions take turns on the writer, each in a savepoint of one outer transaction. The outer one commits, with
 * one sync to disk for all, when nobody is waiting for a turn; only then is any of them acknowledged.
 */
class SharedCommit {
  readonly #writer: Handle
  readonly #waiting: (() => void)[] = []
  #released: { resolve(): void; reject(error: unknown): void }[] = []
  #taken = false
  #members = 0
  #durable = false

  constructor(writer: Handle) {
    this.#writer = writer
  }

  async begin(): Promise<void> {
    if (this.#taken) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.#taken = true
    try {
      if (this.#members === 0) await this.#beginOuter()
      this.#members++
      this.#writer.exec('SAVEPOINT turn')
    } catch (error) {
      this.#endTurn()
      throw error
    }
  }

  commit(): Promise<void> {
    try {
      this.#writer.exec('RELEASE turn')
    } catch (error) {
      this.rollback()
      return Promise.reject(error)
    }
    const acknowledged = new Promise<void>((resolve, reject) => this.#released.push({ resolve, reject }))
    this.#endTurn()
    return acknowledged
  }

  rollback(): void {
    if (this.#writer.inTransaction) this.#writer.exec('ROLLBACK TO turn; RELEASE turn')
    else this.#lose(new Error('the database rolled the transaction back'))
    this.#endTurn()
  }

  /** Runs a read between turns: for a database in memory, which has one handle. */
  async alone<T>(read: () => T): Promise<T> {
    if (this.#taken) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.#taken = true
    try {
      return read()
    } finally {
      this.#endTurn()
    }
  }

  async idle(): Promise<void> {
    while (this.#taken) await delay(1)
  }

  async #beginOuter(): Promise<void> {
    const deadline = Date.now() + BUSY_TIMEOUT_MS
    for (;;) {
      try {
        // Not at opening: a database that turns out not to be ours must stay as it is.
        if (!this.#durable) this.#writer.makeDurable()
        this.#durable = true
        this.#writer.exec('BEGIN IMMEDIATE')
        return
      } catch (error) {
        if (!isBusy(error) || Date.now() > deadline) throw error
        await delay(BUSY_ATTEMPT_MS)
      }
    }
  }

  #endTurn(): void {
    if (this.#passOn()) return
    // Requests that arrived in this turn of the event loop may still join before the disk is waited for.
    setImmediate(() => {
      if (this.#passOn()) return
      this.#commitOuter()
      const next = this.#waiting.shift()
      if (next) next()
      else this.#taken = false
    })
  }

  #passOn(): boolean {
    if (this.#members >= GROUP_LIMIT) return false
    const next = this.#waiting.shift()
    next?.()
    return next !== undefined
  }

  #commitOuter(): void {
    if (this.#members === 0) return
    this.#members = 0
    try {
      this.#writer.exec('COMMIT')
    } catch (error) {
      if (this.#writer.inTransaction) this.#writer.exec('ROLLBACK')
      this.#lose(error)
      return
    }
    for (const { resolve } of this.#released.splice(0)) resolve()
  }

  #lose(error: unknown): void {
    this.#members = 0
    for (const { reject } of this.#released.splice(0)) reject(error)
  }
}

/** One connection to the file, with its prepared statements. */
class Handle {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

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

  execute<R>(query: CompiledQuery): QueryResult<R> {
    const statement = this.#prepare(query.sql)
    const parameters = query.parameters.map(toSqlite)
    if (statement.columns().length > 0) return { rows: readAll(statement, parameters) as R[] }
    const { changes, lastInsertRowid } = statement.run(...parameters)
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) }
  }

  *iterate<R>(query: CompiledQuery): IterableIterator<R> {
    yield* this.#database.prepare(query.sql).iterate(...query.parameters.map(toSqlite)) as Iterable<R>
  }

  close(): void {
    this.#statements.clear()
    this.#database.close()
  }

  #prepare(sql: string): StatementSync {
    const kept = this.#statements.get(sql)
    if (kept) {
      this.#statements.delete(sql)
      this.#statements.set(sql, kept)
      return kept
    }
    const statement = this.#database.prepare(sql)
    this.#statements.set(sql, statement)
    const oldest = this.#statements.keys().next().value
    if (this.#statements.size > STATEMENTS_KEPT && oldest !== undefined) this.#statements.delete(oldest)
    return statement
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

function isBusy(error: unknown): boolean {
  return [5, 6].includes(((error as { errcode?: number }).errcode ?? 0) & 0xff)
}
