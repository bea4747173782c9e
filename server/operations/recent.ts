/** How long a change by another process may go unnoticed. */
const KEPT_MS = 1_000
const MOST_KEPT = 10_000

interface Kept<Value> {
  readonly value: Promise<Value | undefined>
  readonly until: number
}

/** What was read in the last second, and that nothing was there: a process reads each at most once a second. */
export class Recent<Value> {
  readonly #read: (key: string) => Promise<Value | undefined>
  readonly #kept = new Map<string, Kept<Value>>()

  constructor(read: (key: string) => Promise<Value | undefined>) {
    this.#read = read
  }

  async find(key: string): Promise<Value | undefined> {
    const kept = this.#kept.get(key)
    const now = performance.now()
    if (kept && now < kept.until) return kept.value
    const value = this.#read(key)
    this.#keep(key, { value, until: now + KEPT_MS })
    value.catch(() => this.forget(key))
    return value
  }

  /** After a change to one. */
  forget(key: string): void {
    this.#kept.delete(key)
  }

  /** After a change that may concern any of them. */
  forgetAll(): void {
    this.#kept.clear()
  }

  #keep(key: string, kept: Kept<Value>): void {
    this.#kept.delete(key)
    this.#kept.set(key, kept)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > MOST_KEPT && oldest !== undefined) this.#kept.delete(oldest)
  }
}
