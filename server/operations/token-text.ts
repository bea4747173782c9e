/** What a token of ours looks like: `trackyard_`, a secret, and a sum of it by which scanners tell it from other text. */
import { hash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

const SECRET_BYTES = 32

const TOKEN = /\btrackyard_([0-9a-f]{64})([0-9a-f]{8})\b/

export function makeToken(): string {
  const secret = randomBytes(SECRET_BYTES).toString('hex')
  return `trackyard_${secret}${sumOf(secret)}`
}

/** Whether a text is meant as a token of ours, good or not. */
export function looksLikeToken(text: string): boolean {
  return text.startsWith('trackyard_')
}

/** Whether there is a token in a text. */
export function holdsToken(text: string): boolean {
  const [, secret, sum] = TOKEN.exec(text) ?? []
  return secret !== undefined && sumOf(secret) === sum
}

/** Without salt or stretching: what is hashed is as random as a key, and nobody guesses that. */
export function hashToken(token: string): string {
  return hash('sha256', token)
}

function sumOf(secret: string): string {
  return crc32(secret).toString(16).padStart(8, '0')
}
