/** MLflow's page tokens: base64 of `{"offset": N}`, spaced as Python's json does. */
import { invalidParameter } from '../errors.ts'

export function pageToken(offset: number): string {
  return Buffer.from(`{"offset": ${offset}}`).toString('base64')
}

/** The offset a token stands for; 0 without one. */
export function parsePageToken(token: string | undefined): number {
  if (!token) return 0
  if (!/^[A-Za-z0-9+/\s]*={0,2}$/.test(token) || token.replace(/\s/g, '').length % 4 !== 0) {
    throw invalidParameter('Invalid page token, could not base64-decode')
  }
  const offset = offsetIn(Buffer.from(token, 'base64').toString('utf8'))
  if (offset === undefined)
    throw invalidParameter(`Invalid page token, parsed value=${JSON.stringify(token)}`)
  return offset
}

function offsetIn(json: string): number | undefined {
  try {
    const offset: unknown = JSON.parse(json)?.offset
    return Number.isSafeInteger(offset) && (offset as number) >= 0 ? (offset as number) : undefined
  } catch {
    return undefined
  }
}
