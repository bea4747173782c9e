/** The audit log: what callers did is gathered in memory and written a moment later. */
import type { AuthDb } from '../db/login.ts'
import { type AuditRow, deleteAuditBefore, entryId, insertAudit } from '../store/audit.ts'

/** Something that was done or refused. Never holds bodies, headers, queries or secrets. */
export interface AuditEvent {
  /** A user's name; empty for nobody. */
  readonly caller: string
  /** How the caller showed who it is. */
  readonly via: string
  readonly action: string
  readonly object: string
  readonly detail: string
  readonly status: number
  /** `OK`, or the code of the error. */
  readonly outcome: string
  readonly address: string
  readonly userAgent: string
}

/** Where the entries go besides: the server's log. */
export interface AuditOutput {
  info(fields: object, message: string): void
  error(fields: object, message: string): void
}

export interface AuditSettings {
  /** 0 keeps entries for ever. */
  readonly retentionDays: number
  readonly clock?: () => number
}

const FLUSH_MS = 500
/** What happens again and again is one entry in so long. */
const WINDOW_MS = 60_000
/** Entries that wait for a database that is away; what comes then is counted and lost. */
const MOST_WAITING = 10_000
const ROWS_PER_STATEMENT = 200
const DAY_MS = 86_400_000
const BETWEEN_CLEANINGS_MS = 3_600_000

const LENGTHS = { caller: 255, via: 16, action: 128, object: 255, detail: 500, outcome: 32, address: 45 }

interface Repeated {
  readonly event: AuditEvent
  until: number
  firstTime: number
  lastTime: number
  count: number
}

export class AuditLog {
  readonly #db: AuthDb | undefined
  readonly #log: AuditOutput
  readonly #clock: () => number
  readonly #retentionMs: number
  readonly #timer: NodeJS.Timeout
  readonly #repeated = new Map<string, Repeated>()
  #waiting: AuditRow[] = []
  #lost = 0
  #isAway = false
  #nextCleaning = 0
  #writing: Promise<void> | undefined

  /** @param db undefined on a server that only reads: then entries are in the log alone */
  constructor(db: AuthDb | undefined, log: AuditOutput, { retentionDays, clock = Date.now }: AuditSettings) {
    this.#db = db
    this.#log = log
    this.#clock = clock
    this.#retentionMs = retentionDays * DAY_MS
    this.#timer = setInterval(() => void this.flush(), FLUSH_MS).unref()
  }

  /** @param repeats whether it is of a kind that comes by the thousand: then it is one entry a minute */
  record(event: AuditEvent, repeats = false): void {
    const now = this.#clock()
    // Not by its user agent, which whoever is refused may choose.
    const { caller, via, action, object, detail, status, outcome, address } = event
    // No part but the last has a line break of its own.
    const key = `${action}\n${via}\n${status}\n${outcome}\n${address}\n${object}\n${detail}\n${caller}`
    const known = repeats ? this.#repeated.get(key) : undefined
    if (known) {
      if (known.count === 0) known.firstTime = now
      known.count += 1
      known.lastTime = now
      return
    }
    this.#add(event, { firstTime: now, lastTime: now, count: 1 })
    if (repeats && this.#repeated.size < MOST_WAITING)
      this.#repeated.set(key, { event, until: now + WINDOW_MS, firstTime: now, lastTime: now, count: 0 })
  }

  /** Writes what waits. While the database is away it goes on waiting. */
  async flush(): Promise<void> {
    this.#closeWindows(this.#clock())
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined
    })
    await this.#writing
  }

  /** Writes all there is, and ends. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#writing
    this.#closeWindows(Number.POSITIVE_INFINITY)
    await this.flush()
    if (this.#waiting.length > 0)
      this.#log.error({ entries: this.#waiting.length }, 'audit entries are in the log alone')
  }

  #closeWindows(now: number): void {
    for (const [key, one] of this.#repeated) {
      if (now < one.until) continue
      if (one.count === 0) this.#repeated.delete(key)
      else this.#add(one.event, one)
      one.count = 0
      one.until = now + WINDOW_MS
    }
  }

  #add(event: AuditEvent, times: Pick<Repeated, 'firstTime' | 'lastTime' | 'count'>): void {
    const row = rowOf(event, times)
    this.#log.info({ audit: row }, 'audit')
    if (!this.#db) return
    if (this.#waiting.length < MOST_WAITING) this.#waiting.push(row)
    else this.#lost += 1
  }

  async #write(): Promise<void> {
    const db = this.#db
    if (!db) return
    try {
      while (this.#waiting.length > 0) {
        const rows = this.#waiting.slice(0, ROWS_PER_STATEMENT)
        await insertAudit(db, rows)
        this.#waiting = this.#waiting.slice(rows.length)
      }
      if (this.#lost > 0) this.#log.error({ entries: this.#lost }, 'audit entries are in the log alone')
      this.#lost = 0
      this.#isAway = false
      await this.#clean(db)
    } catch (error) {
      if (!this.#isAway) this.#log.error({ err: error }, 'audit entries wait for their database')
      this.#isAway = true
    }
  }

  /** In small steps: a long statement would hold up whoever signs in. */
  async #clean(db: AuthDb): Promise<void> {
    const now = this.#clock()
    if (this.#retentionMs === 0 || now < this.#nextCleaning) return
    const deleted = await deleteAuditBefore(db, now - this.#retentionMs, ROWS_PER_STATEMENT)
    if (deleted < ROWS_PER_STATEMENT) this.#nextCleaning = now + BETWEEN_CLEANINGS_MS
  }
}

function rowOf(
  event: AuditEvent,
  { firstTime, lastTime, count }: Pick<Repeated, 'firstTime' | 'lastTime' | 'count'>,
): AuditRow {
  const kept = Object.entries(LENGTHS).map(([name, most]) => [
    name,
    plain(event[name as keyof typeof LENGTHS], most),
  ])
  return {
    entry_id: entryId(firstTime),
    first_time: firstTime,
    last_time: lastTime,
    repeats: count,
    ...(Object.fromEntries(kept) as Pick<AuditRow, keyof typeof LENGTHS>),
    status: event.status,
    user_agent: plain(event.userAgent, 128),
  }
}

/** One line, whatever a client sent: nothing in it can look like an entry of its own. */
function plain(text: string, most: number): string {
  const line = text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?')
  return line.length > most ? `${line.slice(0, most - 1)}…` : line
}
