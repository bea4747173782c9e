import type { Db } from '../db/index.ts'
import { WORKSPACE } from './experiments.ts'

const DELETED_STAGE = 'Deleted_Internal'

/** Undefined for a version that does not exist or is deleted. */
export async function findModelVersionLocation(
  db: Db,
  name: string,
  version: number,
): Promise<{ storage_location: string | null; source: string | null } | undefined> {
  return db
    .selectFrom('model_versions')
    .select(['storage_location', 'source'])
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .where('version', '=', version)
    .where((where) =>
      where.or([where('current_stage', '!=', DELETED_STAGE), where('current_stage', 'is', null)]),
    )
    .executeTakeFirst()
}

export async function findLoggedModelLocation(db: Db, modelId: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('logged_models')
    .select('artifact_location')
    .where('model_id', '=', modelId)
    .where('lifecycle_stage', '=', 'active')
    .executeTakeFirst()
  return row?.artifact_location
}
