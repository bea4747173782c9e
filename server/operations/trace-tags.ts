/** A trace's name is a column; clients see it as a tag. */
import type { Db } from '../db/index.ts'
import { notFound } from '../errors.ts'
import { TRACE_NAME_TAG } from '../store/trace-columns.ts'
import { deleteTraceTag, getTraceRow, setTracePairs, updateTraceRow } from '../store/traces.ts'

export async function tagTrace(
  db: Db,
  traceId: string,
  { key, value }: { key: string; value: string },
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await getTraceRow(tx, traceId)
    if (key === TRACE_NAME_TAG) await updateTraceRow(tx, traceId, { trace_name: value })
    else await setTracePairs(tx, 'trace_tags', traceId, [[key, value]])
  })
}

/** @throws ApiError RESOURCE_DOES_NOT_EXIST where the trace has no such tag */
export async function untagTrace(db: Db, traceId: string, key: string): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const { trace_name } = await getTraceRow(tx, traceId)
    const isThere = key === TRACE_NAME_TAG ? trace_name !== null : await deleteTraceTag(tx, traceId, key)
    if (!isThere) throw notFound(`No trace tag with key '${key}' for trace with ID '${traceId}'`)
    if (key === TRACE_NAME_TAG) await updateTraceRow(tx, traceId, { trace_name: null })
  })
}
