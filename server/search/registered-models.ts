import type { Db } from '../db/index.ts'
import { ApiError } from '../errors.ts'
import { parsePageToken, type Search, toPage } from './page.ts'

/** The names of the registered models that pass a filter, in order; prompts only when the filter asks for them. */
export async function searchRegisteredModels(
  db: Db,
  { filter, maxResults, pageToken }: Search,
): Promise<{ names: string[]; nextPageToken?: string }> {
  if (filter) throw new ApiError('NOT_IMPLEMENTED', 'filters')
  const offset = parsePageToken(pageToken)
  const found = await db
    .selectFrom('registered_models')
    .select('name')
    .orderBy('name')
    .limit(maxResults + 1)
    .offset(offset)
    .execute()
  const { rows, ...next } = toPage(found, offset, maxResults)
  return { names: rows.map((row) => row.name), ...next }
}
