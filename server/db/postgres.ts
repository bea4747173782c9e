/** PostgreSQL through `pg`: a bounded pool, a bounded wait for it, and faults as errors a client understands. */
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  PostgresAdapter,
  PostgresIntrospector,
  type QueryResult,
} from 'kysely'
import type { PoolClient } from 'pg'
import { invalidParameter } from '../errors.ts'
import { ArrayCompiler } from './postgres-compiler.ts'
import { isDisconnected, isInterrupted, isSessionLost, toApiError } from './postgres-errors.ts'
import { type Connections, type DatabaseOptions, openPool } from './postgres-pool.ts'
import { repeated } from './repeat.ts'
import { StatementNames } from './statement-names.ts'

export function postgresDialect(url: URL, options: DatabaseOptions): Dialect {
  return {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new PostgresDriver(url, options),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new ArrayCompiler(),
  }
}

class PostgresDriver implements Driver {
  readonly #url: URL
  readonly #options: DatabaseOptions
  readonly #names = new StatementNames()
  #pool!: Connections

  constructor(url: URL, options: DatabaseOptions) {
    this.#url = url
    this.#options = options
  }

  async init(): Promise<void> {
    this.#pool = await openPool(this.#url, this.#options)
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    try {
      return new Session(await this.#pool.connect(), this.#names)
    } catch (error) {
      throw toApiError(error)
    }
  }

  async beginTransaction(session: DatabaseConnection): Promise<void> {
    await (session as Session).begin()
  }

  async commitTransaction(session: DatabaseConnection): Promise<void> {
    await (session as Session).end('commit')
  }

  async rollbackTransaction(session: DatabaseConnection): Promise<void> {
    await (session as Session).end('rollback')
  }

  async releaseConnection(session: DatabaseConnection): Promise<void> {
    ;(session as Session).release()
  }

  async destroy(): Promise<void> {
    await this.#pool?.end()
  }
}

/** One connection, for as long as one query or one transaction has it. */
class Session implements DatabaseConnection {
  readonly #client: PoolClient
  readonly #names: StatementNames
  #begun: Promise<unknown> = Promise.resolve()
  #inTransaction = false
  #broken = false

  constructor(client: PoolClient, names: StatementNames) {
    this.#client = client
    this.#names = names
  }

  /** Goes out together with the first query. */
  async begin(): Promise<void> {
    this.#begun = this.#ask('begin')
    this.#begun.catch(() => undefined)
    this.#inTransaction = true
  }

  async end(how: 'commit' | 'rollback'): Promise<void> {
    if (!this.#inTransaction || this.#broken) return
    this.#inTransaction = false
    if (how === 'commit') await this.#begun
    await this.#ask(how)
  }

  release(): void {
    // A connection that may be inside a transaction still is not given to anyone else.
    this.#client.release(this.#broken || this.#inTransaction)
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    refuseNul(query.parameters)
    const ask = () => this.#ask<R>(query.sql, query.parameters, this.#names.nameOf(query))
    return this.#inTransaction ? ask() : repeated(ask, isInterrupted)
  }

  // biome-ignore lint/correctness/useYield: the interface asks for it, nothing here streams
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('rows of PostgreSQL are not streamed')
  }

  async #ask<R>(text: string, parameters: readonly unknown[] = [], name?: string): Promise<QueryResult<R>> {
    try {
      const query = { text, values: [...parameters], ...(name !== undefined && { name }) }
      const { rows, rowCount } = await this.#client.query(query)
      return { rows, ...(rowCount !== null && { numAffectedRows: BigInt(rowCount) }) }
    } catch (error) {
      if (isDisconnected(error)) this.#broken = true
      if (isSessionLost(error)) this.#names.turnOff()
      throw toApiError(error)
    }
  }
}

/** PostgreSQL has no such character in its text. */
function refuseNul(parameters: readonly unknown[]): void {
  if (parameters.some((value) => typeof value === 'string' && value.includes('\0'))) {
    throw invalidParameter('Text must not contain the character NUL (U+0000).')
  }
}
