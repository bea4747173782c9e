import type { FastifyBaseLogger } from 'fastify'
import type { Caller } from './access/caller.ts'
import {
  type ArtifactStore,
  type ArtifactStores,
  artifactStores,
  openArtifactStore,
} from './artifacts/index.ts'
import { localFolder } from './artifacts/local-path.ts'
import { schemeOf } from './artifacts/location.ts'
import type { Config } from './config.ts'
import { databaseOptions } from './database-options.ts'
import type { Db } from './db/index.ts'
import { openMigrated } from './db/migrate.ts'
import type { Replica } from './db/replica.ts'
import { closeLogin, type Login, openLogin } from './operations/login.ts'
import { ensureDefaultExperiment } from './store/experiments.ts'

/** Everything a handler may use: opened once, closed once. */
export interface Context {
  readonly config: Config
  readonly db: Db
  /** For what only reads; `rpc` lets read RPCs have it as their `db`. */
  readonly replica?: Replica | undefined
  /** The store behind `mlflow-artifacts:` URIs (`MLFLOW_ARTIFACTS_DESTINATION`). */
  readonly artifacts: ArtifactStore
  /** Those behind other artifact URIs. */
  readonly artifactStores: ArtifactStores
  /** Who may enter; undefined while no login is on, and then everybody may do everything. */
  readonly login?: Login | undefined
  readonly clock: Clock
  readonly log: Logger
}

/** A context as the handler of one request sees it. */
export interface RequestContext extends Context {
  /** Who sends the request. */
  readonly caller: Caller
}

export type Logger = Pick<FastifyBaseLogger, 'debug' | 'info' | 'warn' | 'error'>

/** Now, in milliseconds since the epoch. */
export type Clock = () => number

/** Opens the database (creating it when it is empty, unless it is only read) and the artifact store. */
export async function openContext(settings: Config, log: Logger, clock: Clock = Date.now): Promise<Context> {
  const config = { ...settings, defaultArtifactRoot: absoluteRoot(settings.defaultArtifactRoot) }
  const stores = artifactStores(config)
  const artifacts = await openArtifactStore(config.artifactsDestination, stores, config.readOnly)
  const { db, outcome } = await openMigrated(config.backendStoreUri, databaseOptions(config))
  if (outcome === 'created' && !config.artifactsOnly) log.info('created the database schema')
  if (!config.readOnly) await ensureDefaultExperiment(db, config.defaultArtifactRoot, clock())
  const replica = await replicaOf(config, db, log)
  return {
    config,
    db,
    replica,
    login: await loginOf(config, db, replica, log),
    artifacts,
    artifactStores: stores,
    clock,
    log,
  }
}

async function replicaOf(config: Config, db: Db, log: Logger): Promise<Replica | undefined> {
  const { readReplicaUri: uri, backendStoreUri } = config
  if (uri === backendStoreUri) log.warn('MLFLOW_READ_REPLICA_BACKEND_STORE_URI names the database itself')
  if (uri === '' || uri === backendStoreUri) return undefined
  try {
    const { openReplica } = await import('./db/replica.ts')
    return await openReplica(uri, databaseOptions(config), db, log)
  } catch (error) {
    await db.destroy()
    throw error
  }
}

async function loginOf(
  config: Config,
  db: Db,
  replica: Replica | undefined,
  log: Logger,
): Promise<Login | undefined> {
  try {
    return await openLogin(config, db, log)
  } catch (error) {
    await replica?.close()
    await db.destroy()
    throw error
  }
}

/** Clients read the root in every experiment, from folders of their own. */
function absoluteRoot(uri: string): string {
  return schemeOf(uri) === '' ? localFolder(uri) : uri
}

export async function closeContext(context: Context): Promise<void> {
  await context.replica?.close()
  if (context.login) await closeLogin(context.login, context.db)
  await context.artifactStores.close()
  await context.db.destroy()
}
