/**
 * SQLite through `node:sqlite`: WAL, every acknowledged write on disk (`synchronous=FULL`), reads on a handle of
 * their own so that no writer holds them up, and one commit shared by the transactions that are waiting for it.
 */
import { existsSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
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
import { SharedCommit } from './sqlite-commit.ts'
import { toApiError } from './sqlite-errors.ts'
import { Handle } from './sqlite-handle.ts'

/** @param path the database file; empty for one in memory */
export function sqliteDialect(path: string, readOnly = false): Dialect {
  return {
    createAdapter: () => new SharingAdapter(),
    createDriver: () => new SqliteDriver(path, readOnly),
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
  readonly #readOnly: boolean
  #writer!: Handle
  #reader!: Handle
  #commits!: SharedCommit

  constructor(path: string, readOnly: boolean) {
    this.#path = path
    this.#readOnly = readOnly
  }

  async init(): Promise<void> {
    const open = () => new Handle(this.#path || ':memory:', this.#readOnly)
    this.#writer = open()
    this.#reader = this.#path && existsSync(this.#path) ? open() : this.#writer
    this.#commits = new SharedCommit(this.#writer, this.#readOnly)
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    return new Session(this.#writer, this.#reader, this.#commits, this.#path)
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
  /** Of the database's file; empty for one in memory. */
  readonly #path: string

  constructor(writer: Handle, reader: Handle, commits: SharedCommit, path: string) {
    this.#path = path
    this.#writer = writer
    this.#reader = reader
    this.#commits = commits
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    try {
      return await this.#execute<R>(query)
    } catch (error) {
      throw toApiError(error)
    }
  }

  async #execute<R>(query: CompiledQuery): Promise<QueryResult<R>> {
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

  async *streamQuery<R>(query: CompiledQuery, size: number): AsyncIterableIterator<QueryResult<R>> {
    if (this.inTransaction || this.#path === '') {
      yield await this.executeQuery(query)
      return
    }
    // Reads on a handle see what it saw when the longest of them began, and this one may last.
    const handle = new Handle(this.#path, true)
    try {
      for (const rows of handle.portions<R>(query, size)) {
        yield { rows }
        await nextTurn()
      }
    } finally {
      handle.close()
    }
  }
}
