import { type Insertable, sql } from 'kysely'
import { dialectOf } from './dialect.ts'
import type { Db } from './index.ts'
import type { Database } from './schema/index.ts'
import { onConflict, upsertEach } from './sqlite-upsert.ts'

const ROWS_PER_STATEMENT = 5_000
const ON_SQLITE = `${onConflict(['key', 'run_uuid'], ['value', 'timestamp', 'step', 'is_nan'])}
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
    await upsertEach(db, 'latest_metrics', rows, ON_SQLITE)
    return
  }
  for (let start = 0; start < rows.length; start += ROWS_PER_STATEMENT) {
    await db
      .insertInto('latest_metrics')
      .values(rows.slice(start, start + ROWS_PER_STATEMENT))
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
