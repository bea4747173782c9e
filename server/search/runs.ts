import type { Selectable } from 'kysely'
import type { Db } from '../db/index.ts'
import type { Database } from '../db/schema/index.ts'
import { ApiError } from '../errors.ts'
import { type Page, parsePageToken, type Search, toPage } from './page.ts'

export type RunRow = Selectable<Database['runs']>

export type ViewType = 'ACTIVE_ONLY' | 'DELETED_ONLY' | 'ALL'

export interface RunSearch extends Search {
  readonly experimentIds: readonly number[]
  readonly viewType: ViewType
}

/** The runs of some experiments that pass a filter, in order. */
export async function searchRuns(
  db: Db,
  { experimentIds, filter, maxResults, pageToken }: RunSearch,
): Promise<Page<RunRow>> {
  if (filter) throw new ApiError('NOT_IMPLEMENTED', 'filters')
  const offset = parsePageToken(pageToken)
  const rows = await db
    .selectFrom('runs')
    .selectAll()
    .where('experiment_id', 'in', experimentIds)
    .limit(maxResults + 1)
    .offset(offset)
    .execute()
  return toPage(rows, offset, maxResults)
}
