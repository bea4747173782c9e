/** Traces without their spans. */
import { type Access, UNLIMITED, visible } from '../access/access.ts'
import { dialectOf } from '../db/dialect.ts'
import type { Db } from '../db/index.ts'
import { equalsText } from '../db/text-match.ts'
import { upsert } from '../db/upsert.ts'
import { isSeenId } from '../db/visible.ts'
import { notFound } from '../errors.ts'
import { type AssessmentRow, listAssessments } from './assessments.ts'
import { byId, inChunks } from './chunks.ts'
import type { Tag } from './experiments.ts'
import { isInColumns, metadataOf, TRACE_NAME_TAG, type TraceColumns, type TraceRow } from './trace-columns.ts'

export type { TraceRow }

/** The tag that says where a trace's spans are; without it they are an artifact. */
export const SPANS_LOCATION_TAG = 'mlflow.trace.spansLocation'
/** Where spans are that are rows of this database. */
export const IN_DATABASE = 'TRACKING_STORE'
export const ARTIFACT_LOCATION_TAG = 'mlflow.artifactLocation'

export interface Trace {
  readonly row: TraceRow
  readonly metadata: Readonly<Record<string, string>>
  readonly tags: Readonly<Record<string, string>>
  readonly assessments: readonly AssessmentRow[]
}

/** @throws ApiError RESOURCE_DOES_NOT_EXIST */
export async function getTrace(db: Db, traceId: string): Promise<Trace> {
  const [trace] = await withTraceData(db, [await getTraceRow(db, traceId)])
  return trace as Trace
}

/** @throws ApiError RESOURCE_DOES_NOT_EXIST */
export async function getTraceRow(db: Db, traceId: string): Promise<TraceRow> {
  const [row] = await listTraceRows(db, [traceId], UNLIMITED)
  if (!row) throw notFound(`Trace with ID '${traceId}' not found.`)
  return row
}

/** The traces there are among `traceIds` that the caller may read, in their order, each once. */
export async function listTraces(db: Db, traceIds: readonly string[], access: Access): Promise<Trace[]> {
  const ids = [...new Set(traceIds)]
  const rowOf = byId(await listTraceRows(db, ids, access), (row) => row.request_id)
  return withTraceData(db, ids.flatMap(rowOf))
}

export async function withTraceData(db: Db, rows: readonly TraceRow[]): Promise<Trace[]> {
  const ids = rows.map((row) => row.request_id)
  const [tags, metadata, assessments] = await Promise.all([
    listPairs(db, 'trace_tags', ids).then((found) => byId(found, (tag) => tag.request_id)),
    listPairs(db, 'trace_request_metadata', ids).then((found) => byId(found, (pair) => pair.request_id)),
    listAssessments(db, ids).then((found) => byId(found, (one) => one.trace_id)),
  ])
  return rows.map((row) => ({
    row,
    tags: {
      ...toRecord(tags(row.request_id).filter(({ key }) => key !== TRACE_NAME_TAG)),
      ...(row.trace_name !== null && { [TRACE_NAME_TAG]: row.trace_name }),
    },
    metadata: {
      ...toRecord(metadata(row.request_id).filter(({ key }) => !isInColumns(key))),
      ...metadataOf(row),
    },
    assessments: assessments(row.request_id),
  }))
}

/** @returns whether it was inserted; a trace of that id may be there already */
export async function insertTraceRow(
  db: Db,
  row: TraceColumns & Pick<TraceRow, 'request_id' | 'experiment_id' | 'timestamp_ms' | 'status'>,
): Promise<boolean> {
  return (await upsert(db, 'trace_info', [row], ['request_id'], [])) > 0
}

export async function updateTraceRow(db: Db, traceId: string, change: TraceColumns): Promise<void> {
  if (Object.keys(change).length === 0) return
  await db.updateTable('trace_info').set(change).where('request_id', '=', traceId).execute()
}

/**
 * Counts up the generation by which writers of a trace and whoever archives it notice each other. The row stays
 * locked until the transaction ends.
 */
export async function nextGeneration(db: Db, traceIds: readonly string[]): Promise<void> {
  await db
    .updateTable('trace_info')
    .set((eb) => ({ db_payload_generation: eb('db_payload_generation', '+', 1) }))
    .where('request_id', 'in', traceIds)
    .execute()
}

export async function setTracePairs(
  db: Db,
  table: 'trace_tags' | 'trace_request_metadata',
  traceId: string,
  pairs: Iterable<readonly [string, string]>,
): Promise<void> {
  const rows = Array.from(pairs, ([key, value]) => ({ request_id: traceId, key, value }))
  if (rows.length === 0) return
  const kept = table === 'trace_tags' ? await serversTagsBeside(db, traceId, rows) : []
  for (const some of [rows, kept]) {
    if (some.length > 0) await upsert(db, table, some, ['request_id', 'key'], ['value'])
  }
}

/** Where a trace's spans and artifacts are, which only servers say. */
const SERVERS_TAGS: readonly string[] = [SPANS_LOCATION_TAG, ARTIFACT_LOCATION_TAG]

/** What the server has said of a trace and, on MySQL, tags that are spelled like it would overwrite. */
async function serversTagsBeside(
  db: Db,
  traceId: string,
  written: readonly { readonly key: string }[],
): Promise<{ request_id: string; key: string; value: string | null }[]> {
  if (!written.some(({ key }) => isSpelledLikeServers(key))) return []
  const rows = await db
    .selectFrom('trace_tags')
    .select(['request_id', 'key', 'value'])
    .where('request_id', '=', traceId)
    .where('key', 'in', SERVERS_TAGS)
    .execute()
  return rows.filter(({ key }) => SERVERS_TAGS.includes(key) && !written.some((one) => one.key === key))
}

/** Whether some collation may take a key for one of the server's: which accents and spaces they ignore differs. */
function isSpelledLikeServers(key: string): boolean {
  if (SERVERS_TAGS.includes(key)) return false
  return !/^[!-~]*$/.test(key) || SERVERS_TAGS.some((own) => own.toLowerCase() === key.toLowerCase())
}

/** @returns whether there was such a tag */
export async function deleteTraceTag(db: Db, traceId: string, key: string): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('trace_tags')
    .where('request_id', '=', traceId)
    .where((eb) => equalsText(dialectOf(db), eb.ref('key'), key))
    .executeTakeFirst()
  return numDeletedRows > 0n
}

function listTraceRows(db: Db, traceIds: readonly string[], access: Access): Promise<TraceRow[]> {
  const seen = visible(access, 'experiment', 'trace')
  return inChunks(traceIds, (ids) => {
    const rows = db.selectFrom('trace_info').selectAll().where('request_id', 'in', ids)
    if (seen === 'all') return rows.execute()
    return rows.where((eb) => isSeenId(dialectOf(db), eb.ref('experiment_id'), seen)).execute()
  })
}

function listPairs(db: Db, table: 'trace_tags' | 'trace_request_metadata', traceIds: readonly string[]) {
  return inChunks(traceIds, (ids) =>
    db.selectFrom(table).select(['request_id', 'key', 'value']).where('request_id', 'in', ids).execute(),
  )
}

function toRecord(pairs: readonly Tag[]): Record<string, string> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, value ?? '']))
}
