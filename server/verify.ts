/** `trackyard verify`: whether a database and its artifacts are whole, and a restored pair is what it was made from. */
import { parseArgs } from 'node:util'
import { artifactStores } from './artifacts/index.ts'
import { type Environment, parseConfig } from './config.ts'
import { SETTINGS } from './config-settings.ts'
import { databaseOptions } from './database-options.ts'
import { openDatabase } from './db/index.ts'
import { requireSchema } from './db/migrate.ts'
import { redactUri } from './db/uri.ts'
import { lessThan, type Pair, readArtifacts, readInventory } from './operations/verify.ts'
import { sampleOwners } from './store/inventory.ts'
import { askServer } from './verify/compare.ts'

/** What gives the live database its password; a restored one has its own. */
const PASSWORDS = ['databaseSecret', 'databaseIamAuth', 'databasePassword', 'databasePasswordFile'] as const

/**
 * @returns the process's exit code: 1 when something is not there
 * @throws Error with a line a person can act on
 */
export async function verify(environment: Environment, argv: string[]): Promise<number> {
  const options = parseOptions(environment, argv)
  const live = { ...environment, ...options.live }
  const report = options.restored
    ? await compare(live, { ...environment, ...options.restored }, options)
    : await withPair(live, (pair) => inspect(pair, options.sample))
  process.stdout.write(`${JSON.stringify(report)}\n`)
  return report.problems.length > 0 ? 1 : 0
}

interface Options {
  readonly sample: number
  readonly atLeast: number
  /** What is another for the live database than for its servers. */
  readonly live: Environment
  /** What is another for the restored pair; undefined to look at the environment's own. */
  readonly restored: Environment | undefined
}

function parseOptions(environment: Environment, argv: string[]): Options {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: argv,
    options: {
      sample: { type: 'string', default: '20' },
      'at-least': { type: 'string', default: '90' },
      'live-host': text,
      'restored-database': text,
      'restored-host': text,
      'restored-secret': text,
      'restored-artifacts': text,
    },
  })
  const { 'restored-secret': secret, 'restored-artifacts': artifacts } = values
  const on = (flag: 'live-host' | 'restored-host') => onHost(environment, flag, values[flag])
  const database = values['restored-database'] ?? on('restored-host')
  const live = on('live-host')
  if (!database && (secret || artifacts)) throw new Error('--restored-database is missing')
  return {
    sample: wholeNumber('--sample', values.sample, 1000),
    atLeast: wholeNumber('--at-least', values['at-least'], 100),
    live: live ? pastPooler(live) : {},
    restored: database ? restoredEnvironment(database, secret, artifacts) : undefined,
  }
}

function wholeNumber(flag: string, text: string, most: number): number {
  const number = Number(text)
  if (/^\d{1,4}$/.test(text) && number <= most) return number
  throw new Error(`${flag} ${JSON.stringify(text)}: must be a whole number from 0 to ${most}`)
}

/** The live database's URI, with another host: what else is said there is so of a restored one. */
function onHost(environment: Environment, flag: string, host?: string): string | undefined {
  if (!host) return undefined
  const { backendStoreUri } = parseConfig(environment)
  const url = URL.parse(backendStoreUri)
  if (!url?.hostname) throw new Error(`--${flag}: ${redactUri(backendStoreUri)} is on no host`)
  url.host = host
  return url.toString()
}

/** To say that it only reads, and for how long it may, takes a session of its own. */
function pastPooler(database: string): Environment {
  return { [SETTINGS.backendStoreUri.env]: database, [SETTINGS.databasePooler.env]: 'false' }
}

function restoredEnvironment(database: string, secret?: string, artifacts?: string): Environment {
  const withoutPasswords = Object.fromEntries(PASSWORDS.map((name) => [SETTINGS[name].env, undefined]))
  return {
    ...(secret && { ...withoutPasswords, [SETTINGS.databaseSecret.env]: secret }),
    ...pastPooler(database),
    ...(artifacts && { [SETTINGS.artifactsDestination.env]: artifacts }),
  }
}

/** The restored pair beside the live database, which has what was written since. */
async function compare(live: Environment, restored: Environment, { sample, atLeast }: Options) {
  const report = await withPair(restored, (pair) => inspect(pair, sample))
  const original = await withPair(live, ({ db }) => readInventory(db))
  const fewer = lessThan(atLeast, report.counts, original.counts)
  return { ...report, live: original, problems: [...report.problems, ...fewer] }
}

async function inspect(pair: Pair, sample: number) {
  const { config, db } = pair
  say(`looking at ${redactUri(config.backendStoreUri)} and ${config.artifactsDestination}`)
  const inventory = await readInventory(db)
  const owners = await sampleOwners(db, sample)
  const { report: artifacts, read: files } = await readArtifacts(pair, owners)
  say(`${artifacts.files} files read; starting a server that only reads`)
  const runIds = owners.filter(({ kind }) => kind === 'run').map(({ id }) => id)
  const { served, problems } = await askServer(config, db, { runIds, files }, say)
  return {
    database: redactUri(config.backendStoreUri),
    store: config.artifactsDestination,
    ...inventory,
    artifacts,
    served,
    problems: [...artifacts.missing.map(({ kind, id, reason }) => `${kind} ${id}: ${reason}`), ...problems],
  }
}

/** A line for who waits: a large pair takes a while. */
function say(text: string): void {
  process.stderr.write(`trackyard verify: ${text}\n`)
}

/** Opens without making or changing anything: a schema that is not whole is refused. */
async function withPair<T>(environment: Environment, use: (pair: Pair) => Promise<T>): Promise<T> {
  const config = parseConfig({ ...environment, [SETTINGS.readOnly.env]: 'true' })
  const stores = artifactStores(config)
  const db = openDatabase(config.backendStoreUri, databaseOptions(config))
  try {
    await requireSchema(db)
    const artifacts = await stores.at(config.artifactsDestination)
    return await use({ db, config, artifacts, artifactStores: stores })
  } finally {
    await stores.close()
    await db.destroy()
  }
}
