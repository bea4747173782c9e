import { keepLatest } from '../bounded.ts'

/** How long a change by another process may go unnoticed. */
const KEPT_MS = 1_000
const MOST_KEPT = 10_000

interface Kept<Value> {
  readonly reading: Promise<Value | undefined>
  readonly until: number
  /** Once it is read. */
  value?: Value | undefined
}

/** What was read in the last second, and that nothing was there: a process reads each at most once a second. */
export class Recent<Value> {
  readonly #read: (key: string) => Promise<Value | undefined>
  readonly #kept = new Map<string, Kept<Value>>()

  constructor(read: (key: string) => Promise<Value | undefined>) {
    this.#read = read
  }

  /** What `find` would give, where that is known already and is something. */
  peek(key: string): Value | undefined {
    const kept = this.#kept.get(key)
    return kept && performance.now() < kept.until ? kept.value : undefined
  }

  async find(key: string): Promise<Value | undefined> {
    const now = performance.now()
    const there = this.#kept.get(key)
    if (there && now < there.until) return there.reading
    const kept: Kept<Value> = { reading: this.#read(key), until: now + KEPT_MS }
    keepLatest(this.#kept, key, kept, MOST_KEPT)
    try {
      kept.value = await kept.reading
      return kept.value
    } catch (error) {
      if (this.#kept.get(key) === kept) this.forget(key)
      throw error
    }
  }

  /** After a change to one. */
  forget(key: string): void {
    this.#kept.delete(key)
  }

  /** After a change that may concern any of them. */
  forgetAll(): void {
    this.#kept.clear()
  }
}
