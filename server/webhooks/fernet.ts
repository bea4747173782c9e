/** Fernet tokens (github.com/fernet/spec), in which MLflow keeps the secrets of webhooks. */
import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

const VERSION = 0x80
const SIGNATURE_BYTES = 32
/** Version, time and initialisation vector. */
const HEAD_BYTES = 25

/** @param key 32 bytes in URL-safe base64 */
export function encryptFernet(key: string, text: string, now: number): string {
  const { signing, encryption } = keysOf(key)
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUInt8(VERSION)
  head.writeBigUInt64BE(BigInt(Math.floor(now / 1000)), 1)
  randomBytes(16).copy(head, 9)
  const cipher = createCipheriv('aes-128-cbc', encryption, head.subarray(9))
  const signed = Buffer.concat([head, cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([signed, signatureOf(signing, signed)])
    .toString('base64')
    .replaceAll('+', '-')
    .replaceAll('/', '_')
}

/** @returns undefined for a token that another key made, or none did */
export function decryptFernet(key: string, token: string): string | undefined {
  const { signing, encryption } = keysOf(key)
  const bytes = Buffer.from(token, 'base64url')
  if (bytes.length < HEAD_BYTES + 16 + SIGNATURE_BYTES || bytes[0] !== VERSION) return undefined
  const signed = bytes.subarray(0, -SIGNATURE_BYTES)
  if (!timingSafeEqual(bytes.subarray(-SIGNATURE_BYTES), signatureOf(signing, signed))) return undefined
  try {
    const decipher = createDecipheriv('aes-128-cbc', encryption, signed.subarray(9, HEAD_BYTES))
    return Buffer.concat([decipher.update(signed.subarray(HEAD_BYTES)), decipher.final()]).toString('utf8')
  } catch {
    return undefined
  }
}

function keysOf(key: string): { signing: Buffer; encryption: Buffer } {
  const bytes = Buffer.from(key, 'base64url')
  return { signing: bytes.subarray(0, 16), encryption: bytes.subarray(16, 32) }
}

function signatureOf(signing: Buffer, signed: Buffer): Buffer {
  return createHmac('sha256', signing).update(signed).digest()
}
