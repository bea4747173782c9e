/** Where a database is, read from a SQLAlchemy URI in any spelling MLflow takes. */
export type DatabaseLocation =
  | { readonly dialect: 'sqlite' /** Empty for one in memory. */; readonly path: string }
  | { readonly dialect: 'postgres' | 'mysql'; readonly url: URL }

const DIALECT_BY_SCHEME: Record<string, 'postgres' | 'mysql'> = {
  postgresql: 'postgres',
  postgres: 'postgres',
  mysql: 'mysql',
}

const DRIVERS = {
  postgres: ['psycopg', 'psycopg2', 'psycopg2cffi', 'pg8000', 'asyncpg'],
  mysql: ['pymysql', 'mysqldb', 'mysqlconnector', 'aiomysql', 'asyncmy'],
}

const ALLOWED =
  'must be sqlite:///relative.db, sqlite:////absolute.db, postgresql://user@host/database or mysql://user@host/database'

/**
 * Reads a database URI; the Python driver it may name (`postgresql+psycopg2://`) says nothing here.
 * @throws Error saying what is allowed, without the URI in it
 */
export function parseDatabaseUri(uri: string): DatabaseLocation {
  const match = /^([a-z]+)(?:\+([a-z0-9_]+))?:\/\/(.*)$/is.exec(uri)
  const [, scheme = '', driver, rest = ''] = match ?? []
  if (scheme.toLowerCase() === 'sqlite') return sqliteLocation(rest)
  const dialect = DIALECT_BY_SCHEME[scheme.toLowerCase()]
  if (!dialect || (driver && !DRIVERS[dialect].includes(driver))) throw new Error(ALLOWED)
  // URL.parse is newer than Node 20, under which the programs in stacks/ may run.
  // A socket's folder is a parameter, and a URL with a user has to have a host.
  const text = `${dialect}://${/[?&](host|unix_socket)=/.test(rest) ? rest.replace(/^([^@/?]*@)\//, '$1localhost/') : rest}`
  const url = URL.canParse(text) ? new URL(text) : undefined
  const socket = dialect === 'mysql' ? 'unix_socket' : 'host'
  if (!url?.hostname && !url?.searchParams.get(socket)) throw new Error(ALLOWED)
  if (url.pathname.length < 2) throw new Error('must name a database after the host: …://user@host/database')
  return { dialect, url }
}

/** A URI without its password. */
export function redactUri(uri: string): string {
  return uri
    .replace(/(:\/\/[^:/@]*):.*@/, '$1:***@')
    .replace(/([?&][^=&]*(?:password|secret|token)[^=&]*)=[^&]*/gi, '$1=***')
}

function sqliteLocation(rest: string): DatabaseLocation {
  if (rest === '' || rest === '/' || rest === '/:memory:') return { dialect: 'sqlite', path: '' }
  if (!rest.startsWith('/'))
    throw new Error('must have three slashes before a relative path: sqlite:///relative.db')
  return { dialect: 'sqlite', path: rest.slice(1).replace(/\?.*$/, '') }
}
