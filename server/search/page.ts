/** One page of a search. */
import { pageToken } from './page-token.ts'

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
  return { rows: rows.slice(0, maxResults), nextPageToken: pageToken(offset + maxResults) }
}
