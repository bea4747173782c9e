import { setTimeout as delay } from 'node:timers/promises'
import { ApiError } from '../errors.ts'
import { isBusy, toApiError } from './sqlite-errors.ts'
import { BUSY_ATTEMPT_MS, type Handle } from './sqlite-handle.ts'

/** How long a write waits for another process that holds the database, as MLflow's own sessions do. */
const BUSY_TIMEOUT_MS = 20_000
/** The most transactions that share one commit. */
const GROUP_LIMIT = 128

/**
 * Transactions take turns on the writer, each in a savepoint of one outer transaction. The outer one commits, with
 * one sync to disk for all, when nobody is waiting for a turn; only then is any of them acknowledged.
 */
export class SharedCommit {
  readonly #writer: Handle
  readonly #readOnly: boolean
  readonly #waiting: (() => void)[] = []
  #released: { resolve(): void; reject(error: unknown): void }[] = []
  #taken = false
  #members = 0
  #durable = false

  /** @param readOnly whether the file is not to be changed: what its transactions write is refused */
  constructor(writer: Handle, readOnly = false) {
    this.#writer = writer
    this.#readOnly = readOnly
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
      throw toApiError(error)
    }
  }

  commit(): Promise<void> {
    try {
      this.#writer.exec('RELEASE turn')
    } catch (error) {
      this.rollback()
      return Promise.reject(toApiError(error))
    }
    const acknowledged = new Promise<void>((resolve, reject) => this.#released.push({ resolve, reject }))
    this.#endTurn()
    return acknowledged
  }

  rollback(): void {
    if (this.#writer.inTransaction) this.#writer.exec('ROLLBACK TO turn; RELEASE turn')
    else this.#lose(rolledBack())
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
    if (this.#readOnly) return this.#writer.exec('BEGIN')
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
    for (const { reject } of this.#released.splice(0)) reject(toApiError(error))
  }
}

/** What the others of a commit are told when SQLite undoes all of it for the fault of one. */
function rolledBack(): ApiError {
  return new ApiError('TEMPORARILY_UNAVAILABLE', 'The database rolled the transaction back; try again.')
}
