import type { Selectable } from 'kysely'
import type { Db } from '../db/index.ts'
import { upsertLatestMetrics } from '../db/latest-metrics.ts'
import type { Database } from '../db/schema/index.ts'
import { upsert } from '../db/upsert.ts'
import type { Int64 } from '../wire.ts'
import { inChunks } from './chunks.ts'

export type LatestMetric = Selectable<Database['latest_metrics']>

/** A point as it is stored: NaN is 0 with `is_nan`, infinities are the largest doubles. */
export interface MetricPoint {
  readonly key: string
  readonly value: number
  readonly timestamp: Int64
  readonly step: Int64
  readonly is_nan: boolean
}

/** The value a client gave, as MLflow stores it. */
export function storedValue(value: number): { value: number; is_nan: boolean } {
  if (Number.isNaN(value)) return { value: 0, is_nan: true }
  if (Number.isFinite(value)) return { value, is_nan: false }
  return { value: value > 0 ? Number.MAX_VALUE : -Number.MAX_VALUE, is_nan: false }
}

/** The value a client gets back. */
export function readValue({ value, is_nan }: { value: number; is_nan: boolean | number }): number {
  return is_nan ? Number.NaN : value
}

/** Adds points to a run's history and moves its latest metrics forward; points it has already change nothing. */
export async function insertMetrics(db: Db, runId: string, points: readonly MetricPoint[]): Promise<void> {
  if (points.length === 0) return
  const rows = points.map(({ key, value, timestamp, step, is_nan }) => ({
    key,
    value,
    timestamp,
    step,
    is_nan,
    run_uuid: runId,
  }))
  await upsert(db, 'metrics', rows, ['key', 'timestamp', 'step', 'run_uuid', 'value', 'is_nan'], [])
  // One order of keys for all writers, so that two on one run cannot wait for each other.
  const latest = [...latestByKey(rows).values()].sort((a, b) => (a.key < b.key ? -1 : 1))
  await upsertLatestMetrics(db, latest)
}

export function listLatestMetrics(db: Db, runIds: readonly string[]): Promise<LatestMetric[]> {
  return inChunks(runIds, (ids) =>
    db
      .selectFrom('latest_metrics')
      .select(['run_uuid', 'key', 'value', 'timestamp', 'step', 'is_nan'])
      .where('run_uuid', 'in', ids)
      .execute(),
  )
}

/** Whether `a` is later than `b`: by step, then timestamp, then value. */
export function isLater(a: Omit<MetricPoint, 'key'>, b: Omit<MetricPoint, 'key'>): boolean {
  if (a.step !== b.step) return a.step > b.step
  if (a.timestamp !== b.timestamp) return a.timestamp > b.timestamp
  return a.value > b.value
}

/** The latest point of each key among some of one run. */
export function latestByKey<M extends MetricPoint>(points: readonly M[]): Map<string, M> {
  const latest = new Map<string, M>()
  for (const point of points) {
    const known = latest.get(point.key)
    if (!known || isLater(point, known)) latest.set(point.key, point)
  }
  return latest
}
