import type { AuthDb } from '../db/login.ts'
import { findUserWithGrants, type UserWithGrants } from '../store/users.ts'

/** How long another process's change may go unnoticed. */
const KEPT_MS = 1_000
/** Names that nobody has are kept too. */
const MOST_KEPT = 10_000

interface Kept {
  readonly user: Promise<UserWithGrants | undefined>
  readonly until: number
}

/** Users and their grants, read at most once a second each. */
export class KnownUsers {
  readonly #db: AuthDb
  readonly #kept = new Map<string, Kept>()

  constructor(db: AuthDb) {
    this.#db = db
  }

  async find(username: string): Promise<UserWithGrants | undefined> {
    const kept = this.#kept.get(username)
    const now = performance.now()
    if (kept && now < kept.until) return kept.user
    const reading = { user: findUserWithGrants(this.#db, username), until: now + KEPT_MS }
    this.#keep(username, reading)
    try {
      return await reading.user
    } catch (error) {
      if (this.#kept.get(username) === reading) this.forget(username)
      throw error
    }
  }

  /** After a change to one user. */
  forget(username: string): void {
    this.#kept.delete(username)
  }

  /** After a change that may concern any of them. */
  forgetAll(): void {
    this.#kept.clear()
  }

  #keep(username: string, kept: Kept): void {
    this.#kept.delete(username)
    this.#kept.set(username, kept)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > MOST_KEPT && oldest !== undefined) this.#kept.delete(oldest)
  }
}
