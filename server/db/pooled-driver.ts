/** Kysely's driver on a pool of connections: what the databases with a server of their own share. */
import type { CompiledQuery, DatabaseConnection, Driver, QueryResult } from 'kysely'
import { ApiError } from '../errors.ts'
import { repeated } from './repeat.ts'

/** One connection, for as long as one query or one transaction has it. */
export interface Session extends DatabaseConnection {
  begin(): Promise<void>
  end(how: 'commit' | 'rollback'): Promise<void>
  /** Gives the connection back, or away for good when it may be inside a transaction still. */
  release(): void
}

export interface Sessions {
  /** @throws ApiError TEMPORARILY_UNAVAILABLE when there is none within the bounded wait */
  acquire(): Promise<Session>
  /** Whether the connection ended before the answer came: by an administrator, a failover or the network. */
  isCutOff(error: unknown): boolean
  end(): Promise<void>
}

export class PooledDriver implements Driver {
  readonly #open: () => Promise<Sessions>
  #sessions: Sessions | undefined

  /** @param open called once, when the database is first asked */
  constructor(open: () => Promise<Sessions>) {
    this.#open = open
  }

  async init(): Promise<void> {
    this.#sessions = await this.#open()
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    const sessions = this.#sessions as Sessions
    return new Loan(sessions, await sessions.acquire())
  }

  beginTransaction(loan: DatabaseConnection): Promise<void> {
    return (loan as Loan).begin()
  }

  commitTransaction(loan: DatabaseConnection): Promise<void> {
    return (loan as Loan).commit()
  }

  rollbackTransaction(loan: DatabaseConnection): Promise<void> {
    return (loan as Loan).rollback()
  }

  async releaseConnection(loan: DatabaseConnection): Promise<void> {
    ;(loan as Loan).release()
  }

  async destroy(): Promise<void> {
    await this.#sessions?.end()
  }
}

/**
 * A session that is lent. One that waited in the pool may have been cut off without a word: another takes its place
 * when the first query finds that out, as nothing has gone before that it depends on.
 */
class Loan implements DatabaseConnection {
  readonly #sessions: Sessions
  #session: Session | undefined
  #isUsed = false

  constructor(sessions: Sessions, session: Session) {
    this.#sessions = sessions
    this.#session = session
  }

  executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const isFirst = !this.#isUsed
    this.#isUsed = true
    // An insert that was done before the answer was lost would find its own row in its way.
    if (!isFirst || query.query.kind === 'InsertQueryNode') return this.#open.executeQuery(query)
    return repeated(() => this.#first<R>(query), this.#sessions.isCutOff)
  }

  streamQuery<R>(query: CompiledQuery, chunkSize: number): AsyncIterableIterator<QueryResult<R>> {
    return this.#open.streamQuery(query, chunkSize)
  }

  begin(): Promise<void> {
    this.#isUsed = true
    return this.#open.begin()
  }

  /** Whether it was done is not known when the answer is lost: that is an error that nobody repeats. */
  async commit(): Promise<void> {
    try {
      await this.#open.end('commit')
    } catch (error) {
      if (!this.#sessions.isCutOff(error)) throw error
      const { code, message } = error as ApiError
      throw new ApiError(code, message, { cause: new Error('cut off in a commit', { cause: error }) })
    }
  }

  rollback(): Promise<void> {
    return this.#open.end('rollback')
  }

  release(): void {
    this.#session?.release()
  }

  async #first<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    this.#session ??= await this.#sessions.acquire()
    try {
      return await this.#session.executeQuery<R>(query)
    } catch (error) {
      if (this.#sessions.isCutOff(error)) {
        this.#session.release()
        this.#session = undefined
      }
      throw error
    }
  }

  get #open(): Session {
    return this.#session as Session
  }
}
