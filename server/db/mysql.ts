/** MySQL and MariaDB through `mysql2`: a bounded pool, a bounded wait for it, faults as errors a client understands. */
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  MysqlAdapter,
  MysqlIntrospector,
  MysqlQueryCompiler,
  type QueryResult,
} from 'kysely'
import type { ResultSetHeader } from 'mysql2'
import { isDisconnected, isInterrupted, toApiError } from './mysql-errors.ts'
import { type Member, type Members, openMembers } from './mysql-pool.ts'
import type { DatabaseOptions } from './postgres-pool.ts'
import { repeated } from './repeat.ts'

export function mysqlDialect(url: URL, options: DatabaseOptions): Dialect {
  return {
    createAdapter: () => new MysqlAdapter(),
    createDriver: () => new MysqlDriver(url, options),
    createIntrospector: (db) => new MysqlIntrospector(db),
    createQueryCompiler: () => new MysqlQueryCompiler(),
  }
}

class MysqlDriver implements Driver {
  readonly #url: URL
  readonly #options: DatabaseOptions
  #members!: Members

  constructor(url: URL, options: DatabaseOptions) {
    this.#url = url
    this.#options = options
  }

  async init(): Promise<void> {
    this.#members = await openMembers(this.#url, this.#options)
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    try {
      // A server that has gone without a word does not answer within its own limit.
      return new Session(await this.#members.acquire(), this.#options.statementMs + 5_000)
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
    this.#members.release((session as Session).leave())
  }

  async destroy(): Promise<void> {
    await this.#members?.end()
  }
}

/** One connection, for as long as one query or one transaction has it. */
class Session implements DatabaseConnection {
  readonly #member: Member
  readonly #timeoutMs: number
  #inTransaction = false

  constructor(member: Member, timeoutMs: number) {
    this.#member = member
    this.#timeoutMs = timeoutMs
  }

  async begin(): Promise<void> {
    await this.#ask('begin')
    this.#inTransaction = true
  }

  async end(how: 'commit' | 'rollback'): Promise<void> {
    if (!this.#inTransaction || this.#member.broken) return
    this.#inTransaction = false
    await this.#ask(how)
  }

  /** @returns the connection for others; one that may be inside a transaction still is for nobody */
  leave(): Member {
    this.#member.broken ||= this.#inTransaction
    return this.#member
  }

  async executeQuery<R>({ sql, parameters, query }: CompiledQuery): Promise<QueryResult<R>> {
    const ask = async (): Promise<QueryResult<R>> => {
      const answer = await this.#ask(sql, parameters)
      if (Array.isArray(answer)) return { rows: answer as R[] }
      const header = answer as ResultSetHeader
      return {
        rows: [],
        insertId: BigInt(header.insertId),
        numAffectedRows: BigInt(query.kind === 'UpdateQueryNode' ? matchedRows(header) : header.affectedRows),
      }
    }
    return this.#inTransaction ? ask() : repeated(ask, isInterrupted)
  }

  // biome-ignore lint/correctness/useYield: the interface asks for it, nothing here streams
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('rows of MySQL are not streamed')
  }

  #ask(text: string, values: readonly unknown[] = []): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const { connection } = this.#member
      connection.query({ sql: text, values: [...values], timeout: this.#timeoutMs }, (error, answer) => {
        if (!error) return resolve(answer)
        if (isDisconnected(error)) this.#member.broken = true
        reject(toApiError(error))
      })
    })
  }
}

/** An update's `affectedRows` leaves out those that were so before; the text beside it begins with all it found. */
function matchedRows({ info, affectedRows }: ResultSetHeader): number {
  return Number(/\d+/.exec(info)?.[0] ?? affectedRows)
}
