/**
 * A real PostgreSQL, of the machine's own programs or of a version that was fetched: one private cluster for a whole test
 * run, started at first need.
 */
import { execFile, spawn } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { chmod, chown, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { onTestFinished } from 'vitest'
import type { TestProject } from 'vitest/node'
import { openDatabase } from '../../server/db/index.ts'
import { type AuthDb, migrateLogin } from '../../server/db/login.ts'
import { migrate } from '../../server/db/migrate.ts'
import { OWN_TABLES, TABLES } from '../../server/db/schema/index.ts'
import { LOGIN_TABLES, OWN_LOGIN_TABLES } from '../../server/db/schema/login-index.ts'
import { isRunning, startedOnce, unprivileged } from './database-process.ts'
import { fetchPostgres, programsIn } from './postgres-versions.ts'
import { freePort } from './server-process.ts'

const FOLDER = 'TRACKYARD_TEST_POSTGRES_FOLDER'
/** The version a run of the tests is for; vitest.config.ts has a project for each. */
const VERSION = 'TRACKYARD_TEST_POSTGRES_VERSION'
const USER = 'trackyard'
const TEMPLATE = 'migrated'

/** Where the server's programs are, of the newest version on the machine; undefined where there are none. */
export function postgresPrograms(version = process.env[VERSION]): string | undefined {
  if (version) return programsIn(version, process.env[FOLDER] ?? '')
  const folders = [...globSync('/usr/lib/postgresql/*/bin'), '/usr/local/bin', '/usr/bin']
    .filter((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')))
    .sort((a, b) => Number.parseInt(b.split('/')[4] ?? '0', 10) - Number.parseInt(a.split('/')[4] ?? '0', 10))
  return folders[0]
}

/** Whether tests can have a PostgreSQL. Where not the reason is printed; in CI that is a failure. */
export function hasPostgres(): boolean {
  if (postgresPrograms()) return true
  const version = process.env[VERSION]
  const reason = version ? `PostgreSQL ${version} could not be fetched` : NO_POSTGRES
  if (process.env.CI === 'true') throw new Error(reason)
  console.warn(`skipped: ${reason}`)
  return false
}

export const NO_POSTGRES = 'no PostgreSQL on this machine (apt-get install postgresql)'

/** Vitest's global set-up: a folder for the clusters, programs of the versions that are asked for, the clusters' end. */
export async function setup({ vitest }: TestProject): Promise<(() => Promise<void>) | undefined> {
  const end = await makeFolder()
  for (const { config } of vitest.projects) {
    const version = config.env?.[VERSION]
    // What cannot be fetched is skipped with its reason, or fails in CI: `hasPostgres` says which.
    if (version) await fetchPostgres(version, process.env[FOLDER] ?? '').catch(() => undefined)
  }
  return end
}

async function makeFolder(): Promise<(() => Promise<void>) | undefined> {
  if (process.env[FOLDER]) return undefined
  const folder = await mkdtemp(join(tmpdir(), 'trackyard-postgres-'))
  process.env[FOLDER] = folder
  return async () => {
    delete process.env[FOLDER]
    for (const file of globSync('cluster-*', { cwd: folder })) await stopCluster(join(folder, file))
    await rm(folder, { recursive: true, force: true })
  }
}

/** A migrated database for a test alone, given back when the test is over. */
export async function postgresDatabase(): Promise<string> {
  const uri = free.pop() ?? (await createDatabase(TEMPLATE))
  onTestFinished(async () => {
    await empty(uri)
    free.push(uri)
  })
  return uri
}

/** A database without tables for a test alone. */
export function emptyDatabase(): Promise<string> {
  return createDatabase('template0')
}

/** Those that tests of this file have given back: emptying one takes less time than a copy of the template. */
const free: string[] = []

async function empty(uri: string): Promise<void> {
  const tables = [...TABLES, ...OWN_TABLES, ...LOGIN_TABLES, ...OWN_LOGIN_TABLES]
    .map(({ name }) => name)
    .filter((name) => !['alembic_version', 'alembic_version_auth', 'workspaces'].includes(name))
  await query(
    uri,
    [
      'set session_replication_role = replica',
      ...tables.map((table) => `delete from ${table}`),
      "delete from workspaces where name <> 'default'",
      'alter sequence experiments_experiment_id_seq restart',
    ].join('; '),
  )
}

async function createDatabase(template: string): Promise<string> {
  const port = await clusterPort()
  const name = `t_${process.pid}_${Date.now()}_${++created}`
  await query(uriOf(port, 'postgres'), `create database ${name} template ${template}`)
  return uriOf(port, name)
}

let created = 0

/** Asks a database one question with the driver alone. */
export async function query(
  uri: string,
  text: string,
  values: unknown[] = [],
): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: uri })
  await client.connect()
  try {
    return (await client.query(text, values)).rows
  } finally {
    await client.end()
  }
}

export interface Cluster {
  readonly port: number
  /** Ends it at once, as a crash does, and starts it again. */
  stop(): Promise<void>
  start(): Promise<void>
}

interface OpenCluster extends Cluster {
  readonly folder: string
  remove(): Promise<void>
}

/** A cluster for one test alone, which may stop it or give it settings. */
export async function startCluster(
  settings: readonly string[] = [],
  programs = postgresPrograms(),
): Promise<OpenCluster> {
  const cluster = await openCluster(settings, programs)
  onTestFinished(() => cluster.remove())
  return cluster
}

/** The same, to be removed by who opens it. */
export async function openCluster(
  settings: readonly string[] = [],
  programs = postgresPrograms(),
): Promise<OpenCluster> {
  const folder = await mkdtemp(join(tmpdir(), 'trackyard-postgres-'))
  await initialise(folder, programs)
  return clusterIn(folder, settings, programs)
}

async function clusterIn(
  folder: string,
  settings: readonly string[],
  programs: string | undefined,
): Promise<OpenCluster> {
  const port = await freePort()
  const cluster = {
    folder,
    port,
    start: () => startIn(folder, port, settings, programs),
    stop: () => stopCluster(folder),
    async remove() {
      await stopCluster(folder)
      await rm(folder, { recursive: true, force: true })
    },
  }
  await cluster.start()
  return cluster
}

/** A standby that streams from a cluster: what is committed there arrives here by itself, and nothing else does. */
export async function startStandby(primary: Cluster): Promise<Cluster> {
  const folder = await mkdtemp(join(tmpdir(), 'trackyard-postgres-'))
  const { uid, gid } = unprivileged('postgres')
  await chmod(folder, 0o755)
  if (uid !== undefined) await chown(folder, uid, gid as number)
  await promisify(execFile)(
    join(postgresPrograms() ?? '', 'pg_basebackup'),
    [
      ...['-D', join(folder, 'data'), '-d', uriOf(primary.port, 'postgres')],
      ...['--checkpoint=fast', '--write-recovery-conf', '--no-sync'],
    ],
    { cwd: folder, ...unprivileged('postgres') },
  )
  const standby = await clusterIn(folder, [], postgresPrograms())
  onTestFinished(() => standby.remove())
  return standby
}

export function uriOf(port: number, database: string): string {
  return `postgresql://${USER}@127.0.0.1:${port}/${database}`
}

let known: Promise<number> | undefined

function clusterPort(): Promise<number> {
  known ??= findOrStart()
  return known
}

async function findOrStart(): Promise<number> {
  const parent = process.env[FOLDER]
  if (!parent) throw new Error('vitest has not run the set-up of test/support/postgres.ts')
  await chmod(parent, 0o755)
  const folder = join(parent, `cluster-${process.env[VERSION] ?? 'machine'}`)
  await mkdir(folder, { recursive: true })
  return startedOnce(folder, async () => {
    const port = await freePort()
    await initialise(folder)
    await startIn(folder, port, [])
    await query(uriOf(port, 'postgres'), `create database ${TEMPLATE} template template0`)
    const db = openDatabase(uriOf(port, TEMPLATE))
    await migrate(db)
    await migrateLogin(db as unknown as AuthDb)
    await db.destroy()
    return port
  })
}

async function initialise(folder: string, programs = postgresPrograms()): Promise<void> {
  const { uid, gid } = unprivileged('postgres')
  await chmod(folder, 0o755)
  const data = join(folder, 'data')
  await mkdir(data, { mode: 0o700 })
  if (uid !== undefined) for (const one of [folder, data]) await chown(one, uid, gid as number)
  await promisify(execFile)(
    join(programs ?? '', 'initdb'),
    ['-D', data, '-U', USER, '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
    { cwd: folder, ...unprivileged('postgres') },
  )
}

async function startIn(
  folder: string,
  port: number,
  settings: readonly string[],
  programs = postgresPrograms(),
): Promise<void> {
  const options = [
    ...['listen_addresses=127.0.0.1', `port=${port}`, `unix_socket_directories=${folder}`],
    // Nothing here outlives the run.
    ...['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=200'],
    ...settings,
  ].flatMap((option) => ['-c', option])
  const child = spawn(join(programs ?? '', 'postgres'), ['-D', join(folder, 'data'), ...options], {
    cwd: folder,
    detached: true,
    stdio: 'ignore',
    ...unprivileged('postgres'),
  })
  child.unref()
  for (let waited = 0; waited < 30_000; waited += 50) {
    if (child.exitCode !== null) throw new Error(`PostgreSQL ended with ${child.exitCode}`)
    const pid = await readFile(join(folder, 'data/postmaster.pid'), 'utf8').catch(() => '')
    if (/^ready/m.test(pid)) return
    await delay(50)
  }
  throw new Error('PostgreSQL did not start')
}

/** Ends it by its id, sessions included. */
async function stopCluster(folder: string): Promise<void> {
  const file = join(folder, 'data/postmaster.pid')
  const pid = Number((await readFile(file, 'utf8').catch(() => '')).split('\n')[0])
  if (!pid) return
  process.kill(pid, 'SIGQUIT')
  while (isRunning(pid)) await delay(20)
  await rm(file, { force: true })
}
