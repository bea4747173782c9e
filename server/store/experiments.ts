import type { Selectable, Updateable } from 'kysely'
import type { Visible } from '../access/access.ts'
import { dialectOf } from '../db/dialect.ts'
import type { Db } from '../db/index.ts'
import { insertExperiment } from '../db/insert-counted.ts'
import { prepared } from '../db/prepared.ts'
import type { Database } from '../db/schema/index.ts'
import { upsert } from '../db/upsert.ts'
import { isSeenId } from '../db/visible.ts'
import { ApiError, notFound } from '../errors.ts'
import { byId, inChunks } from './chunks.ts'

export type ExperimentRow = Selectable<Database['experiments']>

export interface Tag {
  readonly key: string
  readonly value: string | null
}

export interface Experiment extends ExperimentRow {
  readonly tags: readonly Tag[]
}

/** With workspaces off, MLflow keeps everything in this one. */
export const WORKSPACE = 'default'

export async function ensureDefaultExperiment(db: Db, artifactRoot: string, now: number): Promise<void> {
  await db.transaction().execute(async (tx) => {
    if (await tx.selectFrom('experiments').select('experiment_id').limit(1).executeTakeFirst()) return
    const experiment = {
      ...newExperiment('Default', now),
      experiment_id: 0,
      artifact_location: experimentLocation(artifactRoot, 0),
    }
    // Two servers that start at once may both find none.
    await upsert(tx, 'experiments', [experiment], ['experiment_id'], [])
  })
}

/**
 * @param tx a transaction
 * @throws ApiError RESOURCE_ALREADY_EXISTS for a name that is taken, by a deleted experiment too
 */
export async function createExperiment(
  tx: Db,
  { name, artifactLocation, artifactRoot, tags, now }: NewExperiment,
): Promise<number> {
  if (await findExperimentByName(tx, name)) {
    throw new ApiError('RESOURCE_ALREADY_EXISTS', `Experiment(name=${name}) already exists.`)
  }
  const id = await insertExperiment(tx, newExperiment(name, now))
  await tx
    .updateTable('experiments')
    .set({ artifact_location: artifactLocation || experimentLocation(artifactRoot, id) })
    .where('experiment_id', '=', id)
    .execute()
  for (const tag of tags) await setExperimentTag(tx, id, tag)
  return id
}

export async function getExperiment(db: Db, id: number): Promise<Experiment> {
  const row = await getExperimentRow(db, id)
  return { ...row, tags: await listExperimentTags(db, id) }
}

const experimentRows = prepared((db, id: number) =>
  db.selectFrom('experiments').selectAll().where('experiment_id', '=', id),
)

export async function getExperimentRow(db: Db, id: number): Promise<ExperimentRow> {
  const [row] = await experimentRows(db, id)
  if (!row) throw notFound(`No Experiment with id=${id} exists`)
  return row
}

export async function findExperimentByName(
  db: Db,
  name: string,
  seen: Visible = 'all',
): Promise<Experiment | undefined> {
  let query = db
    .selectFrom('experiments')
    .selectAll()
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
  if (seen !== 'all') {
    query = query.where((eb) => isSeenId(dialectOf(db), eb.ref('experiment_id'), seen))
  }
  const row = await query.executeTakeFirst()
  return row && { ...row, tags: await listExperimentTags(db, row.experiment_id) }
}

/** Where the artifacts of experiments are, each place once. */
export async function listArtifactLocations(db: Db): Promise<(string | null)[]> {
  const rows = await db.selectFrom('experiments').select('artifact_location').distinct().execute()
  return rows.map((row) => row.artifact_location)
}

/** Renames an active experiment. */
export async function renameExperiment(db: Db, id: number, name: string, now: number): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const experiment = await getExperiment(tx, id)
    if (experiment.lifecycle_stage !== 'active') {
      throw new ApiError('BAD_REQUEST', 'Cannot rename a non-active experiment.')
    }
    const holder = await findExperimentByName(tx, name)
    if (holder && holder.experiment_id !== id) {
      throw new ApiError('RESOURCE_ALREADY_EXISTS', `Experiment(name=${name}) already exists.`)
    }
    await updateExperiment(tx, id, { name, last_update_time: now })
  })
}

export async function setExperimentStage(
  db: Db,
  id: number,
  stage: LifecycleStage,
  now: number,
): Promise<void> {
  await updateExperiment(db, id, { lifecycle_stage: stage, last_update_time: now })
}

export async function setExperimentTag(db: Db, id: number, { key, value }: Tag): Promise<void> {
  await upsert(
    db,
    'experiment_tags',
    [{ experiment_id: id, key, value }],
    ['key', 'experiment_id'],
    ['value'],
  )
}

/** @returns whether there was such a tag */
export async function deleteExperimentTag(db: Db, id: number, key: string): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('experiment_tags')
    .where('experiment_id', '=', id)
    .where('key', '=', key)
    .executeTakeFirst()
  return numDeletedRows > 0n
}

export type LifecycleStage = 'active' | 'deleted'

interface NewExperiment {
  readonly name: string
  /** Empty for one below the artifact root. */
  readonly artifactLocation: string
  readonly artifactRoot: string
  readonly tags: readonly Tag[]
  readonly now: number
}

/** @returns the experiments in the same order, at the cost of one more query for them all */
export async function withExperimentTags(db: Db, rows: readonly ExperimentRow[]): Promise<Experiment[]> {
  const tags = await inChunks(
    rows.map((row) => row.experiment_id),
    (ids) =>
      db
        .selectFrom('experiment_tags')
        .select(['experiment_id', 'key', 'value'])
        .where('experiment_id', 'in', ids)
        .execute(),
  )
  const tagsOf = byId(tags, (tag) => tag.experiment_id)
  return rows.map((row) => ({ ...row, tags: tagsOf(row.experiment_id) }))
}

async function listExperimentTags(db: Db, id: number): Promise<Tag[]> {
  return db.selectFrom('experiment_tags').select(['key', 'value']).where('experiment_id', '=', id).execute()
}

async function updateExperiment(
  db: Db,
  id: number,
  change: Updateable<Database['experiments']>,
): Promise<void> {
  await db.updateTable('experiments').set(change).where('experiment_id', '=', id).execute()
}

function newExperiment(name: string, now: number) {
  return { name, lifecycle_stage: 'active', creation_time: now, last_update_time: now, workspace: WORKSPACE }
}

function experimentLocation(artifactRoot: string, id: number): string {
  return `${artifactRoot.replace(/\/+$/, '')}/${id}`
}
