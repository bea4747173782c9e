import { type Insertable, sql } from 'kysely'
import { dialectOf } from './dialect.ts'
import type { Db } from './index.ts'
import type { Database } from './schema/index.ts'
import { onConflict, upsertEach } from './sqlite-upsert.ts'

const ROWS_PER_STATEMENT = 5_000
/** What SQLite does about a latest metric that is there. */
export const LATEST_ON_SQLITE = `${onConflict(['key', 'run_uuid'], ['value', 'timestamp', 'step', 'is_nan'])}
  where (excluded.step, excluded.timestamp, excluded.value) > (latest_metrics.step, latest_metrics.timestamp, latest_metrics.value)`

/**
 * Makes each row its metric's latest where it is later (step, then timestamp, then value) than the one there, or
 * the first; the database compares, so concurrent writers cannot overwrite a later point.
 */
export async function upsertLatestMetrics(
  db: Db,
  rows: readonly Insertable<Database['latest_metrics']>[],
): Promise<void> {
  if (dialectOf(db) === 'sqlite') {
    await upsertEach(db, 'latest_metrics', rows, LATEST_ON_SQLITE)
    return
  }
  for (let start = 0; start < rows.length; start += ROWS_PER_STATEMENT) {
    const insert = db.insertInto('latest_metrics').values(rows.slice(start, start + ROWS_PER_STATEMENT))
    if (dialectOf(db) === 'mysql') {
      await insert.onDuplicateKeyUpdate(whereLater).execute()
      continue
    }
    await insert
      .onConflict((conflict) =>
        conflict
          .columns(['key', 'run_uuid'])
          .doUpdateSet((eb) => ({
            value: eb.ref('excluded.value'),
            timestamp: eb.ref('excluded.timestamp'),
            step: eb.ref('excluded.step'),
            is_nan: eb.ref('excluded.is_nan'),
          }))
          .where(
            sql<boolean>`(excluded.step, excluded.timestamp, excluded.value) > (latest_metrics.step, latest_metrics.timestamp, latest_metrics.value)`,
          ),
      )
      .execute()
  }
}

const IS_LATER = sql`(values(step), values(timestamp), values(value)) > (step, timestamp, value)`

const ifLater = (column: 'value' | 'timestamp' | 'step' | 'is_nan') =>
  sql<never>`if(${IS_LATER}, values(${sql.ref(column)}), ${sql.ref(column)})`

/**
 * MySQL assigns from left to right, and later comparisons see what earlier ones assigned: with the least of the
 * compared columns first, each comes out as it would alone.
 */
const whereLater = {
  is_nan: ifLater('is_nan'),
  value: ifLater('value'),
  timestamp: ifLater('timestamp'),
  step: ifLater('step'),
}
