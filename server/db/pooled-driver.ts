/** Kysely's driver on a pool of connections: what the databases with a server of their own share. */
import type { DatabaseConnection, Driver } from 'kysely'

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

  acquireConnection(): Promise<DatabaseConnection> {
    return (this.#sessions as Sessions).acquire()
  }

  beginTransaction(session: DatabaseConnection): Promise<void> {
    return (session as Session).begin()
  }

  commitTransaction(session: DatabaseConnection): Promise<void> {
    return (session as Session).end('commit')
  }

  rollbackTransaction(session: DatabaseConnection): Promise<void> {
    return (session as Session).end('rollback')
  }

  async releaseConnection(session: DatabaseConnection): Promise<void> {
    ;(session as Session).release()
  }

  async destroy(): Promise<void> {
    await this.#sessions?.end()
  }
}
