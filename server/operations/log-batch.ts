/** Logging to a run: parameters, metrics and tags in one transaction, all or nothing. */
import type { Db } from '../db/index.ts'
import { canWriteRun, ParamChanged } from '../db/run-write.ts'
import { upsert } from '../db/upsert.ts'
import { invalidParameter } from '../errors.ts'
import type { Tag } from '../store/experiments.ts'
import { insertModelMetrics } from '../store/logged-model-metrics.ts'
import { insertMetrics, type MetricPoint } from '../store/metrics.ts'
import { listParamsNamed, type Param } from '../store/run-data.ts'
import { type RunBatch, shareRunWrite } from '../store/run-writes.ts'
import { getActiveRunRow } from '../store/runs.ts'
import { setRunTags } from './runs.ts'

export interface LoggedMetric extends MetricPoint {
  /** The logged model the point belongs to as well; empty for none. */
  readonly modelId: string
  readonly datasetName: string
  readonly datasetDigest: string
}

export interface Batch {
  readonly metrics: readonly LoggedMetric[]
  readonly params: readonly Param[]
  readonly tags: readonly Tag[]
}

export async function logBatch(db: Db, runId: string, batch: Batch): Promise<void> {
  const { metrics, params, tags } = batch
  if (canWriteRun(db) && metrics.every(({ modelId }) => modelId === '')) return logAtOnce(db, runId, batch)
  await db.transaction().execute(async (tx) => {
    const run = await getActiveRunRow(tx, runId)
    await insertParams(tx, runId, params)
    await insertMetrics(tx, runId, metrics)
    await insertModelMetrics(
      tx,
      run,
      metrics.filter((metric) => metric.modelId !== ''),
    )
    await setRunTags(tx, runId, tags)
  })
}

/** The same in one way to the database. */
async function logAtOnce(db: Db, runId: string, batch: RunBatch): Promise<void> {
  try {
    while ((await shareRunWrite(db, runId, batch)) !== 'active') await getActiveRunRow(db, runId)
  } catch (error) {
    if (error instanceof ParamChanged) await checkParams(db, runId, batch.params)
    throw error
  }
}

/** A parameter is written once; the same value again is fine, another is not. */
async function insertParams(db: Db, runId: string, params: readonly Param[]): Promise<void> {
  if (params.length === 0) return
  const rows = params.map((param) => ({ ...param, run_uuid: runId }))
  const inserted = await upsert(db, 'params', rows, ['key', 'run_uuid'], [])
  if (inserted < rows.length) requireAll(params, await checkParams(db, runId, params))
}

/** Most collations of MySQL take names for the same that differ in case only, and then keep the first. */
function requireAll(params: readonly Param[], known: ReadonlyMap<string, string>): void {
  const lost = params.find(({ key }) => !known.has(key))
  if (!lost) return
  const isAlike = (key: string) => key.localeCompare(lost.key, 'en', { sensitivity: 'base' }) === 0
  const kept = [...known.keys()].find(isAlike) ?? ''
  throw invalidParameter(
    `Param '${lost.key}' cannot be kept beside '${kept}': the collation of the database takes them for the same name.`,
  )
}

/**
 * @returns the values of those of the parameters that are there
 * @throws ApiError for those that are there with another value
 */
async function checkParams(
  db: Db,
  runId: string,
  params: readonly Param[],
): Promise<ReadonlyMap<string, string>> {
  const keys = params.map((param) => param.key)
  const known = new Map((await listParamsNamed(db, runId, keys)).map(({ key, value }) => [key, value]))
  const changed = params.filter(({ key, value }) => known.has(key) && known.get(key) !== value)
  if (changed.length > 0) throw changingParams(runId, changed, known)
  return known
}

function changingParams(runId: string, changed: readonly Param[], known: ReadonlyMap<string, string>) {
  const [first] = changed
  if (changed.length === 1 && first) {
    return invalidParameter(
      `Changing param values is not allowed. Param with key='${first.key}' was already logged with value='${known.get(first.key)}' for run ID='${runId}'. Attempted logging new value '${first.value}'.`,
    )
  }
  const conflicts = changed.map(
    ({ key, value }) => `{'key': '${key}', 'old_value': '${known.get(key)}', 'new_value': '${value}'}`,
  )
  return invalidParameter(
    `Changing param values is not allowed. Params were already logged='[${conflicts.join(', ')}]' for run ID='${runId}'.`,
  )
}
