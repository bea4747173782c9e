import type { Insertable, Selectable, Updateable } from 'kysely'
import type { Db } from '../db/index.ts'
import type { Database } from '../db/schema/index.ts'
import { upsert } from '../db/upsert.ts'
import { notFound } from '../errors.ts'
import { byId, inChunks } from './chunks.ts'

export type LoggedModelRow = Selectable<Database['logged_models']>
export type LoggedModelMetricRow = Selectable<Database['logged_model_metrics']>

/** The tag that lists the registered versions made of a logged model, as JSON. */
export const VERSIONS_TAG = 'mlflow.modelVersions'

export interface KeyValue {
  readonly key: string
  readonly value: string
}

export interface LoggedModel extends LoggedModelRow {
  readonly tags: readonly KeyValue[]
  readonly params: readonly KeyValue[]
  readonly metrics: readonly LoggedModelMetricRow[]
}

/** A logged model, also when it is deleted. */
export async function getLoggedModelRow(db: Db, modelId: string): Promise<LoggedModelRow> {
  const row = await db
    .selectFrom('logged_models')
    .selectAll()
    .where('model_id', '=', modelId)
    .executeTakeFirst()
  if (!row) throw missing(modelId)
  return row
}

/** A logged model that is not deleted. */
export async function getActiveLoggedModelRow(db: Db, modelId: string): Promise<LoggedModelRow> {
  const row = await getLoggedModelRow(db, modelId)
  if (row.lifecycle_stage === 'deleted') throw missing(modelId)
  return row
}

/** Logged models with their tags, parameters and metrics, in three queries. */
export async function hydrateLoggedModels(db: Db, rows: readonly LoggedModelRow[]): Promise<LoggedModel[]> {
  const ids = rows.map((row) => row.model_id)
  const tags = byId(await listTags(db, ids), (tag) => tag.model_id)
  const params = byId(await listParams(db, ids), (param) => param.model_id)
  const metrics = byId(await listMetrics(db, ids), (metric) => metric.model_id)
  return rows.map((row) => ({
    ...row,
    tags: tags(row.model_id),
    params: params(row.model_id),
    metrics: metrics(row.model_id),
  }))
}

export async function hydrateLoggedModel(db: Db, row: LoggedModelRow): Promise<LoggedModel> {
  const [model] = await hydrateLoggedModels(db, [row])
  return model as LoggedModel
}

export async function insertLoggedModel(db: Db, row: Insertable<Database['logged_models']>): Promise<void> {
  await db.insertInto('logged_models').values(row).execute()
}

export async function updateLoggedModel(
  db: Db,
  modelId: string,
  change: Updateable<Database['logged_models']>,
): Promise<void> {
  await db.updateTable('logged_models').set(change).where('model_id', '=', modelId).execute()
}

/** Of some keys, those that are parameters of the model already. */
export async function listParamKeys(db: Db, modelId: string, keys: readonly string[]): Promise<string[]> {
  const rows = await inChunks(keys, (some) =>
    db
      .selectFrom('logged_model_params')
      .select('param_key')
      .where('model_id', '=', modelId)
      .where('param_key', 'in', some)
      .execute(),
  )
  return rows.map((row) => row.param_key)
}

/** Adds parameters; one that is there already stays as it is. */
export async function insertLoggedModelParams(
  db: Db,
  { model_id, experiment_id }: Pick<LoggedModelRow, 'model_id' | 'experiment_id'>,
  params: readonly KeyValue[],
): Promise<void> {
  const rows = params.map(({ key, value }) => ({
    model_id,
    experiment_id,
    param_key: key,
    param_value: value,
  }))
  await upsert(db, 'logged_model_params', rows, ['model_id', 'param_key'], [])
}

export async function setLoggedModelTags(
  db: Db,
  { model_id, experiment_id }: Pick<LoggedModelRow, 'model_id' | 'experiment_id'>,
  tags: readonly KeyValue[],
): Promise<void> {
  const rows = tags.map(({ key, value }) => ({ model_id, experiment_id, tag_key: key, tag_value: value }))
  await upsert(db, 'logged_model_tags', rows, ['model_id', 'tag_key'], ['tag_value'])
}

export async function findLoggedModelTag(db: Db, modelId: string, key: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('logged_model_tags')
    .select('tag_value')
    .where('model_id', '=', modelId)
    .where('tag_key', '=', key)
    .executeTakeFirst()
  return row?.tag_value
}

/** @returns whether there was such a tag */
export async function deleteLoggedModelTag(db: Db, modelId: string, key: string): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('logged_model_tags')
    .where('model_id', '=', modelId)
    .where('tag_key', '=', key)
    .executeTakeFirst()
  return numDeletedRows > 0n
}

async function listTags(db: Db, ids: readonly string[]) {
  return inChunks(ids, (some) =>
    db
      .selectFrom('logged_model_tags')
      .select(['model_id', 'tag_key as key', 'tag_value as value'])
      .where('model_id', 'in', some)
      .orderBy('tag_key')
      .execute(),
  )
}

async function listParams(db: Db, ids: readonly string[]) {
  return inChunks(ids, (some) =>
    db
      .selectFrom('logged_model_params')
      .select(['model_id', 'param_key as key', 'param_value as value'])
      .where('model_id', 'in', some)
      .orderBy('param_key')
      .execute(),
  )
}

async function listMetrics(db: Db, ids: readonly string[]): Promise<LoggedModelMetricRow[]> {
  return inChunks(ids, (some) =>
    db
      .selectFrom('logged_model_metrics')
      .selectAll()
      .where('model_id', 'in', some)
      .orderBy('metric_name')
      .orderBy('metric_timestamp_ms')
      .orderBy('metric_step')
      .execute(),
  )
}

function missing(modelId: string) {
  return notFound(`Logged model with ID '${modelId}' not found.`)
}
