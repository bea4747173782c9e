/** The pool of connections a database URI and the settings describe. */
import type { ClientConfig, PoolClient, PoolConfig } from 'pg'
import { type CredentialOptions, connectWith, openCredentials } from './credentials.ts'
import { isRefused } from './postgres-errors.ts'
import { tlsOf } from './postgres-tls.ts'
import { typeParsers } from './postgres-types.ts'

/** How a server with a database of its own is reached; SQLite needs none of it. */
export interface DatabaseOptions extends CredentialOptions {
  /** Files for TLS to MySQL where its URI names none. */
  readonly mysqlTls?: { readonly ssl_ca?: string; readonly ssl_cert?: string; readonly ssl_key?: string }
  /** Who stands between shares connections among its clients: what a session keeps is not there the next time. */
  readonly pooler?: boolean
  /** Connections that are kept, and those there may be besides at a peak. */
  readonly poolSize: number
  readonly poolOverflow: number
  /** Age at which a connection is replaced; 0 for never. */
  readonly recycleSeconds: number
  /** The longest wait for a connection, new or given back. */
  readonly waitMs: number
  readonly statementMs: number
  /** Whether the database itself is to refuse what writes, on every connection. @default false */
  readonly readOnly?: boolean
}

export const DEFAULT_OPTIONS: DatabaseOptions = {
  poolSize: 5,
  poolOverflow: 10,
  recycleSeconds: 0,
  waitMs: 10_000,
  statementMs: 60_000,
}

export interface Connections {
  connect(): Promise<PoolClient>
  end(): Promise<void>
}

/** @throws Error in one line for a URI with TLS parameters that are wrong */
export async function openPool(url: URL, options: DatabaseOptions): Promise<Connections> {
  const { default: pg } = await import('pg')
  const tls = await tlsOf(url)
  const address = addressOf(url)
  const encrypted = tls.options !== false && !tls.optional
  const credentials = await openCredentials(url, options, { ...address, encrypted })
  let { user } = await credentials.login()
  let plain = false
  class TlsClient extends pg.Client {
    constructor(config?: string | ClientConfig) {
      // Over the pool's own settings, which hide the password from a copy.
      super(
        Object.create(config as object, {
          ssl: { value: plain ? false : tls.options },
          user: { value: user },
        }),
      )
    }
  }
  const password = async () => {
    const login = await credentials.login()
    // Sent already for this connection: where another user replaces it, the next attempt has the right one.
    user = login.user
    return login.password
  }
  const settings = {
    ...address,
    ...optionsOf(url, options),
    ...limitsOf(options),
    password,
    types: typeParsers(pg.types),
    // Queries that do not need each other's answers go out together; RDS Proxy does not say that it takes them.
    pipeline: !options.pooler,
  }
  const pool = new pg.Pool({ ...settings, Client: TlsClient })
  // Without listeners a connection that ends while nobody uses it would end the process.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  const open = () =>
    pool.connect().catch((error: Error) => {
      if (!tls.optional || !error.message.startsWith('The server does not support SSL')) throw error
      plain = true
      return pool.connect()
    })
  return { end: () => pool.end(), connect: () => connectWith(credentials, open, isRefused) }
}

function addressOf(url: URL): { host: string; port: number } {
  const host = url.searchParams.get('host') ?? url.hostname
  return {
    host: host.replace(/^\[|\]$/g, ''),
    port: Number(url.port || url.searchParams.get('port') || 5432),
  }
}

function optionsOf({ pathname, searchParams }: URL, { readOnly }: DatabaseOptions): PoolConfig {
  const given = searchParams.get('options')
  const settings = [...(given ? [given] : []), ...(readOnly ? ['-c default_transaction_read_only=on'] : [])]
  return {
    database: decodeURIComponent(pathname.slice(1)),
    application_name: searchParams.get('application_name') ?? 'trackyard',
    ...(settings.length > 0 && { options: settings.join(' ') }),
  }
}

function limitsOf(options: DatabaseOptions): PoolConfig {
  return {
    max: options.poolSize + options.poolOverflow,
    min: options.poolSize,
    idleTimeoutMillis: 30_000,
    maxLifetimeSeconds: options.recycleSeconds,
    connectionTimeoutMillis: options.waitMs,
    // Poolers refuse it; `db prepare` gives it to the role.
    ...(!options.pooler && { statement_timeout: options.statementMs }),
    // A server that has gone without a word does not answer within its own limit.
    query_timeout: options.statementMs + 5_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  }
}
