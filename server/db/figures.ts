/** What an operator wants to know of a database. */
import { stat } from 'node:fs/promises'
import { type Kysely, sql } from 'kysely'
import { dialectOf } from './dialect.ts'
import type { Database } from './schema/index.ts'
import { parseDatabaseUri } from './uri.ts'

export interface Figures {
  /** The program and its version. */
  readonly version: string
  readonly sizeBytes: number
  /** Those that are open and the most there may be; none on SQLite. */
  readonly connections?: { readonly open: number; readonly most: number }
  /** Its clock, in milliseconds since the epoch; none on SQLite, which has this machine's. */
  readonly now?: number
}

export async function readFigures(db: Kysely<Database>, uri: string): Promise<Figures> {
  switch (dialectOf(db)) {
    case 'sqlite':
      return sqliteFigures(db, uri)
    case 'postgres':
      return serverFigures(
        'PostgreSQL',
        sql<Row>`select current_setting('server_version') as version,
          pg_database_size(current_database())::float8 as size,
          (select count(*)::float8 from pg_stat_activity where backend_type = 'client backend') as open,
          current_setting('max_connections')::float8 as most,
          extract(epoch from clock_timestamp())::float8 * 1000 as now`,
        db,
      )
    case 'mysql':
      return serverFigures(
        'MySQL',
        sql<Row>`select version() as version,
          (select cast(coalesce(sum(data_length + index_length), 0) as char) from information_schema.tables
            where table_schema = database()) as size,
          (select cast(count(*) as char) from information_schema.processlist) as open,
          cast(@@max_connections as char) as most,
          cast(unix_timestamp(now(3)) * 1000 as char) as now`,
        db,
      )
  }
}

interface Row {
  readonly version: string
  readonly size: number | string
  readonly open: number | string
  readonly most: number | string
  readonly now: number | string
}

async function serverFigures(
  program: string,
  query: ReturnType<typeof sql<Row>>,
  db: Kysely<Database>,
): Promise<Figures> {
  const { rows } = await query.execute(db)
  const row = rows[0] as Row
  return {
    version: `${program} ${row.version}`,
    sizeBytes: Number(row.size),
    connections: { open: Number(row.open), most: Number(row.most) },
    now: Number(row.now),
  }
}

/** With its log, which is part of it until the next checkpoint. */
async function sqliteFigures(db: Kysely<Database>, uri: string): Promise<Figures> {
  const { rows } = await sql<{ version: string }>`select sqlite_version() as version`.execute(db)
  const location = parseDatabaseUri(uri)
  const path = location.dialect === 'sqlite' ? location.path : ''
  const sizes = await Promise.all(
    ['', '-wal'].map((suffix) =>
      path
        ? stat(path + suffix).then(
            ({ size }) => size,
            () => 0,
          )
        : 0,
    ),
  )
  return { version: `SQLite ${rows[0]?.version}`, sizeBytes: sizes.reduce((sum, size) => sum + size, 0) }
}
