/** The pool of connections a database URI and the settings describe. */
import { readFile } from 'node:fs/promises'
import type { ClientConfig, PoolClient, PoolConfig } from 'pg'
import { tlsOf } from './postgres-tls.ts'
import { typeParsers } from './postgres-types.ts'

/** How a server with a database of its own is reached; SQLite needs none of it. */
export interface DatabaseOptions {
  /** Where the URI has none. */
  readonly user?: string
  readonly password?: string
  /** Read when a connection opens; wins over any other password. */
  readonly passwordFile?: string
  /** Connections that are kept, and those there may be besides at a peak. */
  readonly poolSize: number
  readonly poolOverflow: number
  /** Age at which a connection is replaced; 0 for never. */
  readonly recycleSeconds: number
  /** The longest wait for a connection, new or given back. */
  readonly waitMs: number
  readonly statementMs: number
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
  let plain = false
  class TlsClient extends pg.Client {
    constructor(config?: string | ClientConfig) {
      // Over the pool's own settings, which hide the password from a copy.
      super(Object.create(config as object, { ssl: { value: plain ? false : tls.options } }))
    }
  }
  const settings = { ...addressOf(url, options), ...limitsOf(options), types: typeParsers(pg.types) }
  const pool = new pg.Pool({ ...settings, Client: TlsClient })
  // Without listeners a connection that ends while nobody uses it would end the process.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  return {
    end: () => pool.end(),
    async connect() {
      try {
        return await pool.connect()
      } catch (error) {
        const hasNone = (error as Error).message.startsWith('The server does not support SSL')
        if (!hasNone || !tls.optional) throw error
        plain = true
        return pool.connect()
      }
    },
  }
}

function addressOf(url: URL, options: DatabaseOptions): PoolConfig {
  const given = (name: string) => url.searchParams.get(name) ?? undefined
  const host = given('host') ?? url.hostname
  const settings = given('options')
  return {
    host: host.replace(/^\[|\]$/g, ''),
    port: Number(url.port || given('port') || 5432),
    database: decodeURIComponent(url.pathname.slice(1)),
    user: decodeURIComponent(url.username) || given('user') || options.user,
    password: () => passwordOf(url, options),
    application_name: given('application_name') ?? 'trackyard',
    ...(settings !== undefined && { options: settings }),
  } as PoolConfig
}

async function passwordOf(url: URL, { password, passwordFile }: DatabaseOptions): Promise<string> {
  if (passwordFile) return (await readFile(passwordFile, 'utf8')).replace(/\r?\n$/, '')
  return decodeURIComponent(url.password) || url.searchParams.get('password') || password || ''
}

function limitsOf(options: DatabaseOptions): PoolConfig {
  return {
    max: options.poolSize + options.poolOverflow,
    min: options.poolSize,
    idleTimeoutMillis: 30_000,
    maxLifetimeSeconds: options.recycleSeconds,
    connectionTimeoutMillis: options.waitMs,
    statement_timeout: options.statementMs,
    // A server that has gone without a word does not answer within its own limit.
    query_timeout: options.statementMs + 5_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  }
}
