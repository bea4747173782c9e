import { sql } from 'kysely'
import type { Db } from '../db/index.ts'

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
