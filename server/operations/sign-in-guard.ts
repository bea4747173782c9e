/** Slows down who guesses passwords, in a way that keeps nobody out for long. */
import { isIPv4 } from 'node:net'
import { keepLatest } from '../bounded.ts'
import { ApiError } from '../errors.ts'

export interface GuardSettings {
  /** Failures of one name from one network that cost nothing. */
  readonly freeFailures: number
  /** Longest wait after another. */
  readonly longestSeconds: number
}

interface Failures {
  count: number
  lastMs: number
  /** Before that, nobody of this key is let try. */
  untilMs: number
}

/** From one network for any name, and for one name from any network: a few people share an office, or a typo. */
const FREE_OF_NETWORK = 10
const FREE_OF_NAME = 20
const FORGOTTEN_MS = 900_000
/** A network from which a user has come lately is not kept out by what others do to the name. */
const KNOWN_MS = 30 * 86_400_000
const MOST_KEPT = 20_000

/** Counts failures in this process: by name and network, by network, and by name. Whether a name exists plays no part. */
export class SignInGuard {
  readonly #settings: GuardSettings
  readonly #clock: () => number
  readonly #failures = new Map<string, Failures>()
  readonly #known = new Map<string, number>()
  /** After that, nobody of any key has to wait. */
  #waitedForUntilMs = 0

  constructor(settings: GuardSettings, clock: () => number = Date.now) {
    this.#settings = settings
    this.#clock = clock
  }

  /** @throws ApiError REQUEST_LIMIT_EXCEEDED with when to try again */
  check(username: string, address: string): void {
    const now = this.#clock()
    if (this.#waitedForUntilMs <= now) return
    const waits = this.#keys(username, address).map(
      ({ key }) => (this.#failures.get(key)?.untilMs ?? 0) - now,
    )
    const waitMs = Math.max(...waits)
    if (waitMs <= 0) return
    throw new ApiError('REQUEST_LIMIT_EXCEEDED', 'Too many failed attempts to sign in; try again later.', {
      retryAfterSeconds: Math.ceil(waitMs / 1000),
    })
  }

  failed(username: string, address: string): void {
    const now = this.#clock()
    for (const { key, free } of this.#keys(username, address)) {
      const before = this.#failures.get(key)
      const isForgotten = before === undefined || now - before.lastMs > FORGOTTEN_MS
      const count = isForgotten ? 1 : before.count + 1
      const untilMs = count < free ? 0 : now + this.#waitMs(count - free)
      keepLatest(this.#failures, key, { count, lastMs: now, untilMs }, MOST_KEPT)
      this.#waitedForUntilMs = Math.max(this.#waitedForUntilMs, untilMs)
    }
  }

  /** @returns whether the user had not come from there lately */
  succeeded(username: string, address: string): boolean {
    const key = pairOf(username, address)
    const isNew = !this.#isKnown(key)
    this.#failures.delete(key)
    keepLatest(this.#known, key, this.#clock(), MOST_KEPT)
    return isNew
  }

  #keys(username: string, address: string): { readonly key: string; readonly free: number }[] {
    const pair = pairOf(username, address)
    const { freeFailures: free } = this.#settings
    const keys = [
      { key: pair, free },
      { key: `network ${networkOf(address)}`, free: free * FREE_OF_NETWORK },
    ]
    return this.#isKnown(pair) ? keys : [...keys, { key: `name ${username}`, free: free * FREE_OF_NAME }]
  }

  #isKnown(pair: string): boolean {
    return this.#clock() - (this.#known.get(pair) ?? Number.NEGATIVE_INFINITY) < KNOWN_MS
  }

  #waitMs(excess: number): number {
    return Math.min(2 ** excess, this.#settings.longestSeconds) * 1000
  }
}

function pairOf(username: string, address: string): string {
  return `pair ${networkOf(address)} ${username}`
}

/** An IPv4 address, or the 64 bits of an IPv6 one that name a network: the others are its owner's to choose. */
export function networkOf(address: string): string {
  if (isIPv4(address)) return address
  const wrapped = address.replace(/^::ffff:/i, '')
  if (isIPv4(wrapped)) return wrapped
  const url = URL.parse(`http://[${address.replace(/%.*$/, '')}]/`)
  if (!url) return address
  const [head = '', tail = ''] = url.hostname.slice(1, -1).split('::')
  const words = head === '' ? [] : head.split(':')
  const missing = 8 - words.length - (tail === '' ? 0 : tail.split(':').length)
  return [...words, ...Array<string>(Math.max(0, missing)).fill('0'), ...tail.split(':')]
    .slice(0, 4)
    .join(':')
}
