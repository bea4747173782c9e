/** Reading the points of a metric, whole, in pages, or sampled. */
import { type SelectQueryBuilder, sql } from 'kysely'
import type { Db } from '../db/index.ts'
import type { Database } from '../db/schema/index.ts'
import type { Int64 } from '../wire.ts'

export interface HistoryPoint {
  readonly run_uuid: string
  readonly value: number
  readonly timestamp: Int64
  readonly step: Int64
  readonly is_nan: boolean | number
}

export interface StepRange {
  readonly start: Int64
  readonly end: Int64
}

/** Points of one metric of some runs, by run, time, step and value, `limit` of them from `offset` on. */
export async function listHistory(
  db: Db,
  runIds: readonly string[],
  key: string,
  page: { limit?: number | undefined; offset?: number },
): Promise<HistoryPoint[]> {
  let query = db
    .selectFrom('metrics')
    .select(['run_uuid', 'value', 'timestamp', 'step', 'is_nan'])
    .where('run_uuid', 'in', runIds)
    .where('key', '=', key)
    .orderBy('run_uuid')
    .orderBy('timestamp')
    .orderBy('step')
    .orderBy('value')
  if (page.limit !== undefined) query = query.limit(page.limit)
  if (page.offset) query = query.limit(page.limit ?? Number.MAX_SAFE_INTEGER).offset(page.offset)
  return query.execute()
}

/**
 * At most `most` points of one metric of one run, spread evenly over all of them, the first and the last among
 * them: what the buckets of SQL's NTILE begin with, found in one pass.
 */
export async function sampleHistory(
  db: Db,
  runId: string,
  key: string,
  most: number,
  steps?: StepRange,
): Promise<HistoryPoint[]> {
  const of = <O>(query: SelectQueryBuilder<Database, 'metrics', O>) => {
    const points = query.where('run_uuid', '=', runId).where('key', '=', key)
    return steps ? points.where('step', '>=', steps.start).where('step', '<=', steps.end) : points
  }
  const { total } = await of(
    db.selectFrom('metrics').select((eb) => eb.fn.countAll<number>().as('total')),
  ).executeTakeFirstOrThrow()
  const count = Number(total)
  const numbered = of(
    db
      .selectFrom('metrics')
      .select(['run_uuid', 'value', 'timestamp', 'step', 'is_nan'])
      .select(sql<number>`row_number() over (order by step, timestamp, value, is_nan) - 1`.as('position')),
  ).as('numbered')
  const points = await db
    .selectFrom(numbered)
    .select(['run_uuid', 'value', 'timestamp', 'step', 'is_nan'])
    .where((eb) => eb.or([bucketStarts(count, most), eb('position', '=', count - 1)]))
    .orderBy('position')
    .execute()
  if (points.length > most) points.splice(-2, 1)
  return points
}

/** True at the first row of each of `buckets` nearly equal buckets: the first `count % buckets` have one row more. */
function bucketStarts(count: number, buckets: number) {
  const size = Math.floor(count / buckets)
  if (size === 0) return sql<boolean>`1 = 1`
  const larger = (count % buckets) * (size + 1)
  return sql<boolean>`case when position < ${larger} then position % ${size + 1} = 0 else (position - ${larger}) % ${size} = 0 end`
}
