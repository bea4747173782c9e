/** Passwords as MLflow keeps them: werkzeug's hashes, whose cost is borne off the event loop and never by many at once. */
import { createHmac, pbkdf2, randomBytes, randomInt, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { ApiError, invalidParameter } from '../errors.ts'

/** What MLflow's own releases made every first admin's password once: everybody knows it. */
export const LEGACY_PASSWORD = 'password1234'

/** The hash of a user who cannot sign in with a password; MLflow takes none for it either. */
export const NO_PASSWORD = '!'

const SCRYPT = { N: 32_768, r: 8, p: 1 }
const SALT_CHARACTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'

/** Stands for the hash of whoever has none, so that this takes as long as any other. */
const NOBODY = `scrypt:32768:8:1$${'0'.repeat(16)}$${'0'.repeat(128)}`

/** The hashes that werkzeug makes. */
const READABLE = /^(scrypt(:\d{1,9}){3}|pbkdf2:sha(1|256|512):\d{1,9})\$[^$]*\$([0-9a-f]{2})+$/

/** Each takes a core for a tenth of a second, and 32 MB. */
const MOST_AT_ONCE = 2
const MOST_WAITING = 100

/** @throws ApiError INVALID_PARAMETER_VALUE for one that MLflow would not take either */
export function checkNewPassword(password: string): void {
  if ([...password].length < 12) throw invalidParameter('Password must be at least 12 characters.')
}

async function derive(
  [method, ...args]: string[],
  password: string,
  salt: string,
  length: number,
): Promise<Buffer> {
  if (method === 'pbkdf2') {
    return promisify(pbkdf2)(password, salt, Number(args[1]), length, String(args[0]))
  }
  const [N, r, p] = args.map(Number) as [number, number, number]
  return scryptKey(password, salt, { N, r, p }, length)
}

async function scryptKey(
  password: string,
  salt: string,
  cost: typeof SCRYPT,
  length: number,
): Promise<Buffer> {
  const options = { ...cost, maxmem: 128 * cost.r * (cost.N + cost.p + 2) }
  return promisify<string, string, number, object, Buffer>(scrypt)(password, salt, length, options)
}

const MOST_REMEMBERED = 10_000

/**
 * Makes and checks hashes, and remembers which passwords were right for which hash: a client sends its password with
 * every request. What is remembered is no password, but a digest under a key of this process alone.
 */
export class Passwords {
  readonly #key = randomBytes(32)
  readonly #right = new Set<string>()
  readonly #running = new Map<string, Promise<boolean>>()
  readonly #waiting: (() => void)[] = []
  #atWork = 0

  async hash(password: string): Promise<string> {
    const salt = Array.from({ length: 16 }, () => SALT_CHARACTERS[randomInt(SALT_CHARACTERS.length)]).join('')
    const key = await this.#inTurn(() => scryptKey(password, salt, SCRYPT, 64))
    return `scrypt:${SCRYPT.N}:${SCRYPT.r}:${SCRYPT.p}$${salt}$${key.toString('hex')}`
  }

  /**
   * Whether `password` is the one that `hash` was made of; it takes as long where there is no such hash.
   * @throws ApiError REQUEST_LIMIT_EXCEEDED while too many are waiting for that
   */
  async isRight(password: string, hash: string): Promise<boolean> {
    const digest = createHmac('sha256', this.#key)
      .update(JSON.stringify([password, hash]))
      .digest('base64')
    if (this.#right.has(digest)) return true
    const running = this.#running.get(digest) ?? this.#check(password, hash)
    this.#running.set(digest, running)
    try {
      const isRight = await running
      if (isRight) this.#remember(digest)
      return isRight
    } finally {
      this.#running.delete(digest)
    }
  }

  async #check(password: string, hash: string): Promise<boolean> {
    const readable = READABLE.test(hash) ? hash : NOBODY
    const [method = '', salt = '', hex = ''] = readable.split('$')
    const wanted = Buffer.from(hex, 'hex')
    const key = await this.#inTurn(() => derive(method.split(':'), password, salt, wanted.length))
    return timingSafeEqual(key, wanted) && readable !== NOBODY
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#atWork < MOST_AT_ONCE) this.#atWork++
    else if (this.#waiting.length < MOST_WAITING) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    } else throw new ApiError('REQUEST_LIMIT_EXCEEDED', 'Too many are signing in at this moment; try again.')
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#atWork--
    }
  }

  #remember(digest: string): void {
    this.#right.add(digest)
    const [oldest] = this.#right
    if (this.#right.size > MOST_REMEMBERED && oldest !== undefined) this.#right.delete(oldest)
  }
}
