/** MLflow's page tokens: JSON with an offset in base64. */
import { invalidParameter } from '../errors.ts'

/** In MLflow's own spelling, so a token outlives a change of servers in the middle of a listing. */
export function pageToken(offset: number): string {
  return Buffer.from(`{"offset": ${offset}}`).toString('base64')
}

/**
 * The offset a token stands for; 0 without one.
 * @throws ApiError for a token no server made
 */
export function parsePageToken(token: string | undefined): number {
  if (!token) return 0
  const { offset } = decodePageToken(token)
  if (!offset) throw invalidParameter('Invalid page token, no offset in it')
  return parseOffset(offset)
}

/** The JSON object in a token. */
export function decodePageToken(token: string): Record<string, unknown> {
  const digits = token.replace(/[^A-Za-z0-9+/]/g, '')
  const padding = /=*$/.exec(token)?.[0].length ?? 0
  if ((digits.length + padding) % 4 !== 0) {
    throw invalidParameter('Invalid page token, could not base64-decode')
  }
  try {
    const parsed: unknown = JSON.parse(Buffer.from(digits, 'base64').toString())
    if (parsed !== null && typeof parsed === 'object') return parsed as Record<string, unknown>
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw invalidParameter('Invalid page token, it holds no JSON object')
}

/** @throws ApiError for what cannot be an offset */
export function parseOffset(offset: unknown): number {
  const parsed = typeof offset === 'string' && /^\d{1,15}$/.test(offset) ? Number(offset) : offset
  if (typeof parsed === 'number' && Number.isSafeInteger(parsed) && parsed >= 0) return parsed
  throw invalidParameter('Invalid page token, its offset is not a number of rows')
}
