/** The database of users and what they may do, which may be the tracking database itself. */
import { realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Kysely } from 'kysely'
import { LOGIN_REVISION, MLFLOW_VERSION } from '../version.ts'
import { type DatabaseOptions, isOnlyRead } from './index.ts'
import {
  alembicVersionAuth,
  isLoginTable,
  type LoginDatabase,
  OWN_LOGIN_TABLES,
} from './schema/login-index.ts'
import { loginSchemaSql } from './schema-sql.ts'
import { parseDatabaseUri } from './uri.ts'
import { makeOrCheck, openWith, requireWhole, type VersionedSchema } from './versioned-schema.ts'

/** The database of users, or a transaction on it. */
export type AuthDb = Kysely<LoginDatabase>

const LOGIN: VersionedSchema<LoginDatabase> = {
  versionTable: alembicVersionAuth,
  revision: LOGIN_REVISION,
  statements: loginSchemaSql,
  ownTables: OWN_LOGIN_TABLES,
  seed: async () => undefined,
  claims: isLoginTable,
  refusal: (found) =>
    `${found === undefined ? 'the database has a table of users that is at no revision' : `the users in the database are at schema revision ${found}`}, ` +
    `and this server needs ${LOGIN_REVISION} (MLflow ${MLFLOW_VERSION}); nothing was changed. An older one is brought forward, ` +
    `after a backup, by: pip install 'mlflow[auth]==${MLFLOW_VERSION}' && python -m mlflow.server.auth db upgrade --url <the database's URI>`,
}

/** Creates MLflow's schema of users, or checks it. @throws SchemaError for a database this server may not use */
export async function migrateLogin(db: AuthDb): Promise<'created' | 'current'> {
  return makeOrCheck(db, LOGIN)
}

/** Checks a database that is only read. @throws SchemaError for one that is not whole */
export async function requireLogin(db: AuthDb): Promise<void> {
  await requireWhole(db, LOGIN)
}

/**
 * Opens the database a URI names and migrates it, or checks it where it is only read.
 * @param setting what gave the URI
 * @throws SchemaError in one line that names the database when it cannot be used
 */
export async function openLoginDatabase(
  uri: string,
  options: DatabaseOptions,
  setting: string,
): Promise<AuthDb> {
  const prepare = isOnlyRead(uri, options) ? requireLogin : migrateLogin
  return (await openWith<LoginDatabase, unknown>(uri, options, setting, prepare)).db
}

/** Whether two URIs name one database. */
export function isSameDatabase(a: string, b: string): boolean {
  return identityOf(a) === identityOf(b)
}

/** Whether two URIs lead to one server of databases, whose credentials may be the same. */
export function isSameServer(a: string, b: string): boolean {
  return serverOf(a) === serverOf(b)
}

function identityOf(uri: string): string {
  const location = parseDatabaseUri(uri)
  if (location.dialect !== 'sqlite') return `${serverOf(uri)}${location.url.pathname}`
  return location.path === '' ? 'memory' : fileOf(resolve(location.path))
}

function serverOf(uri: string): string {
  const location = parseDatabaseUri(uri)
  if (location.dialect === 'sqlite') return 'sqlite'
  const { url, dialect } = location
  const socket = url.searchParams.get(dialect === 'mysql' ? 'unix_socket' : 'host')
  const port = url.port || (dialect === 'mysql' ? '3306' : '5432')
  return `${dialect}://${socket ?? url.hostname}:${url.searchParams.get('port') ?? port}`
}

function fileOf(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
