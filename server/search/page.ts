/** One page of a search, and the token that names the next one. */
import { invalidParameter } from '../errors.ts'

/** What every search by filter text takes. */
export interface Search {
  /** Comparisons joined by AND; empty for everything. */
  readonly filter: string
  /** Keys, each followed by ASC or DESC where it has a direction. */
  readonly orderBy: readonly string[]
  readonly maxResults: number
  readonly pageToken?: string | undefined
}

export interface Page<T> {
  readonly rows: T[]
  readonly nextPageToken?: string
}

/** Cuts the one row more than `maxResults` that says there is a next page, and names that page. */
export function toPage<T>(rows: T[], offset: number, maxResults: number): Page<T> {
  if (rows.length <= maxResults) return { rows }
  return { rows: rows.slice(0, maxResults), nextPageToken: createPageToken(offset + maxResults) }
}

/** MLflow's own form, so a token outlives a change of servers in the middle of a listing. */
function createPageToken(offset: number): string {
  return Buffer.from(`{"offset": ${offset}}`).toString('base64')
}

/** @throws ApiError for a token no server made */
export function parsePageToken(token: string | undefined): number {
  if (!token) return 0
  const { offset } = decodeToken(token)
  if (!offset) throw invalidParameter(`Invalid page token, no offset in it`)
  return parseOffset(offset)
}

/** The JSON object in a token. */
export function decodeToken(token: string): Record<string, unknown> {
  const base64 = token.replace(/[^A-Za-z0-9+/]/g, '')
  if (base64.length % 4 === 1 || (base64.length + paddingOf(token)) % 4 !== 0) {
    throw invalidParameter('Invalid page token, could not base64-decode')
  }
  try {
    const parsed: unknown = JSON.parse(Buffer.from(base64, 'base64').toString())
    if (parsed !== null && typeof parsed === 'object') return parsed as Record<string, unknown>
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
  }
  throw invalidParameter('Invalid page token, it holds no JSON object')
}

/** @throws ApiError for what cannot be an offset */
export function parseOffset(offset: unknown): number {
  const parsed = typeof offset === 'string' && /^\d{1,15}$/.test(offset) ? Number(offset) : offset
  if (typeof parsed === 'number' && Number.isSafeInteger(parsed) && parsed >= 0) return parsed
  throw invalidParameter('Invalid page token, its offset is not a number of rows')
}

function paddingOf(token: string): number {
  return /=*$/.exec(token)?.[0].length ?? 0
}
