/** Everything a run shows, for a page of runs in a constant number of queries. */
import type { Db } from '../db/index.ts'
import { byId, inChunks } from './chunks.ts'
import type { Tag } from './experiments.ts'
import { type DatasetInput, listDatasetInputs, listModelLinks, type ModelOutput } from './inputs.ts'
import { type LatestMetric, listLatestMetrics } from './metrics.ts'
import { getRunRow, type RunRow } from './runs.ts'

export interface Param {
  readonly key: string
  readonly value: string
}

export interface Run {
  readonly row: RunRow
  readonly metrics: readonly LatestMetric[]
  readonly params: readonly Param[]
  readonly tags: readonly Tag[]
  readonly datasetInputs: readonly DatasetInput[]
  readonly modelInputs: readonly string[]
  readonly modelOutputs: readonly ModelOutput[]
}

/** @throws ApiError RESOURCE_DOES_NOT_EXIST */
export async function getRun(db: Db, runId: string): Promise<Run> {
  const [run] = await withRunData(db, [await getRunRow(db, runId)])
  return run as Run
}

export async function withRunData(db: Db, rows: readonly RunRow[]): Promise<Run[]> {
  const ids = rows.map((row) => row.run_uuid)
  const [metrics, params, tags, datasetInputs, modelInputs, modelOutputs] = await Promise.all([
    listLatestMetrics(db, ids).then((found) => byId(found, (metric) => metric.run_uuid)),
    listParams(db, ids).then((found) => byId(found, (param) => param.run_uuid)),
    listTags(db, ids).then((found) => byId(found, (tag) => tag.run_uuid)),
    listDatasetInputs(db, ids).then((found) => byId(found, (input) => input.runId)),
    listModelLinks(db, 'input', ids).then((found) => byId(found, (link) => link.runId)),
    listModelLinks(db, 'output', ids).then((found) => byId(found, (link) => link.runId)),
  ])
  return rows.map((row) => ({
    row,
    metrics: metrics(row.run_uuid),
    params: params(row.run_uuid),
    tags: tags(row.run_uuid),
    datasetInputs: datasetInputs(row.run_uuid),
    modelInputs: modelInputs(row.run_uuid).map((link) => link.modelId),
    modelOutputs: modelOutputs(row.run_uuid),
  }))
}

export async function findRunTag(db: Db, runId: string, key: string): Promise<string | null | undefined> {
  const row = await db
    .selectFrom('tags')
    .select('value')
    .where('run_uuid', '=', runId)
    .where('key', '=', key)
    .executeTakeFirst()
  return row?.value
}

/** @returns whether there was such a tag */
export async function deleteRunTag(db: Db, runId: string, key: string): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('tags')
    .where('run_uuid', '=', runId)
    .where('key', '=', key)
    .executeTakeFirst()
  return numDeletedRows > 0n
}

/** The parameters of one run among `keys`. */
export async function listParamsNamed(db: Db, runId: string, keys: readonly string[]): Promise<Param[]> {
  return db
    .selectFrom('params')
    .select(['key', 'value'])
    .where('run_uuid', '=', runId)
    .where('key', 'in', keys)
    .execute()
}

function listParams(db: Db, runIds: readonly string[]) {
  return inChunks(runIds, (ids) =>
    db.selectFrom('params').select(['run_uuid', 'key', 'value']).where('run_uuid', 'in', ids).execute(),
  )
}

function listTags(db: Db, runIds: readonly string[]) {
  return inChunks(runIds, (ids) =>
    db.selectFrom('tags').select(['run_uuid', 'key', 'value']).where('run_uuid', 'in', ids).execute(),
  )
}
