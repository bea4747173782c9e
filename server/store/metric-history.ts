/** Reading the points of a metric, whole, in pages, or sampled. */
import { sql } from 'kysely'
import type { Db } from '../db/index.ts'
import { selectPoints } from '../db/metric-points.ts'
import { inPortions } from '../db/portions.ts'
import type { Int64 } from '../wire.ts'

export interface HistoryPoint {
  readonly run_uuid: string
  readonly value: number
  readonly timestamp: Int64
  readonly step: Int64
  readonly is_nan: boolean | number
}

const POINT = ['run_uuid', 'value', 'timestamp', 'step', 'is_nan'] as const

export interface StepRange {
  readonly start: Int64
  readonly end: Int64
}

/** Points of one metric of some runs, by run, time, step and value, `limit` of them from `offset` on. */
export async function listHistory(
  db: Db,
  runIds: readonly string[],
  key: string,
  { limit, offset = 0 }: { limit: number; offset?: number },
): Promise<HistoryPoint[]> {
  if (runIds.length === 0) return []
  return history(db, runIds, key).limit(limit).offset(offset).execute()
}

/** All points from `offset` on in that order, a portion at a time. */
export function readHistory(
  db: Db,
  runId: string,
  key: string,
  offset: number,
): AsyncIterable<readonly HistoryPoint[]> {
  const points = history(db, [runId], key)
  return inPortions(db, offset > 0 ? points.limit(Number.MAX_SAFE_INTEGER).offset(offset) : points)
}

function history(db: Db, runIds: readonly string[], key: string) {
  return selectPoints(db)
    .select(POINT)
    .where('run_uuid', 'in', runIds)
    .where('key', '=', key)
    .orderBy('run_uuid')
    .orderBy('timestamp')
    .orderBy('step')
    .orderBy('value')
}

/**
 * At most `most` points of one metric of one run, spread evenly over all of them, the first and the last among
 * them: what the buckets of SQL's NTILE begin with.
 */
export async function sampleHistory(
  db: Db,
  runId: string,
  key: string,
  most: number,
  range?: StepRange,
): Promise<HistoryPoint[]> {
  const points = pointsOf(db, runId, key, range)
  // One question each: the index answers the least and the greatest at once, and gives the steps in order.
  const { total, steps, first, last } = await db
    .selectNoFrom((eb) => [
      points.select(eb.fn.countAll<number>().as('n')).as('total'),
      eb
        .selectFrom(points.select('step').distinct().as('distinct'))
        .select(eb.fn.countAll<number>().as('n'))
        .as('steps'),
      points.select((point) => point.fn.min('step').as('n')).as('first'),
      points.select((point) => point.fn.max('step').as('n')).as('last'),
    ])
    .executeTakeFirstOrThrow()
  if (Number(total) === 0) return []
  const positions = samplePositions(Number(total), most)
  // One point at every step from the first to the last, as training loops log: positions are steps.
  const isUnbroken = Number(steps) === Number(total) && Number(last) - Number(first) === Number(total) - 1
  if (isUnbroken && typeof first === 'number') {
    const chosen = positions.map((position) => first + position)
    return points.select(POINT).where('step', 'in', chosen).orderBy('step').execute()
  }
  const numbered = points
    .select(POINT)
    .select(sql<number>`row_number() over (order by step, timestamp, value, is_nan) - 1`.as('position'))
    .as('numbered')
  return db
    .selectFrom(numbered)
    .select(POINT)
    .where('position', 'in', positions)
    .orderBy('position')
    .execute()
}

function pointsOf(db: Db, runId: string, key: string, range: StepRange | undefined) {
  const points = selectPoints(db).where('run_uuid', '=', runId).where('key', '=', key)
  return range ? points.where('step', '>=', range.start).where('step', '<=', range.end) : points
}

/**
 * The first position of each of `most` nearly equal buckets, of which the first `total % most` have one more; the
 * very last position takes the place of the last of them.
 */
function samplePositions(total: number, most: number): number[] {
  if (total <= most) return Array.from({ length: total }, (_, position) => position)
  const size = Math.floor(total / most)
  const larger = total % most
  const positions = Array.from({ length: most }, (_, bucket) => bucket * size + Math.min(bucket, larger))
  positions[most - 1] = total - 1
  return positions
}
