import type { Selectable } from 'kysely'
import type { Db } from '../db/index.ts'
import type { Database } from '../db/schema/index.ts'
import { ApiError } from '../errors.ts'
import { type Page, parsePageToken, type Search, toPage } from './page.ts'

export type ModelVersionRow = Selectable<Database['model_versions']>

/** The model versions that pass a filter, in order; a prompt's only when the filter asks for them. */
export async function searchModelVersions(
  db: Db,
  { filter, maxResults, pageToken }: Search,
): Promise<Page<ModelVersionRow>> {
  if (filter) throw new ApiError('NOT_IMPLEMENTED', 'filters')
  const offset = parsePageToken(pageToken)
  const rows = await db
    .selectFrom('model_versions')
    .selectAll()
    .limit(maxResults + 1)
    .offset(offset)
    .execute()
  return toPage(rows, offset, maxResults)
}
