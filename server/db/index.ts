import { accessSync, constants, existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Kysely } from 'kysely'
import { mysqlDialect } from './mysql.ts'
import * as mysql from './mysql-errors.ts'
import { postgresDialect } from './postgres.ts'
import * as postgres from './postgres-errors.ts'
import { type DatabaseOptions, DEFAULT_OPTIONS } from './postgres-pool.ts'
import { RepeatingKysely } from './repeat.ts'
import type { Database } from './schema/index.ts'
import { sqliteDialect } from './sqlite.ts'
import { parseDatabaseUri } from './uri.ts'

export type { DatabaseOptions }

/** The database, or a transaction on it. */
export type Db = Kysely<Database>

/**
 * Connects to the database a URI names; whether its schema is right is `migrate`'s to say.
 * @param setting what gave the URI, for the error
 * @throws Error in one line when it cannot be opened
 */
export function openDatabase<D = Database>(
  uri: string,
  options: DatabaseOptions = DEFAULT_OPTIONS,
  setting = 'MLFLOW_BACKEND_STORE_URI',
): Kysely<D> {
  const location = parseDatabaseUri(uri)
  switch (location.dialect) {
    case 'sqlite': {
      const readOnly = isOnlyRead(uri, options)
      if (readOnly) checkFile(location.path, setting)
      else checkFolder(location.path, setting)
      return new Kysely<D>({ dialect: sqliteDialect(location.path, readOnly) })
    }
    case 'postgres':
      return new RepeatingKysely<D>({ dialect: postgresDialect(location.url, options) }, postgres.isOvertaken)
    case 'mysql':
      return new RepeatingKysely<D>({ dialect: mysqlDialect(location.url, options) }, mysql.isOvertaken)
  }
}

/** Whether a database is never written: one in memory is always new, and nobody else has it. */
export function isOnlyRead(uri: string, { readOnly = false }: DatabaseOptions): boolean {
  const location = parseDatabaseUri(uri)
  return readOnly && (location.dialect !== 'sqlite' || location.path !== '')
}

function checkFile(path: string, setting: string): void {
  if (!existsSync(path)) throw new Error(`${setting}: there is no file ${resolve(path)}`)
}

/** SQLite writes beside its file too, so the folder must be there and writable. */
function checkFolder(path: string, setting: string): void {
  if (path === '') return
  const folder = dirname(resolve(path))
  try {
    accessSync(folder, constants.W_OK)
  } catch (cause) {
    const problem =
      (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no folder' : 'this user cannot write to'
    throw new Error(`${setting} names ${resolve(path)}, and ${problem} ${folder}`, { cause })
  }
}
