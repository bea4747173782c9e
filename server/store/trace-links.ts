import { randomUUID } from 'node:crypto'
import type { Db } from '../db/index.ts'
import { upsert } from '../db/upsert.ts'

/** What a trace can be linked to: a run's id, or a prompt's name and version with `/` between them. */
export type TraceLink =
  | { readonly traceId: string; readonly type: 'run'; readonly id: string }
  | { readonly traceId: string; readonly type: 'prompt_version'; readonly id: string }

/** Links traces to what they belong to; links that are there stay as they are. */
export async function linkTraces(db: Db, links: readonly TraceLink[], now: number): Promise<void> {
  const unique = new Map(links.map((link) => [`${link.traceId}\0${link.id}`, link]))
  const rows = Array.from(unique.values(), ({ traceId, type, id }) => ({
    association_id: randomUUID().replaceAll('-', ''),
    source_type: 'trace',
    source_id: traceId,
    destination_type: type,
    destination_id: id,
    created_time: now,
  }))
  if (rows.length === 0) return
  const key = ['source_type', 'source_id', 'destination_type', 'destination_id'] as const
  await upsert(db, 'entity_associations', rows, key, [])
}
