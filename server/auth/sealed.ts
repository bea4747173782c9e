/**
 * Texts that only servers with the secret key can make and read, for browsers to keep. The first key of the setting
 * makes them, each of the list reads them. Imported only where people sign in with a browser.
 */
import { hkdfSync } from 'node:crypto'
import { EncryptJWT, errors, type JWTPayload, jwtDecrypt } from 'jose'
import type { Config } from '../config.ts'

/** What a text is for: none of one kind passes for another. */
export type Purpose = 'session' | 'sign-in' | 'id-token'

export async function seal(
  { secretKey }: Pick<Config, 'secretKey'>,
  purpose: Purpose,
  content: JWTPayload,
  expiryTime: number,
): Promise<string> {
  const [key] = keysOf(secretKey, purpose)
  return new EncryptJWT(content)
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
    .setExpirationTime(Math.floor(expiryTime / 1000))
    .encrypt(key as Uint8Array)
}

/** What was sealed; undefined for whatever else, and for what has expired. */
export async function unseal(
  { secretKey }: Pick<Config, 'secretKey'>,
  purpose: Purpose,
  text: string,
  now: number,
): Promise<JWTPayload | undefined> {
  for (const key of keysOf(secretKey, purpose)) {
    try {
      const { payload } = await jwtDecrypt(text, key, {
        keyManagementAlgorithms: ['dir'],
        contentEncryptionAlgorithms: ['A256GCM'],
        requiredClaims: ['exp'],
        currentDate: new Date(now),
      })
      return payload
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error
    }
  }
  return undefined
}

function keysOf(secretKey: string, purpose: Purpose): Uint8Array[] {
  return secretKey
    .split(',')
    .map((key) => new Uint8Array(hkdfSync('sha256', key.trim(), '', `trackyard ${purpose}`, 32)))
}
