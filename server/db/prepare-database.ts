/** Makes a database and gives it to a role, or takes it over from another owner. */
import { type Kysely, sql } from 'kysely'

export type Outcome = 'created' | 'taken over' | 'there already'

interface Found {
  readonly owner: string
  /** Whether every role may connect. */
  readonly open: boolean
}

/**
 * @param connect to that database
 * @throws what PostgreSQL says when the administrator may not; nothing is changed by halves
 */
export async function ownDatabase(
  db: Kysely<unknown>,
  role: string,
  database: string,
  connect: () => Kysely<unknown>,
): Promise<Outcome> {
  const found = await findDatabase(db, database)
  if (found?.owner === role && !found.open) return 'there already'
  await asMember(db, role, async () => {
    if (!found) await createDatabase(db, role, database)
    else if (found.owner !== role) await takeOver(connect, role, database)
    await sql`revoke all on database ${sql.id(database)} from public`.execute(db)
  })
  if (!found) return 'created'
  return found.owner === role ? 'there already' : 'taken over'
}

async function findDatabase(db: Kysely<unknown>, name: string): Promise<Found | undefined> {
  const { rows } = await sql<Found>`
    select pg_get_userbyid(datdba) as owner, has_database_privilege('public', oid, 'connect') as open
    from pg_database where datname = ${name}`.execute(db)
  return rows[0]
}

/**
 * Does `work` while the administrator is a member of the role, which PostgreSQL asks of whoever gives something to it.
 * The role is out of `rds_iam` meanwhile, and the administrator out of the role afterwards: RDS takes no password of
 * a member of `rds_iam`, members of members included, so the administrator would be locked out.
 */
async function asMember(db: Kysely<unknown>, role: string, work: () => Promise<void>): Promise<void> {
  if (await isMemberOfIam(db, role)) await sql`revoke rds_iam from ${sql.id(role)}`.execute(db)
  await sql`grant ${sql.id(role)} to current_user`.execute(db)
  try {
    await work()
  } finally {
    await sql`revoke ${sql.id(role)} from current_user`.execute(db)
  }
}

/** Undefined where there is no such role: it is RDS's own. */
export async function isMemberOfIam(db: Kysely<unknown>, role: string): Promise<boolean | undefined> {
  const { rows } = await sql<{ member: boolean }>`
    select pg_has_role(${role}, oid, 'member') as member from pg_roles where rolname = 'rds_iam'`.execute(db)
  return rows[0]?.member
}

/** The collation of PostgreSQL itself, where it has one: indexes go stale with that of the operating system. */
async function createDatabase(db: Kysely<unknown>, role: string, name: string): Promise<void> {
  const { rows } = await sql<{ has: boolean }>`
    select current_setting('server_version_num')::int >= 170000 as has`.execute(db)
  const collation = rows[0]?.has ? sql`locale_provider builtin builtin_locale 'C.UTF-8' locale 'C'` : sql``
  await sql`create database ${sql.id(name)} owner ${sql.id(role)} template template0 encoding 'UTF8' ${collation}`.execute(
    db,
  )
}

/** The database with what stands in it, but for what belongs to an extension; all of it or nothing. */
async function takeOver(connect: () => Kysely<unknown>, role: string, database: string): Promise<void> {
  const db = connect()
  try {
    await db.transaction().execute(async (tx) => {
      await sql`alter database ${sql.id(database)} owner to ${sql.id(role)}`.execute(tx)
      const { rows } = await sql<{ name: string }>`
        select format('%I.%I', nspname, relname) as name
        from pg_class join pg_namespace on pg_namespace.oid = relnamespace
        where relkind in ('r', 'p', 'v', 'm') and nspname !~ '^(pg_|information_schema$)'
          and pg_get_userbyid(relowner) <> ${role}
          and not exists (select from pg_depend where objid = pg_class.oid and deptype = 'e')`.execute(tx)
      for (const { name } of rows) {
        await sql`alter table ${sql.raw(name)} owner to ${sql.id(role)}`.execute(tx)
      }
    })
  } finally {
    await db.destroy()
  }
}
