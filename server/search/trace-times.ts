import { type Expression, sql } from 'kysely'
import type { Int64 } from '../wire.ts'

/** When a trace ended; when it started, while it has not. */
export function endTime(): Expression<Int64> {
  return sql<Int64>`(trace_info.timestamp_ms + coalesce(trace_info.execution_time_ms, 0))`
}
