import { type Kysely, sql } from 'kysely'
import { dialectOf } from './dialect.ts'
import type { Database } from './schema/index.ts'

/** The tables a server would meet; on PostgreSQL those of the schema it is in, but for what extensions keep there. */
export async function findTables(db: Kysely<Database>): Promise<string[]> {
  switch (dialectOf(db)) {
    case 'sqlite':
    case 'mysql':
      return (await db.introspection.getTables()).map((table) => table.name)
    case 'postgres': {
      const { rows } = await sql<{ name: string }>`
        select relname as name from pg_class
        where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p')
          and not exists (select from pg_depend where objid = pg_class.oid and deptype = 'e')`.execute(db)
      return rows.map((row) => row.name)
    }
  }
}

/** 'trackyard' as a number: the lock is the database's, and other programs take locks there too. */
const SCHEMA_LOCK = 0x7472_6163_6b79

/** Lets one server at a time past this point of its transaction; SQLite's transactions do so themselves. */
export async function lockSchema(tx: Kysely<Database>): Promise<void> {
  if (dialectOf(tx) === 'postgres') await sql`select pg_advisory_xact_lock(${SCHEMA_LOCK})`.execute(tx)
}
