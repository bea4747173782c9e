/** Of ids that a request or a row names, those of what a caller may read; who reads all is asked nothing. */
import { type Access, visible } from '../access/access.ts'
import type { Part } from '../access/grants.ts'
import { dialectOf } from '../db/dialect.ts'
import type { Db } from '../db/index.ts'
import { isSeenId } from '../db/visible.ts'
import { inChunks } from './chunks.ts'

type Ids = readonly string[]

export async function readableRuns(db: Db, access: Access, ids: Ids): Promise<Ids> {
  return readable(access, 'run', ids, (some, seen) =>
    db
      .selectFrom('runs')
      .select('run_uuid as id')
      .where('run_uuid', 'in', some)
      .where((eb) => isSeenId(dialectOf(db), eb.ref('experiment_id'), seen))
      .execute(),
  )
}

export async function readableLoggedModels(db: Db, access: Access, ids: Ids): Promise<Ids> {
  return readable(access, 'logged_model', ids, (some, seen) =>
    db
      .selectFrom('logged_models')
      .select('model_id as id')
      .where('model_id', 'in', some)
      .where((eb) => isSeenId(dialectOf(db), eb.ref('experiment_id'), seen))
      .execute(),
  )
}

async function readable(
  access: Access,
  part: Part,
  ids: Ids,
  select: (some: Ids, seen: Parameters<typeof isSeenId>[2]) => Promise<{ id: string }[]>,
): Promise<Ids> {
  const seen = visible(access, 'experiment', part)
  if (seen === 'all') return ids
  const found = await inChunks([...new Set(ids)], (some) => select(some, seen))
  // Some collations find more than what was asked for.
  const kept = new Set(found.map(({ id }) => id))
  return ids.filter((id) => kept.has(id))
}
