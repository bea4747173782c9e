import { type Insertable, sql } from 'kysely'
import type { Db } from '../db/index.ts'
import type { Database } from '../db/schema/index.ts'
import { upsert } from '../db/upsert.ts'

/** Spans read at once. */
const AT_ONCE = 200

/** The JSON texts of a trace's spans, roots first and then by their start, without holding them all in memory. */
export async function* listSpanContents(db: Db, traceId: string): AsyncGenerator<string> {
  for (let offset = 0; ; offset += AT_ONCE) {
    const rows = await db
      .selectFrom('spans')
      .select('content')
      .where('trace_id', '=', traceId)
      .orderBy(sql`case when parent_span_id is null then 0 else 1 end`)
      .orderBy('start_time_unix_nano')
      .orderBy('span_id')
      .limit(AT_ONCE)
      .offset(offset)
      .execute()
    // Text that was moved into an archive is empty here.
    for (const { content } of rows) if (content !== '') yield content
    if (rows.length < AT_ONCE) return
  }
}

/** The spans of a trace that say what they used, and where each stands. */
export async function* listSpanUse(
  db: Db,
  traceId: string,
): AsyncGenerator<{ span_id: string; parent_span_id: string | null; content: string }> {
  for (let offset = 0; ; offset += AT_ONCE) {
    const rows = await db
      .selectFrom('spans')
      .select(['span_id', 'parent_span_id', 'content'])
      .where('trace_id', '=', traceId)
      .orderBy('span_id')
      .limit(AT_ONCE)
      .offset(offset)
      .execute()
    yield* rows
    if (rows.length < AT_ONCE) return
  }
}

type SpanRow = Insertable<Database['spans']>

/** Inserts spans, or writes them over those that are there. */
export async function putSpans(db: Db, rows: readonly SpanRow[]): Promise<void> {
  const latest = new Map(rows.map((row) => [`${row.trace_id} ${row.span_id}`, row]))
  await upsert(db, 'spans', [...latest.values()], ['trace_id', 'span_id'], WRITTEN)
}

const WRITTEN = [
  'experiment_id',
  'parent_span_id',
  'name',
  'type',
  'status',
  'start_time_unix_nano',
  'end_time_unix_nano',
  'content',
  'input_cost',
  'output_cost',
  'total_cost',
  'model_name',
  'model_provider',
] as const
