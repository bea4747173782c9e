/** A second database that follows the first one and answers reads. It is read and nothing else. */
import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { isAway, reasonOf } from './faults.ts'
import { type DatabaseOptions, type Db, openDatabase } from './index.ts'
import { requireSchema, SchemaError } from './migrate.ts'
import { parseDatabaseUri, redactUri } from './uri.ts'

export interface Replica {
  /** Runs a read on the replica, or on the primary while the replica is away: it must bear being run twice. */
  read<T>(run: (db: Db) => Promise<T>): Promise<T>
  close(): Promise<void>
}

interface Log {
  warn(message: string): void
  info(message: string): void
}

/** How long reads go to the primary before one of them tries the replica again. */
const AWAY_MS = 5_000

/**
 * Opens the replica of `primary`, whose schema is ready. A new one may take as long as `options.waitMs` to have it too.
 * @throws SchemaError in one line when it is there and is at another revision; one that is away is waited for later
 */
export async function openReplica(
  uri: string,
  options: DatabaseOptions,
  primary: Db,
  log: Log,
): Promise<Replica> {
  const name = `MLFLOW_READ_REPLICA_BACKEND_STORE_URI names ${redactUri(uri)}`
  const location = parseDatabaseUri(uri)
  if (location.dialect === 'sqlite' && !existsSync(location.path)) {
    throw new SchemaError(`${name}: there is no such file`)
  }
  const replica = new FollowingDatabase(openDatabase(uri, options), primary, log, name)
  try {
    await replica.follow(options.waitMs)
  } catch (cause) {
    await replica.close()
    throw new SchemaError(`${name}: ${reasonOf(cause)}`, { cause })
  }
  return replica
}

class FollowingDatabase implements Replica {
  readonly #db: Db
  readonly #primary: Db
  readonly #log: Log
  readonly #name: string
  #away = false
  #tryAt = 0

  constructor(db: Db, primary: Db, log: Log, name: string) {
    this.#db = db
    this.#primary = primary
    this.#log = log
    this.#name = name
  }

  /** Waits until the replica has the schema that the primary has got. */
  async follow(waitMs: number): Promise<void> {
    for (let waited = 0; ; waited += 100) {
      try {
        return await requireSchema(this.#db)
      } catch (error) {
        if (isAway(error)) return this.#leave(error)
        if (waited >= waitMs || !(error instanceof SchemaError)) throw error
        await delay(100)
      }
    }
  }

  async read<T>(run: (db: Db) => Promise<T>): Promise<T> {
    if (this.#away && !(await this.#isBack())) return run(this.#primary)
    try {
      return await run(this.#db)
    } catch (error) {
      if (!isAway(error)) throw error
      this.#leave(error)
      return run(this.#primary)
    }
  }

  close(): Promise<void> {
    return this.#db.destroy()
  }

  /** One request in a while asks; the others do not wait for it. */
  async #isBack(): Promise<boolean> {
    if (performance.now() < this.#tryAt) return false
    this.#tryAt = performance.now() + AWAY_MS
    try {
      await requireSchema(this.#db)
    } catch {
      return false
    }
    this.#away = false
    this.#log.info(`${this.#name}: it is back, and answers reads again`)
    return true
  }

  #leave(error: unknown): void {
    this.#tryAt = performance.now() + AWAY_MS
    if (this.#away) return
    this.#away = true
    this.#log.warn(`${this.#name}: it is away, reads go to the primary: ${reasonOf(error)}`)
  }
}
