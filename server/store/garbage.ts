/** What is deleted and can go for good, and the artifacts whose owners have gone already. */
import { type SqlBool, sql } from 'kysely'
import type { Db } from '../db/index.ts'
import { inChunks } from './chunks.ts'
import { DELETED_STAGE } from './model-versions.ts'

/** Rows in a page, and the most ids that one selection may name. */
export const PER_PAGE = 500
const TRACE_ARTIFACTS_TAG = 'mlflow.artifactLocation'

/** Something that may go, with its artifacts. */
export interface Candidate {
  readonly id: string
  readonly artifactUri: string
}

/** What to list: what was deleted by a time (milliseconds since the epoch), or what is in an experiment. */
export type Selection = ({ readonly before: number } | { readonly experimentId: number }) & {
  /** Only these. */
  readonly ids?: readonly string[] | undefined
  /** Only those after this id. */
  readonly after?: string
}

/** A page of deleted runs, by id. */
export async function listDeletedRuns(db: Db, selection: Selection): Promise<Candidate[]> {
  const { ids, after = '' } = selection
  let query = db
    .selectFrom('runs')
    .select(['run_uuid as id', 'artifact_uri'])
    .where('lifecycle_stage', '=', 'deleted')
    .where('run_uuid', '>', after)
  query =
    'before' in selection
      ? query.where('deleted_time', '<=', selection.before)
      : query.where('experiment_id', '=', selection.experimentId)
  if (ids) query = query.where('run_uuid', 'in', ids)
  const rows = await query.orderBy('run_uuid').limit(PER_PAGE).execute()
  return rows.map(({ id, artifact_uri }) => ({ id, artifactUri: artifact_uri ?? '' }))
}

/** A page of logged models, by id: deleted ones, or all of an experiment, which takes them along undeleted. */
export async function listLoggedModels(db: Db, selection: Selection): Promise<Candidate[]> {
  const { ids, after = '' } = selection
  let query = db
    .selectFrom('logged_models')
    .select(['model_id as id', 'artifact_location as artifactUri'])
    .where('model_id', '>', after)
  query =
    'before' in selection
      ? query
          .where('lifecycle_stage', '=', 'deleted')
          .where('last_updated_timestamp_ms', '<=', selection.before)
      : query.where('experiment_id', '=', selection.experimentId)
  if (ids) query = query.where('model_id', 'in', ids)
  return query.orderBy('model_id').limit(PER_PAGE).execute()
}

/** Deleted experiments, by id. */
export async function listDeletedExperiments(
  db: Db,
  { before, ids }: { before: number; ids?: readonly string[] | undefined },
): Promise<number[]> {
  let query = db
    .selectFrom('experiments')
    .select('experiment_id')
    .where('lifecycle_stage', '=', 'deleted')
    .where('last_update_time', '<=', before)
  if (ids) query = query.where('experiment_id', 'in', ids.map(Number))
  const rows = await query.orderBy('experiment_id').execute()
  return rows.map(({ experiment_id }) => experiment_id)
}

/** How many runs, logged models and experiments were deleted by a time. */
export async function countDeleted(db: Db, before: number): Promise<number> {
  const tables = [
    ['runs', 'deleted_time'],
    ['logged_models', 'last_updated_timestamp_ms'],
    ['experiments', 'last_update_time'],
  ] as const
  let sum = 0
  for (const [table, time] of tables) {
    const { count } = await db
      .selectFrom(table as 'runs')
      .select((eb) => eb.fn.countAll<number | bigint>().as('count'))
      .where('lifecycle_stage', '=', 'deleted')
      .where(sql.ref(time), '<=', before)
      .executeTakeFirstOrThrow()
    sum += Number(count)
  }
  return sum
}

/** The registered version that needs the artifacts of a run or a logged model, as `name/version`. */
export async function findVersionFrom(db: Db, { id, artifactUri }: Candidate): Promise<string | undefined> {
  const below = `${artifactUri}/`
  const row = await db
    .selectFrom('model_versions')
    .select(['name', 'version'])
    .where('current_stage', '!=', DELETED_STAGE)
    .where((eb) =>
      eb.or([
        eb('run_id', '=', id),
        eb('source', '=', `models:/${id}`),
        ...(['source', 'storage_location'] as const).flatMap((column) => [
          eb(column, '=', artifactUri),
          eb(sql<string>`substr(${eb.ref(column)}, 1, ${sql.lit(below.length)})`, '=', below),
        ]),
      ]),
    )
    .limit(1)
    .executeTakeFirst()
  return row && `${row.name}/${row.version}`
}

/** Deletes a run with all that is said of it; `tx` is a transaction. @returns whether it was there, and deleted */
export async function removeRun(tx: Db, runId: string): Promise<boolean> {
  // Takes the row's lock: from here on nobody restores it.
  const { numUpdatedRows } = await tx
    .updateTable('runs')
    .set({ lifecycle_stage: 'deleted' })
    .where('run_uuid', '=', runId)
    .where('lifecycle_stage', '=', 'deleted')
    .executeTakeFirst()
  if (numUpdatedRows === 0n) return false
  await removeLinks(tx, runId)
  for (const table of ['metrics', 'latest_metrics', 'params', 'tags'] as const) {
    await tx.deleteFrom(table).where('run_uuid', '=', runId).execute()
  }
  await tx.deleteFrom('runs').where('run_uuid', '=', runId).execute()
  return true
}

/** Deletes a logged model; `tx` is a transaction. @returns whether it was there */
export async function removeLoggedModel(tx: Db, modelId: string): Promise<boolean> {
  await removeLinks(tx, modelId)
  const { numDeletedRows } = await tx
    .deleteFrom('logged_models')
    .where('model_id', '=', modelId)
    .executeTakeFirst()
  return numDeletedRows > 0n
}

/** What links a run or a model to its inputs and outputs; no foreign key does it. */
async function removeLinks(tx: Db, id: string): Promise<void> {
  const linked = tx
    .selectFrom('inputs')
    .select('input_uuid')
    .where((eb) => eb.or([eb('source_id', '=', id), eb('destination_id', '=', id)]))
  await tx.deleteFrom('input_tags').where('input_uuid', 'in', linked).execute()
  await tx
    .deleteFrom('inputs')
    .where((eb) => eb.or([eb('source_id', '=', id), eb('destination_id', '=', id)]))
    .execute()
}

/** Deleted with an experiment though no foreign key says so: those of traces and the daily sums of them. */
const OF_EXPERIMENT = [
  'trace_info',
  'online_scoring_configs',
  'experiment_tags',
  'sql_trace_rollup_rebuild_queue',
  'sql_trace_metric_daily_rollups',
  'sql_span_cost_daily_rollups',
  'sql_assessment_daily_rollups',
] as const

/**
 * Deletes a deleted experiment that has no runs and logged models left, and leaves the artifacts of its traces as
 * garbage; `tx` is a transaction.
 * @returns whether it was there, and empty
 */
export async function removeExperiment(tx: Db, experimentId: number): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('experiments')
    .set({ lifecycle_stage: 'deleted' })
    .where('experiment_id', '=', experimentId)
    .where('lifecycle_stage', '=', 'deleted')
    .executeTakeFirst()
  if (numUpdatedRows === 0n || !(await isEmpty(tx, experimentId))) return false
  await tx
    .insertInto('trackyard_garbage')
    .columns(['owner_id', 'artifact_uri'])
    .expression((eb) =>
      eb
        .selectFrom('trace_tags')
        .innerJoin('trace_info', 'trace_info.request_id', 'trace_tags.request_id')
        .select(['trace_tags.request_id', sql<string>`coalesce(trace_tags.value, '')`.as('uri')])
        .where('trace_info.experiment_id', '=', experimentId)
        .where('trace_tags.key', '=', TRACE_ARTIFACTS_TAG)
        .where(isInOwnFolder),
    )
    .execute()
  for (const table of OF_EXPERIMENT) {
    // The types of seven tables are more than one call can have; each has this column.
    await tx
      .deleteFrom(table as 'trace_info')
      .where('experiment_id', '=', experimentId)
      .execute()
  }
  await tx.deleteFrom('experiments').where('experiment_id', '=', experimentId).execute()
  return true
}

/** On other servers a client may point the tag at what is another's. */
const isInOwnFolder = sql<SqlBool>`replace(trace_tags.value, concat('/traces/', trace_tags.request_id, '/artifacts'), '') <> trace_tags.value`

async function isEmpty(db: Db, experimentId: number): Promise<boolean> {
  const [run, model] = await Promise.all([
    db.selectFrom('runs').select('run_uuid').where('experiment_id', '=', experimentId).limit(1).execute(),
    db
      .selectFrom('logged_models')
      .select('model_id')
      .where('experiment_id', '=', experimentId)
      .limit(1)
      .execute(),
  ])
  return run.length + model.length === 0
}

export async function insertGarbage(db: Db, { id, artifactUri }: Candidate): Promise<void> {
  await db.insertInto('trackyard_garbage').values({ owner_id: id, artifact_uri: artifactUri }).execute()
}

/** A page of what is still to be deleted, by its owner. */
export async function listGarbage(db: Db, after = ''): Promise<Candidate[]> {
  return db
    .selectFrom('trackyard_garbage')
    .select(['owner_id as id', 'artifact_uri as artifactUri'])
    .where('owner_id', '>', after)
    .orderBy('owner_id')
    .limit(PER_PAGE)
    .execute()
}

export async function deleteGarbage(db: Db, ownerId: string): Promise<void> {
  await db.deleteFrom('trackyard_garbage').where('owner_id', '=', ownerId).execute()
}

const OWNER_IDS = {
  experiments: 'experiment_id',
  runs: 'run_uuid',
  logged_models: 'model_id',
  trace_info: 'request_id',
} as const

export type OwnerTable = keyof typeof OWNER_IDS

/** Those of the ids that a table has, or whose artifacts are still to be deleted. */
export async function listKnownOwners(
  db: Db,
  table: OwnerTable,
  ids: readonly string[],
): Promise<Set<string>> {
  const column = sql.ref<string>(OWNER_IDS[table])
  const rows = await inChunks(ids, (some) =>
    db
      .selectFrom(table as 'runs')
      .select(column.as('id'))
      .where(column, 'in', table === 'experiments' ? (some.map(Number) as unknown as string[]) : some)
      .execute(),
  )
  const owed = await inChunks(ids, (some) =>
    db.selectFrom('trackyard_garbage').select('owner_id as id').where('owner_id', 'in', some).execute(),
  )
  return new Set([...rows, ...owed].map(({ id }) => String(id)))
}
