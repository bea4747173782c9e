/** The pool of connections to MySQL or MariaDB that a database URI and the settings describe. */
import type { Connection, ConnectionOptions, TypeCastField } from 'mysql2'
import { connectWith, openCredentials } from './credentials.ts'
import { isRefused } from './mysql-errors.ts'
import { mysqlTlsOf } from './mysql-tls.ts'
import type { DatabaseOptions } from './postgres-pool.ts'

/** A connection and what the pool has to know of it. */
export interface Member {
  readonly connection: Connection
  readonly openedAt: number
  /** Set when nobody else may have it. */
  broken: boolean
}

export interface Members {
  acquire(): Promise<Member>
  release(member: Member): void
  end(): Promise<void>
}

/** @throws Error in one line for a URI with TLS parameters that are wrong */
export async function openMembers(url: URL, options: DatabaseOptions): Promise<Members> {
  const [open, { Pool, TimeoutError }] = await Promise.all([opener(url, options), import('tarn')])
  const recycleMs = options.recycleSeconds * 1000
  const pool = new Pool<Member>({
    create: open,
    destroy: ({ connection }) => connection.destroy(),
    validate: ({ broken, openedAt }) => !broken && (recycleMs === 0 || Date.now() - openedAt < recycleMs),
    min: options.poolSize,
    max: options.poolSize + options.poolOverflow,
    acquireTimeoutMillis: options.waitMs,
    createTimeoutMillis: options.waitMs,
    idleTimeoutMillis: 30_000,
    propagateCreateError: true,
  })
  return {
    async acquire() {
      try {
        return await pool.acquire().promise
      } catch (error) {
        if (!(error instanceof TimeoutError)) throw error
        throw Object.assign(new Error('no connection was free', { cause: error }), { code: 'ETIMEDOUT' })
      }
    },
    release(member) {
      if (member.broken) member.connection.destroy()
      pool.release(member)
    },
    end: async () => void (await pool.destroy()),
  }
}

async function opener(url: URL, options: DatabaseOptions): Promise<() => Promise<Member>> {
  const [{ default: mysql }, tls] = await Promise.all([import('mysql2'), mysqlTlsOf(url, options)])
  const session = sessionSql(options)
  const settings = settingsOf(url, options)
  const encrypted = Boolean(tls.options) && !tls.optional
  const { host = 'localhost', port = 3306 } = settings
  // These are PGUSER and PGPASSWORD: another database's.
  const { user: _user, password: _password, ...sources } = options
  const credentials = await openCredentials(url, sources, { host, port, encrypted })
  let plain = false
  const attempt = async (ssl: ConnectionOptions['ssl'] | false) => {
    const login = await credentials.login()
    return opened(mysql.createConnection({ ...settings, ...login, ...(ssl && { ssl }) }), session)
  }
  const open = async () => {
    if (plain || !tls.options) return attempt(false)
    try {
      return await attempt(tls.options)
    } catch (error) {
      if (!tls.optional || (error as { code?: string }).code !== 'HANDSHAKE_NO_SSL_SUPPORT') throw error
      plain = true
      return attempt(false)
    }
  }
  return () => connectWith(credentials, open, isRefused)
}

function settingsOf(url: URL, options: DatabaseOptions): ConnectionOptions {
  const socketPath = url.searchParams.get('unix_socket')
  return {
    ...(socketPath ? { socketPath } : { host: url.hostname.replace(/^\[|\]$/g, '') }),
    port: Number(url.port || 3306),
    database: decodeURIComponent(url.pathname.slice(1)),
    connectTimeout: options.waitMs,
    keepAliveInitialDelay: 10_000,
    charset: 'utf8mb4',
    // An insert that changes nothing says so; and no server is to ask for this machine's files.
    flags: ['-FOUND_ROWS', '-LOCAL_FILES'],
    typeCast,
    // How RDS takes its tokens; they are made for encrypted connections only.
    enableCleartextPlugin: options.iamAuth ?? false,
  }
}

async function opened(connection: Connection, session: readonly string[]): Promise<Member> {
  const member: Member = { connection, openedAt: Date.now(), broken: false }
  // Without a listener a connection that ends while nobody uses it would end the process.
  for (const event of ['error', 'end']) {
    connection.on(event, () => {
      member.broken = true
    })
  }
  try {
    await done((callback) => connection.connect(callback))
    for (const text of session) await done((callback) => connection.query(text, callback))
    return member
  } catch (error) {
    connection.destroy()
    throw error
  }
}

function done(start: (callback: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => start((error) => (error ? reject(error) : resolve())))
}

/**
 * Makes every server's session alike, whatever its own settings: strict, in UTC, patient for as
 * long as the settings say. Comments with a version are read by MySQL from that version up, those with an M by
 * MariaDB alone.
 */
function sessionSql({ statementMs, readOnly }: DatabaseOptions): readonly string[] {
  const seconds = Math.max(1, Math.ceil(statementMs / 1000))
  return [
    `set session transaction isolation level read committed${readOnly ? ', read only' : ''}`,
    `set sql_mode = 'STRICT_ALL_TABLES,ONLY_FULL_GROUP_BY,NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION',
    time_zone = '+00:00', innodb_lock_wait_timeout = ${seconds}, lock_wait_timeout = ${seconds},
    collation_connection = if(@@character_set_database = 'utf8mb4', @@collation_database, @@collation_connection)
    /*!80000 , max_execution_time = ${statementMs} */ /*M! , max_statement_time = ${statementMs / 1000} */`,
  ]
}

/** Rows read as those of SQLite do: whole numbers and doubles with every digit, dates and JSON as text. */
function typeCast(field: TypeCastField, next: () => unknown): unknown {
  switch (field.type as string) {
    case 'LONGLONG': {
      const digits = field.string('ascii')
      if (digits === null) return null
      const value = Number(digits)
      return Number.isSafeInteger(value) ? value : BigInt(digits)
    }
    case 'DOUBLE':
    case 'FLOAT':
    case 'NEWDECIMAL': {
      const digits = field.string('ascii')
      return digits === null ? null : Number(digits)
    }
    case 'DATE':
    case 'JSON':
      return field.string('utf8')
    default:
      return next()
  }
}
