import { randomBytes } from 'node:crypto'
import type { Selectable } from 'kysely'
import { dialectOf } from '../db/dialect.ts'
import type { AuthDb } from '../db/login.ts'
import type { LoginDatabase } from '../db/schema/login-index.ts'

export type AuditRow = Selectable<LoginDatabase['trackyard_audit']>

export interface AuditFilter {
  readonly caller?: string | undefined
  readonly action?: string | undefined
  readonly object?: string | undefined
  readonly outcome?: string | undefined
  /** Milliseconds since the epoch, and that one too. */
  readonly since?: number | undefined
  /** Milliseconds since the epoch, and that one no more. */
  readonly until?: number | undefined
  /** Only entries that are older than the one of this id. */
  readonly before?: string | undefined
}

const TIME_DIGITS = 12

let made = 0

/** An id that sorts after those of earlier times, and after those this process made for the same one. */
export function entryId(timeMs: number): string {
  made = (made + 1) % 2 ** 32
  return firstIdAt(timeMs) + made.toString(16).padStart(8, '0') + randomBytes(6).toString('hex')
}

/** Those that are there already stay: they come again when the answer to their first insert was lost. */
export async function insertAudit(db: AuthDb, rows: readonly AuditRow[]): Promise<void> {
  if (rows.length === 0) return
  const insert = db.insertInto('trackyard_audit').values(rows)
  await (dialectOf(db) === 'mysql'
    ? insert.ignore()
    : insert.onConflict((conflict) => conflict.doNothing())
  ).execute()
}

/** Entries, newest first. */
export async function listAudit(db: AuthDb, filter: AuditFilter, limit: number): Promise<AuditRow[]> {
  let found = db.selectFrom('trackyard_audit').selectAll()
  for (const column of ['caller', 'action', 'object', 'outcome'] as const) {
    const value = filter[column]
    if (value !== undefined) found = found.where(column, '=', value)
  }
  if (filter.since !== undefined) found = found.where('entry_id', '>=', firstIdAt(filter.since))
  if (filter.until !== undefined) found = found.where('entry_id', '<', firstIdAt(filter.until))
  if (filter.before !== undefined) found = found.where('entry_id', '<', filter.before)
  return found.orderBy('entry_id', 'desc').limit(limit).execute()
}

/** Deletes the oldest entries from before a time. @returns how many it deleted, at most `limit` */
export async function deleteAuditBefore(db: AuthDb, timeMs: number, limit: number): Promise<number> {
  const old = await db
    .selectFrom('trackyard_audit')
    .select('entry_id')
    .where('entry_id', '<', firstIdAt(timeMs))
    .orderBy('entry_id')
    .limit(limit)
    .execute()
  const ids = old.map((row) => row.entry_id)
  if (ids.length > 0) await db.deleteFrom('trackyard_audit').where('entry_id', 'in', ids).execute()
  return ids.length
}

function firstIdAt(timeMs: number): string {
  return Math.max(0, Math.trunc(timeMs)).toString(16).padStart(TIME_DIGITS, '0')
}
