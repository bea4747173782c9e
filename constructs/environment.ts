import { type Config, parseConfig, toEnvironment } from '../server/config.ts'
import { SETTINGS } from '../server/config-settings.ts'
import { KEEP_ALIVE_SECONDS } from './load-balancer.ts'
import { CONTAINER_PORT, DATA_FOLDER, type TrackingSettings } from './settings.ts'
import { signOnConfig } from './sign-on.ts'

/** Variable with the ARN of the database's credentials: the server reads them itself, whenever it connects. */
export const DATABASE_SECRET = SETTINGS.databaseSecret.env

/**
 * The environment of one server container. `made` is what is known only once the stack has made it, such as where
 * its database is.
 * @throws ConfigError when the server would refuse it at its start
 */
export function trackingEnvironment(
  settings: TrackingSettings,
  made: Partial<Config> = {},
): Record<string, string> {
  const config = { ...serverConfig(settings), ...made }
  if (!config.backendStoreUri)
    throw new Error(`a database of kind ${settings.database.kind} must be made first`)
  const environment = toEnvironment(config)
  parseConfig(environment)
  return environment
}

function serverConfig(settings: TrackingSettings): Partial<Config> {
  const database = databaseConfig(settings.database)
  return {
    // Of the container: which address of the host reaches it is the port mapping's to say.
    host: '0.0.0.0',
    port: CONTAINER_PORT,
    // Users without a database of their own are where runs are.
    ...(settings.signOn && { authDatabaseUri: database.backendStoreUri }),
    ...database,
    artifactsDestination: artifactsUri(settings.artifacts),
    logLevel: settings.logLevel,
    ...namesOf(settings),
    ...signOnConfig(settings),
    staticPrefix: settings.staticPrefix,
    workers: settings.workers,
    leaveSeconds: settings.leaveSeconds,
    drainSeconds: settings.drainSeconds,
    ...(settings.tier === 'enterprise' && { keepAliveSeconds: KEEP_ALIVE_SECONDS }),
  }
}

/** The name that clients use is one the server answers to. Localhost is without being said. */
function namesOf(settings: TrackingSettings): Pick<Config, 'allowedHosts' | 'corsAllowedOrigins'> {
  const { hostName, port, allowedHosts, corsAllowedOrigins } = settings
  if (hostName === 'localhost') return { allowedHosts, corsAllowedOrigins }
  const origin = `https://${hostName}${port === 443 ? '' : `:${port}`}`
  return {
    allowedHosts: [hostName, `${hostName}:*`, ...allowedHosts],
    corsAllowedOrigins: [origin, ...corsAllowedOrigins],
  }
}

function databaseConfig(database: TrackingSettings['database']): Partial<Config> {
  switch (database.kind) {
    case 'sqlite':
      return { backendStoreUri: `sqlite:///${DATA_FOLDER}/${database.file}` }
    case 'postgres':
      return postgresConfig(database)
    case 'container':
    case 'rds':
      return {}
  }
}

function postgresConfig(
  database: Extract<TrackingSettings['database'], { kind: 'postgres' }>,
): Partial<Config> {
  const { host, port, name, users, proxyHost, replicaHost, iamUser, authority, tls, poolSize, poolOverflow } =
    database
  const user = iamUser === undefined ? '' : `${iamUser}@`
  const verified = authority === undefined ? '' : `&sslrootcert=${authority}`
  const uri = (at: string, of: string) => `postgresql://${user}${at}:${port}/${of}?sslmode=${tls}${verified}`
  const way = proxyHost ?? host
  return {
    backendStoreUri: uri(way, name),
    ...(proxyHost !== undefined && { databasePooler: true }),
    databasePoolSize: poolSize,
    databasePoolOverflow: poolOverflow,
    ...(iamUser !== undefined && { databaseIamAuth: true }),
    ...(users !== undefined && { authDatabaseUri: uri(way, users) }),
    ...(replicaHost !== undefined && { readReplicaUri: uri(replicaHost, name) }),
  }
}

function artifactsUri(artifacts: TrackingSettings['artifacts']): string {
  switch (artifacts.kind) {
    case 'local':
      return `${DATA_FOLDER}/${artifacts.folder}`
    case 's3':
      return `s3://${[artifacts.bucket, artifacts.prefix].filter(Boolean).join('/')}`
  }
}
