/**
 * What was said and decided about versions of models. The rows refer to no row of MLflow's, so that MLflow can change
 * and delete its own; what is read here is of versions that are there and are the same ones still.
 */
import type { Selectable } from 'kysely'
import type { Db } from '../db/index.ts'
import type { Database } from '../db/schema/index.ts'
import type { Int64 } from '../wire.ts'
import { WORKSPACE } from './experiments.ts'
import { DELETED_STAGE, type ModelVersionRow } from './model-versions.ts'

export type ModelActivity = Selectable<Database['trackyard_model_activities']>

export const ACTIVITY_TYPES = [
  'NEW_COMMENT',
  'REQUESTED_TRANSITION',
  'APPROVED_REQUEST',
  'REJECTED_REQUEST',
  'CANCELLED_REQUEST',
  'APPLIED_TRANSITION',
  'SYSTEM_TRANSITION',
] as const

export type ActivityType = (typeof ACTIVITY_TYPES)[number]

/** Below every database's limit on variables. */
const ROWS_PER_INSERT = 1_000

/** The rows of a version: another one that gets its name and number later has another time. */
export function rowsOf({ name, version, creation_time }: ModelVersionRow) {
  // MLflow leaves no version without a time.
  return { workspace: WORKSPACE, name, version, version_creation_time: creation_time as Int64 }
}

/** A version's activities, the oldest first. */
export async function listActivities(
  db: Db,
  { name, version }: Pick<ModelVersionRow, 'name' | 'version'>,
  { type, after, limit }: { type?: ActivityType | undefined; after?: string | undefined; limit: number },
): Promise<ModelActivity[]> {
  let query = living(db).where('activity.name', '=', name).where('activity.version', '=', version)
  if (type !== undefined) query = query.where('activity.activity_type', '=', type)
  if (after !== undefined) query = query.where('activity.id', '>', after)
  return query.orderBy('activity.id').limit(limit).execute()
}

/** A version's open requests, the oldest first. */
export async function listOpenRequests(
  db: Db,
  { name, version }: Pick<ModelVersionRow, 'name' | 'version'>,
): Promise<ModelActivity[]> {
  return living(db)
    .where('activity.name', '=', name)
    .where('activity.version', '=', version)
    .where('activity.decision_id', '=', OPEN)
    .orderBy('activity.id')
    .execute()
}

export async function findComment(db: Db, id: string): Promise<ModelActivity | undefined> {
  return living(db)
    .where('activity.id', '=', id)
    .where('activity.activity_type', '=', 'NEW_COMMENT')
    .executeTakeFirst()
}

export async function insertActivities(db: Db, activities: readonly ModelActivity[]): Promise<void> {
  for (let start = 0; start < activities.length; start += ROWS_PER_INSERT) {
    const rows = activities.slice(start, start + ROWS_PER_INSERT)
    await db.insertInto('trackyard_model_activities').values(rows).execute()
  }
}

export async function updateComment(db: Db, id: string, comment: string, now: number): Promise<void> {
  await db
    .updateTable('trackyard_model_activities')
    .set({ comment, last_updated_time: now })
    .where('id', '=', id)
    .execute()
}

export async function deleteComment(db: Db, id: string): Promise<void> {
  await db.deleteFrom('trackyard_model_activities').where('id', '=', id).execute()
}

/**
 * Ends the open requests for a stage, all of them or one user's.
 * @returns how many there were: of two callers at once only one gets them
 */
export async function endRequests(
  db: Db,
  version: ModelVersionRow,
  { stage, user, decisionId }: { stage: string; user?: string | undefined; decisionId: string },
): Promise<number> {
  const of = rowsOf(version)
  let query = db
    .updateTable('trackyard_model_activities')
    .set({ decision_id: decisionId })
    .where('workspace', '=', of.workspace)
    .where('name', '=', of.name)
    .where('version', '=', of.version)
    .where('version_creation_time', '=', of.version_creation_time)
    .where('to_stage', '=', stage)
    .where('decision_id', '=', OPEN)
  if (user !== undefined) query = query.where('user_id', '=', user)
  const { numUpdatedRows } = await query.executeTakeFirst()
  return Number(numUpdatedRows)
}

/** Lets a model's activities follow its new name, which no other model has. */
export async function renameActivities(db: Db, name: string, newName: string): Promise<void> {
  await deleteActivities(db, newName)
  await db
    .updateTable('trackyard_model_activities')
    .set({ name: newName })
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .execute()
}

/** Deletes what was said and decided about a model, or one version of it. */
export async function deleteActivities(db: Db, name: string, version?: number): Promise<void> {
  let query = db
    .deleteFrom('trackyard_model_activities')
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
  if (version !== undefined) query = query.where('version', '=', version)
  await query.execute()
}

/** The decision of a request that has none yet. */
export const OPEN = ''

/** MLflow may have deleted or renamed a version, and made another one of its name, while these rows stayed. */
function living(db: Db) {
  return db
    .selectFrom('trackyard_model_activities as activity')
    .innerJoin('model_versions as of', (join) =>
      join
        .onRef('of.workspace', '=', 'activity.workspace')
        .onRef('of.name', '=', 'activity.name')
        .onRef('of.version', '=', 'activity.version')
        .onRef('of.creation_time', '=', 'activity.version_creation_time')
        .on('of.current_stage', '!=', DELETED_STAGE),
    )
    .selectAll('activity')
    .where('activity.workspace', '=', WORKSPACE)
}
