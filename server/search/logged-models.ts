import type { Selectable } from 'kysely'
import type { Db } from '../db/index.ts'
import type { Database } from '../db/schema/index.ts'
import { ApiError } from '../errors.ts'
import { type Page, toPage } from './page.ts'

export type LoggedModelRow = Selectable<Database['logged_models']>

export interface LoggedModelSearch {
  readonly experimentIds: readonly number[]
  readonly filter: string
  /** Only models with a metric on one of these. */
  readonly datasets: readonly DatasetFilter[]
  readonly orderBy: readonly LoggedModelOrder[]
  readonly maxResults: number
  readonly pageToken?: string | undefined
}

export interface DatasetFilter {
  readonly dataset_name: string
  readonly dataset_digest?: string | undefined
}

export interface LoggedModelOrder {
  readonly field_name: string
  /** @default true */
  readonly ascending?: boolean | undefined
  readonly dataset_name?: string | undefined
  readonly dataset_digest?: string | undefined
}

/** The logged models of some experiments that pass a filter, in order. */
export async function searchLoggedModels(
  db: Db,
  { experimentIds, filter, maxResults }: LoggedModelSearch,
): Promise<Page<LoggedModelRow>> {
  if (filter) throw new ApiError('NOT_IMPLEMENTED', 'filters')
  const rows = await db
    .selectFrom('logged_models')
    .selectAll()
    .where('experiment_id', 'in', experimentIds)
    .limit(maxResults + 1)
    .execute()
  return toPage(rows, 0, maxResults)
}
