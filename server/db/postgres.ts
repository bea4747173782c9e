/** PostgreSQL through `pg`: a bounded pool, a bounded wait for it, and faults as errors a client understands. */
import {
  type CompiledQuery,
  type Dialect,
  PostgresAdapter,
  PostgresIntrospector,
  type QueryResult,
} from 'kysely'
import type { PoolClient } from 'pg'
import { invalidParameter } from '../errors.ts'
import { PooledDriver, type Session, type Sessions } from './pooled-driver.ts'
import { ArrayCompiler } from './postgres-compiler.ts'
import { isCutOff, isDisconnected, isInterrupted, isSessionLost, toApiError } from './postgres-errors.ts'
import { type DatabaseOptions, openPool } from './postgres-pool.ts'
import { repeated } from './repeat.ts'
import { StatementNames } from './statement-names.ts'

export function postgresDialect(url: URL, options: DatabaseOptions): Dialect {
  return {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new PooledDriver(() => openSessions(url, options)),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new ArrayCompiler(),
  }
}

async function openSessions(url: URL, options: DatabaseOptions): Promise<Sessions> {
  const pool = await openPool(url, options)
  const names = new StatementNames()
  if (options.pooler) names.turnOff()
  return {
    async acquire() {
      try {
        return new PostgresSession(await pool.connect(), names)
      } catch (error) {
        throw toApiError(error)
      }
    },
    isCutOff,
    end: () => pool.end(),
  }
}

class PostgresSession implements Session {
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
