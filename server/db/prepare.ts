/** The role that servers log in as to PostgreSQL, and the databases it owns, made by an administrator. */
import { type Kysely, sql } from 'kysely'
import { type CredentialOptions, openCredentials, userOf } from './credentials.ts'
import { reasonOf } from './faults.ts'
import { type DatabaseOptions, openDatabase } from './index.ts'
import { isMemberOfIam, type Outcome, ownDatabase } from './prepare-database.ts'
import { scramVerifier } from './scram.ts'

/** Who may make roles and databases. */
export interface Administrator {
  readonly user: string
  readonly password: string
  /** Host of the database itself. @default that of the URI */
  readonly host?: string | undefined
}

interface Prepared {
  readonly database: string
  readonly role: string
  readonly outcome: Outcome
}

/** What a server logs in with; without a password it brings tokens of RDS. */
interface Role {
  readonly name: string
  readonly password?: string
}

/** 'prepare' as a number; where the lock is taken no server takes one. */
const LOCK = 0x7072_6570_6172_65n

/** A database that every server of PostgreSQL has: what locks in it are held against each other. */
const MAINTENANCE = 'postgres'

/**
 * Gives each database to the role its URI or the options name, making both where they are missing. Only one of several
 * does so at a time.
 * @throws Error in one line without a password in it
 */
export async function prepareDatabases(
  databases: readonly URL[],
  options: DatabaseOptions,
  administrator: Administrator,
): Promise<Prepared[]> {
  const open = (url: URL, database: string) => openAs(administrator, url, database, options)
  const [first] = databases as [URL]
  const db = open(first, MAINTENANCE)
  try {
    return await db.connection().execute(async (session) => {
      await sql`select pg_advisory_lock(${LOCK})`.execute(session)
      const done: Prepared[] = []
      for (const url of databases) {
        const role = await roleOf(url, options, administrator)
        const database = decodeURIComponent(url.pathname.slice(1))
        await ensureRole(session, role)
        const outcome = await ownDatabase(session, role.name, database, () => open(url, database))
        await limitStatements(session, role, options)
        await ensureLogin(session, role, () => open(first, MAINTENANCE))
        done.push({ database, role: role.name, outcome })
      }
      return done
    })
  } catch (cause) {
    throw new Error(`as ${administrator.user} on ${first.hostname}: ${reasonOf(cause)}`, { cause })
  } finally {
    await db.destroy()
  }
}

/** One connection, whose end gives back every lock. */
function openAs(
  { user, password, host }: Administrator,
  { href }: URL,
  database: string,
  options: DatabaseOptions,
): Kysely<unknown> {
  const url = new URL(href)
  if (host) url.hostname = host
  Object.assign(url, { pathname: `/${encodeURIComponent(database)}`, username: '', password: '' })
  for (const name of ['user', 'password']) url.searchParams.delete(name)
  const alone = {
    iamAuth: false,
    secret: '',
    passwordFile: '',
    pooler: false,
    poolSize: 1,
    poolOverflow: 0,
  }
  return openDatabase(url.href, { ...options, ...alone, user, password })
}

async function roleOf(url: URL, options: CredentialOptions, { user }: Administrator): Promise<Role> {
  const role = options.iamAuth ? { name: userOf(url, options) } : await passwordOf(url, options)
  if (role.name === '') throw new Error('the URI of the database names no user, who is the role to make')
  if (role.name === user) throw new Error(`the servers would log in as the administrator ${user}`)
  if (role.password === '') throw new Error(`the settings have no password for the role ${role.name}`)
  return role
}

async function passwordOf(url: URL, options: CredentialOptions): Promise<Role> {
  const credentials = await openCredentials(url, options, { host: '', port: 0, encrypted: false })
  const { user, password } = await credentials.login()
  return { name: user, password }
}

/** A role that may log in and nothing else. */
async function ensureRole(db: Kysely<unknown>, { name }: Role): Promise<void> {
  const { rows } = await sql<{ rolsuper: boolean; plain: boolean }>`
    select rolsuper, rolcanlogin and not (rolcreatedb or rolcreaterole) as plain
    from pg_roles where rolname = ${name}`.execute(db)
  const [found] = rows
  if (!found) await sql`create role ${sql.id(name)} login nocreatedb nocreaterole`.execute(db)
  else if (found.rolsuper) throw new Error(`the role ${name} is there and a superuser: name another one`)
  else if (!found.plain) await sql`alter role ${sql.id(name)} login nocreatedb nocreaterole`.execute(db)
}

/** Where no session of a server can say it itself. */
async function limitStatements(
  db: Kysely<unknown>,
  { name }: Role,
  { pooler, statementMs }: DatabaseOptions,
): Promise<void> {
  if (!pooler) return
  await sql`alter role ${sql.id(name)} set statement_timeout = ${sql.lit(statementMs)}`.execute(db)
}

/** The way in that the settings want, and no other: RDS takes no password of a member of `rds_iam`. */
async function ensureLogin(
  db: Kysely<unknown>,
  { name, password }: Role,
  reopen: () => Kysely<unknown>,
): Promise<void> {
  const member = await isMemberOfIam(db, name)
  const role = sql.id(name)
  if (password !== undefined) {
    if (member) await sql`revoke rds_iam from ${role}`.execute(db)
    // A hash of our own making: statements are logged.
    await sql`alter role ${role} password ${sql.lit(scramVerifier(password))}`.execute(db)
    return
  }
  if (member === undefined)
    throw new Error('there is no role rds_iam: turn on IAM authentication, which RDS has')
  await sql`alter role ${role} password null`.execute(db)
  if (member) return
  await sql`grant rds_iam to ${role}`.execute(db)
  try {
    await requireLogin(reopen())
  } catch (cause) {
    await sql`revoke rds_iam from ${role}`.execute(db)
    throw new Error(
      `${name} was not put into rds_iam, since this administrator, who made it, could then not log in: ` +
        'let the servers log in with a password',
      { cause },
    )
  }
}

/**
 * From PostgreSQL 16 on whoever makes a role is a member of it, if only to administer it. A line `+rds_iam` of
 * pg_hba.conf counts that; whether RDS does, nobody outside can tell.
 */
async function requireLogin(db: Kysely<unknown>): Promise<void> {
  try {
    await sql`select 1`.execute(db)
  } finally {
    await db.destroy()
  }
}
