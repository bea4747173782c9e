import type { Db } from '../db/index.ts'
import { upsert } from '../db/upsert.ts'
import { notFound } from '../errors.ts'
import type { Int64 } from '../wire.ts'
import type { RunRow } from './runs.ts'

export interface ModelMetric {
  readonly key: string
  readonly value: number
  readonly timestamp: Int64
  readonly step: Int64
  readonly modelId: string
  /** Empty for no dataset, as are its digest. */
  readonly datasetName: string
  readonly datasetDigest: string
}

/**
 * Adds points to logged models' metrics; those there already stay as they are.
 * @throws ApiError RESOURCE_DOES_NOT_EXIST for a model there is none of
 */
export async function insertModelMetrics(
  db: Db,
  run: RunRow,
  metrics: readonly ModelMetric[],
): Promise<void> {
  const rows = metrics.map((metric) => ({
    model_id: metric.modelId,
    metric_name: metric.key,
    metric_timestamp_ms: metric.timestamp,
    metric_step: metric.step,
    metric_value: metric.value,
    experiment_id: run.experiment_id ?? 0,
    run_id: run.run_uuid,
    dataset_name: metric.datasetName || null,
    dataset_digest: metric.datasetDigest || null,
  }))
  if (rows.length === 0) return
  await requireModels(db, new Set(rows.map((row) => row.model_id)))
  const key = ['model_id', 'metric_name', 'metric_timestamp_ms', 'metric_step', 'run_id'] as const
  await upsert(db, 'logged_model_metrics', rows, [...key], [])
}

async function requireModels(db: Db, ids: ReadonlySet<string>): Promise<void> {
  const found = await db
    .selectFrom('logged_models')
    .select('model_id')
    .where('model_id', 'in', [...ids])
    .execute()
  const known = new Set(found.map((row) => row.model_id))
  const missing = [...ids].find((id) => !known.has(id))
  if (missing !== undefined) throw notFound(`Logged model with ID '${missing}' not found.`)
}
