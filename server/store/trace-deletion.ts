import type { Db } from '../db/index.ts'
import { locking } from '../db/row-lock.ts'
import { inChunks } from './chunks.ts'

export interface TraceDeletion {
  readonly experimentId: number
  /** Only these. */
  readonly traceIds?: readonly string[] | undefined
  /** Only those that started then or before. */
  readonly untilMs?: number | undefined
  /** The oldest first; without it all of them. */
  readonly most?: number | undefined
}

/** Traces deleted in one statement: each takes its tags, metadata, spans and assessments with it. */
const AT_ONCE = 500

/** @returns how many traces were deleted */
export async function deleteTraces(db: Db, deletion: TraceDeletion): Promise<number> {
  const { traceIds, most = Number.MAX_SAFE_INTEGER } = deletion
  if (traceIds) return deletePortion(db, { ...deletion, most: traceIds.length })
  let deleted = 0
  for (;;) {
    const portion = await deletePortion(db, { ...deletion, most: Math.min(most - deleted, AT_ONCE) })
    deleted += portion
    if (portion < AT_ONCE || deleted >= most) return deleted
  }
}

/** A transaction of its own, so that others may write between two of many. */
async function deletePortion(db: Db, deletion: TraceDeletion & { most: number }): Promise<number> {
  return db.transaction().execute(async (tx) => {
    const ids = await selectOldest(tx, deletion)
    await inChunks(ids, async (some) => {
      await tx.deleteFrom('trace_info').where('request_id', 'in', some).execute()
      await tx
        .deleteFrom('review_queue_items')
        .where('item_type', '=', 'trace')
        .where('item_id', 'in', some)
        .execute()
      return []
    })
    return ids.length
  })
}

async function selectOldest(
  db: Db,
  { experimentId, traceIds, untilMs, most }: TraceDeletion & { most: number },
): Promise<string[]> {
  const select = (ids?: readonly string[]) => {
    let query = db
      .selectFrom('trace_info')
      .select('request_id')
      .where('experiment_id', '=', experimentId)
      .orderBy('timestamp_ms')
      .orderBy('request_id')
      .limit(most)
    if (ids) query = query.where('request_id', 'in', ids)
    if (untilMs !== undefined) query = query.where('timestamp_ms', '<=', untilMs)
    return locking(db, query).execute()
  }
  const rows = traceIds ? await inChunks(traceIds, select) : await select()
  return rows.map((row) => row.request_id)
}
