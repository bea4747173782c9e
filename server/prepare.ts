/** `trackyard db prepare`: makes on PostgreSQL what the servers of the same environment log in as. */
import { type Config, type Environment, parseConfig, requireWriting } from './config.ts'
import { ADMINISTRATOR, SETTINGS } from './config-settings.ts'
import { databaseOptions } from './database-options.ts'
import { readPassword } from './db/credentials.ts'
import { isSameServer } from './db/login.ts'
import { type Administrator, prepareDatabases } from './db/prepare.ts'
import { parseDatabaseUri } from './db/uri.ts'

/**
 * @returns the process's exit code
 * @throws Error with a line a person can act on
 */
export async function prepare(environment: Environment, argv: readonly string[]): Promise<number> {
  if (argv.length > 0) throw new Error('db prepare takes no options; see trackyard db prepare --help')
  const config = parseConfig(environment)
  requireWriting(config, 'db prepare')
  const done = await prepareDatabases(
    databasesOf(config),
    databaseOptions(config),
    await administratorOf(environment),
  )
  for (const { database, role, outcome } of done) {
    process.stdout.write(`database ${database} of ${role}: ${outcome}\n`)
  }
  return 0
}

async function administratorOf(environment: Environment): Promise<Administrator> {
  const { [ADMINISTRATOR.user]: user, [ADMINISTRATOR.passwordFile]: file } = environment
  const password = file ? await passwordIn(file) : environment[ADMINISTRATOR.password]
  if (!user || !password) throw new Error(`set ${ADMINISTRATOR.user} and ${ADMINISTRATOR.password}`)
  return { user, password, host: environment[ADMINISTRATOR.host] }
}

function passwordIn(file: string): Promise<string> {
  return readPassword(file).catch((cause: Error) => {
    throw new Error(`${ADMINISTRATOR.passwordFile}: ${cause.message}`, { cause })
  })
}

function databasesOf({ backendStoreUri, authDatabaseUri }: Config): URL[] {
  const runs = postgresUrl(SETTINGS.backendStoreUri.env, backendStoreUri)
  if (authDatabaseUri === '') return [runs]
  if (!isSameServer(backendStoreUri, authDatabaseUri)) {
    throw new Error(
      `${SETTINGS.authDatabaseUri.env} and ${SETTINGS.backendStoreUri.env} name two servers: prepare each by itself`,
    )
  }
  return [runs, postgresUrl(SETTINGS.authDatabaseUri.env, authDatabaseUri)]
}

function postgresUrl(setting: string, uri: string): URL {
  const location = parseDatabaseUri(uri)
  if (location.dialect === 'postgres') return location.url
  throw new Error(`${setting} must name a database of PostgreSQL`)
}
