/**
 * Real MariaDB and MySQL: MariaDB of the machine's own programs, MySQL too or as `test/support/fetch-mysql.sh` has
 * fetched it. One server a kind for a whole test run, started at first need.
 */
import { execFile, execFileSync, spawn } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { createConnection } from 'mysql2/promise'
import { onTestFinished } from 'vitest'
import { openDatabase } from '../../server/db/index.ts'
import { type AuthDb, migrateLogin } from '../../server/db/login.ts'
import { migrate } from '../../server/db/migrate.ts'
import { OWN_TABLES, TABLES } from '../../server/db/schema/index.ts'
import { LOGIN_TABLES, OWN_LOGIN_TABLES } from '../../server/db/schema/login-index.ts'
import { isRunning, startedOnce, unprivileged } from './database-process.ts'
import { freePort } from './server-process.ts'

export type Kind = 'MariaDB' | 'MySQL'

const USER = 'trackyard'
const FETCHED = join(import.meta.dirname, '../../.cache/mysql')

/** How a server is started, and the files of a new one made. */
interface Programs {
  readonly server: readonly string[]
  readonly initialise: (data: string) => readonly string[]
}

export function programsOf(kind: Kind): Programs | undefined {
  if (kind === 'MariaDB') {
    if (!existsSync('/usr/sbin/mariadbd')) return undefined
    return {
      server: ['/usr/sbin/mariadbd', '--no-defaults'],
      initialise: (data) => [
        ...[
          'mariadb-install-db',
          '--no-defaults',
          '--auth-root-authentication-method=normal',
          '--skip-test-db',
        ],
        `--datadir=${data}`,
      ],
    }
  }
  const server = mysqlProgram()
  return server && { server, initialise: (data) => [...server, '--initialize-insecure', `--datadir=${data}`] }
}

/** MySQL with the libraries it was fetched with, or the machine's own, which on Debian may be MariaDB. */
function mysqlProgram(): readonly string[] | undefined {
  const root = join(FETCHED, 'root/usr')
  const [loader] = globSync(join(root, 'lib/*/ld-linux-*'))
  if (loader) {
    const libraries = join(loader, '..')
    const start = [loader, '--library-path', libraries, join(root, 'sbin/mysqld'), '--no-defaults']
    return [...start, `--basedir=${root}`, `--lc-messages-dir=${join(root, 'share/mysql')}`]
  }
  const own = '/usr/sbin/mysqld'
  if (!existsSync(own) || /mariadb/i.test(execFileSync(own, ['--version'], { encoding: 'utf8' })))
    return undefined
  return [own, '--no-defaults']
}

/** Whether tests can have such a server. Where not the reason is printed; in CI that is a failure. */
export function hasServer(kind: Kind): boolean {
  if (programsOf(kind)) return true
  if (process.env.CI === 'true') throw new Error(NO_SERVER[kind])
  console.warn(`skipped: ${NO_SERVER[kind]}`)
  return false
}

export const NO_SERVER: Record<Kind, string> = {
  MariaDB: 'no MariaDB on this machine (apt-get install mariadb-server)',
  MySQL: 'no MySQL on this machine (test/support/fetch-mysql.sh fetches one)',
}

/** Collations that tell all names apart, as SQLite and PostgreSQL do. */
const EXACT: Record<Kind, string> = { MariaDB: 'utf8mb4_nopad_bin', MySQL: 'utf8mb4_0900_bin' }

const folderVariable = (kind: Kind) => `TRACKYARD_TEST_${kind.toUpperCase()}_FOLDER`

/** Vitest's global set-up: a folder for each server, and their end after the last test. */
export async function setup(): Promise<() => Promise<void>> {
  const kinds = (['MariaDB', 'MySQL'] as const).filter((kind) => !process.env[folderVariable(kind)])
  for (const kind of kinds) {
    const folder = await mkdtemp(join(tmpdir(), 'trackyard-mysql-'))
    await mkdir(join(folder, 'free'))
    await mkdir(join(folder, 'taken'))
    process.env[folderVariable(kind)] = folder
  }
  return async () => {
    for (const kind of kinds) {
      const folder = process.env[folderVariable(kind)] ?? ''
      delete process.env[folderVariable(kind)]
      await stopServer(folder)
      await rm(folder, { recursive: true, force: true })
    }
  }
}

/**
 * A migrated database for a test alone, given back when the test is over: to make one takes seconds, so all test
 * processes share those there are.
 */
export async function mysqlDatabase(kind: Kind): Promise<string> {
  const port = await serverPort(kind)
  const folder = process.env[folderVariable(kind)] ?? ''
  const name = (await takeFree(folder)) ?? (await makeMigrated(kind, folder))
  const uri = uriOf(port, name)
  onTestFinished(async () => {
    await empty(uri)
    await rename(join(folder, 'taken', name), join(folder, 'free', name))
  })
  return uri
}

/**
 * A database without tables for a test alone; without a collation it has the server's own, which tells neither upper
 * from lower case nor an accent.
 */
export async function emptyMysqlDatabase(kind: Kind, collation?: string): Promise<string> {
  const port = await serverPort(kind)
  const name = `t_${process.pid}_${Date.now()}_${++created}`
  const collate = collation ? `collate ${collation}` : ''
  await mysqlQuery(uriOf(port, ''), `create database ${name} character set utf8mb4 ${collate}`)
  return uriOf(port, name)
}

let created = 0

async function takeFree(folder: string): Promise<string | undefined> {
  for (const name of await readdir(join(folder, 'free'))) {
    try {
      await rename(join(folder, 'free', name), join(folder, 'taken', name))
      return name
    } catch {
      // Another process was faster.
    }
  }
  return undefined
}

async function makeMigrated(kind: Kind, folder: string): Promise<string> {
  const uri = await emptyMysqlDatabase(kind, EXACT[kind])
  const db = openDatabase(uri)
  await migrate(db)
  await migrateLogin(db as unknown as AuthDb)
  await db.destroy()
  const name = new URL(uri).pathname.slice(1)
  await writeFile(join(folder, 'taken', name), '')
  return name
}

async function empty(uri: string): Promise<void> {
  const tables = [...TABLES, ...OWN_TABLES, ...LOGIN_TABLES, ...OWN_LOGIN_TABLES]
    .map(({ name }) => name)
    .filter((name) => !['alembic_version', 'alembic_version_auth', 'workspaces'].includes(name))
  await mysqlQuery(
    uri,
    [
      'set foreign_key_checks = 0',
      ...tables.map((table) => `delete from ${table}`),
      "delete from workspaces where name <> 'default'",
      'alter table experiments auto_increment = 1',
    ].join('; '),
  )
}

/** Asks a database one question with the driver alone. */
export async function mysqlQuery(
  uri: string,
  text: string,
  values: unknown[] = [],
): Promise<Record<string, unknown>[]> {
  const { hostname, port, pathname } = new URL(uri)
  const connection = await createConnection({
    ...{ host: hostname, port: Number(port), user: USER, multipleStatements: true },
    ...(pathname.length > 1 && { database: pathname.slice(1) }),
  })
  try {
    return (await connection.query(text, values))[0] as Record<string, unknown>[]
  } finally {
    await connection.end()
  }
}

export interface MysqlServer {
  readonly port: number
  readonly folder: string
  /** Ends it at once, as a crash does, and starts it again. */
  stop(): Promise<void>
  start(): Promise<void>
}

/** A server for one test alone, which may stop it or give it settings. */
export async function startMysql(kind: Kind, settings: readonly string[] = []): Promise<MysqlServer> {
  const folder = await mkdtemp(join(tmpdir(), 'trackyard-mysql-'))
  await initialise(kind, folder)
  const port = await freePort()
  const server = {
    folder,
    port,
    start: () => startIn(kind, folder, port, settings),
    stop: () => stopServer(folder),
  }
  onTestFinished(async () => {
    await stopServer(folder)
    await rm(folder, { recursive: true, force: true })
  })
  await server.start()
  return server
}

export function uriOf(port: number, database: string): string {
  return `mysql+pymysql://${USER}@127.0.0.1:${port}/${database}`
}

const known = new Map<Kind, Promise<number>>()

function serverPort(kind: Kind): Promise<number> {
  const port = known.get(kind) ?? findOrStart(kind)
  known.set(kind, port)
  return port
}

async function findOrStart(kind: Kind): Promise<number> {
  const folder = process.env[folderVariable(kind)]
  if (!folder) throw new Error('vitest has not run the set-up of test/support/mysql.ts')
  return startedOnce(folder, async () => {
    const port = await freePort()
    await initialise(kind, folder)
    await startIn(kind, folder, port, [])
    return port
  })
}

async function initialise(kind: Kind, folder: string): Promise<void> {
  const { uid, gid } = unprivileged('mysql')
  await chmod(folder, 0o755)
  const data = join(folder, 'data')
  await mkdir(data, { mode: 0o700 })
  if (uid !== undefined) for (const one of [folder, data]) await chown(one, uid, gid as number)
  const [program = '', ...options] = programsOf(kind)?.initialise(data) ?? []
  await promisify(execFile)(program, options, { cwd: folder, ...unprivileged('mysql') })
  await writeFile(
    join(folder, 'init.sql'),
    `create user if not exists ${USER}@'%';\ngrant all on *.* to ${USER}@'%' with grant option;\n`,
  )
}

async function startIn(kind: Kind, folder: string, port: number, settings: readonly string[]): Promise<void> {
  const [program = '', ...given] = programsOf(kind)?.server ?? []
  const options = [
    ...[
      `datadir=${join(folder, 'data')}`,
      `pid-file=${join(folder, 'pid')}`,
      `socket=${join(folder, 'socket')}`,
    ],
    ...['bind-address=127.0.0.1', `port=${port}`, `init-file=${join(folder, 'init.sql')}`],
    // Nothing here outlives the run.
    ...['skip-log-bin', 'innodb-flush-log-at-trx-commit=0', 'innodb-doublewrite=0', 'performance-schema=OFF'],
    ...['max-connections=300', 'innodb-buffer-pool-size=128M'],
    ...(kind === 'MySQL' ? ['mysqlx=OFF', 'secure-file-priv=NULL'] : []),
    ...settings,
  ].map((option) => `--${option}`)
  const log = join(folder, 'log')
  const child = spawn(program, [...given, ...options, `--log-error=${log}`], {
    cwd: folder,
    detached: true,
    stdio: 'ignore',
    ...unprivileged('mysql'),
  })
  child.unref()
  for (let waited = 0; waited < 60_000; waited += 50) {
    if (child.exitCode !== null) throw new Error(`${kind} ended:\n${await readFile(log, 'utf8')}`)
    const answer = await mysqlQuery(uriOf(port, ''), 'select 1').catch(() => undefined)
    if (answer) return
    await delay(50)
  }
  throw new Error(`${kind} did not start`)
}

/** Ends it by its id. */
async function stopServer(folder: string): Promise<void> {
  const file = join(folder, 'pid')
  const pid = Number(await readFile(file, 'utf8').catch(() => ''))
  if (!pid) return
  if (isRunning(pid)) process.kill(pid, 'SIGKILL')
  while (isRunning(pid)) await delay(20)
  await rm(file, { force: true })
}
