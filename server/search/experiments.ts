import type { Db } from '../db/index.ts'
import { ApiError } from '../errors.ts'
import type { Experiment } from '../store/experiments.ts'
import { type Page, parsePageToken, type Search, toPage } from './page.ts'
import type { ViewType } from './runs.ts'

export interface ExperimentSearch extends Search {
  readonly viewType: ViewType
}

/** The experiments that pass a filter, in order, with their tags. */
export async function searchExperiments(
  db: Db,
  { filter, maxResults, pageToken }: ExperimentSearch,
): Promise<Page<Experiment>> {
  if (filter) throw new ApiError('NOT_IMPLEMENTED', 'filters')
  const offset = parsePageToken(pageToken)
  const rows = await db
    .selectFrom('experiments')
    .selectAll()
    .limit(maxResults + 1)
    .offset(offset)
    .execute()
  return toPage(
    rows.map((row) => ({ ...row, tags: [] })),
    offset,
    maxResults,
  )
}
