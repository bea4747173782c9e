import { type Selectable, sql } from 'kysely'
import { dialectOf } from './dialect.ts'
import type { Db } from './index.ts'
import type { Database } from './schema/index.ts'

const BY_RUN_AND_KEY = 'index_metrics_run_uuid_key_step'

/**
 * Metric points to be read for given runs and a key. SQLite keeps no statistics of MLflow's tables and would take the
 * primary key, which begins with the metric's name: it would read that metric of every run there is.
 */
export function selectPoints(db: Db) {
  const points = sql<Selectable<Database['metrics']>>`metrics`
  const dialect = dialectOf(db)
  switch (dialect) {
    case 'sqlite':
      return db.selectFrom(points.as<'metrics'>(sql.raw(`metrics indexed by ${BY_RUN_AND_KEY}`)))
    case 'postgres':
    case 'mysql':
      return db.selectFrom(points.as('metrics'))
  }
}
