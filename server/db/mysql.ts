/** MySQL and MariaDB through `mysql2`: a bounded pool, a bounded wait for it, faults as errors a client understands. */
import {
  type CompiledQuery,
  type Dialect,
  MysqlAdapter,
  MysqlIntrospector,
  MysqlQueryCompiler,
  type QueryResult,
} from 'kysely'
import type { ResultSetHeader } from 'mysql2'
import { isCutOff, isDisconnected, isInterrupted, toApiError } from './mysql-errors.ts'
import { type Member, type Members, openMembers } from './mysql-pool.ts'
import { PooledDriver, type Session, type Sessions } from './pooled-driver.ts'
import type { DatabaseOptions } from './postgres-pool.ts'
import { repeated } from './repeat.ts'

export function mysqlDialect(url: URL, options: DatabaseOptions): Dialect {
  return {
    createAdapter: () => new MysqlAdapter(),
    createDriver: () => new PooledDriver(() => openSessions(url, options)),
    createIntrospector: (db) => new MysqlIntrospector(db),
    createQueryCompiler: () => new MysqlQueryCompiler(),
  }
}

async function openSessions(url: URL, options: DatabaseOptions): Promise<Sessions> {
  const members = await openMembers(url, options)
  // A server that has gone without a word does not answer within its own limit.
  const timeoutMs = options.statementMs + 5_000
  return {
    async acquire() {
      try {
        return new MysqlSession(members, await members.acquire(), timeoutMs)
      } catch (error) {
        throw toApiError(error)
      }
    },
    isCutOff,
    end: () => members.end(),
  }
}

class MysqlSession implements Session {
  readonly #members: Members
  readonly #member: Member
  readonly #timeoutMs: number
  #inTransaction = false

  constructor(members: Members, member: Member, timeoutMs: number) {
    this.#members = members
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

  release(): void {
    this.#member.broken ||= this.#inTransaction
    this.#members.release(this.#member)
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
