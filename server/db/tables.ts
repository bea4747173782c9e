import { type Kysely, sql } from 'kysely'
import { dialectOf } from './dialect.ts'

/** The tables a server would meet; on PostgreSQL those of the schema it is in, but for what extensions keep there. */
export async function findTables<D>(db: Kysely<D>): Promise<string[]> {
  switch (dialectOf(db)) {
    case 'sqlite':
      return (await db.introspection.getTables()).map((table) => table.name)
    case 'mysql': {
      const { rows } = await sql<{ name: string }>`
        select table_name as name from information_schema.tables where table_schema = database()`.execute(db)
      return rows.map((row) => row.name)
    }
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

/**
 * Does `work`, which changes the schema, while no other server does: in a transaction, but on MySQL, whose every such
 * statement stands for itself.
 */
export async function withSchemaLock<D, T>(
  db: Kysely<D>,
  work: (locked: Kysely<D>) => Promise<T>,
): Promise<T> {
  const dialect = dialectOf(db)
  switch (dialect) {
    case 'sqlite':
      return db.transaction().execute(work)
    case 'postgres':
      return db.transaction().execute(async (tx) => {
        await sql`select pg_advisory_xact_lock(${SCHEMA_LOCK})`.execute(tx)
        return work(tx)
      })
    case 'mysql':
      return db.connection().execute(async (session) => {
        const name = sql`concat('trackyard ', left(sha2(database(), 256), 40))`
        const { rows } = await sql<{ has: number }>`select get_lock(${name}, 50) as has`.execute(session)
        if (rows[0]?.has !== 1) throw new Error('another server has been changing the schema for 50 seconds')
        try {
          return await work(session)
        } finally {
          await sql`select release_lock(${name})`.execute(session)
        }
      })
  }
}
