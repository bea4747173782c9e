import { type Config, parseConfig, toEnvironment } from '../server/config.ts'
import { SETTINGS } from '../server/config-settings.ts'
import { CONTAINER_PORT, DATA_FOLDER, type TrackingSettings } from './settings.ts'

/** Variable with the ARN of the database's credentials: the server reads them itself, whenever it connects. */
export const DATABASE_SECRET = SETTINGS.databaseSecret.env

/**
 * The environment of one server container.
 * @throws ConfigError when the server would refuse it at its start
 */
export function trackingEnvironment(settings: TrackingSettings): Record<string, string> {
  const environment = toEnvironment(serverConfig(settings))
  parseConfig(environment)
  return environment
}

function serverConfig(settings: TrackingSettings): Partial<Config> {
  return {
    // Of the container: which address of the host reaches it is the port mapping's to say.
    host: '0.0.0.0',
    port: CONTAINER_PORT,
    backendStoreUri: databaseUri(settings.database),
    artifactsDestination: artifactsUri(settings.artifacts),
    logLevel: settings.logLevel,
    allowedHosts: settings.allowedHosts,
    corsAllowedOrigins: settings.corsAllowedOrigins,
    staticPrefix: settings.staticPrefix,
    workers: settings.workers,
    drainSeconds: settings.drainSeconds,
  }
}

function databaseUri(database: TrackingSettings['database']): string {
  switch (database.kind) {
    case 'sqlite':
      return `sqlite:///${DATA_FOLDER}/${database.file}`
    case 'postgres':
      return `postgresql://${database.host}:${database.port}/${database.name}?sslmode=${database.tls}`
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
