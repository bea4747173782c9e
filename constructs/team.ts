/** What the containers of the team tier besides the servers are; docker-compose.yaml says the same. */
import { FILES_FOLDER, tmpfsOptions } from './container.ts'
import type { TrackingSettings } from './settings.ts'

/** Roles of PostgreSQL, each with a database of its name and a password in `<name>.password`. */
export const DATABASES = { tracking: 'mlflow', login: 'mlflow_login' } as const

/** Name of the database's container in the network of the stack. */
export const DATABASE_HOST = 'database'

/** `postgres` of the image's Debian; a volume takes over the owner of the image's folder. */
export const DATABASE = {
  image: 'postgres:17',
  user: '999:999',
  entrypoint: ['bash', `${FILES_FOLDER}/database.sh`],
  // The folder of the image is for everybody to write to, so a new volume there is as well.
  dataFolder: '/var/lib/postgresql/data',
  tmpfs: {
    '/tmp': tmpfsOptions(64),
    '/var/run/postgresql': tmpfsOptions(1, 'uid=999,gid=999,mode=0775'),
  },
  sharedMemoryMiB: 256,
  // Over TCP: while the script prepares it, PostgreSQL answers on its socket only.
  health: ['CMD', 'pg_isready', '--quiet', '--host=127.0.0.1', '--username=postgres'],
  stopSeconds: 60,
} as const

/** What PostgreSQL is started with. */
export function databaseCommand(memoryMiB: number, maxConnections: number): string[] {
  return [
    ...['-c', `shared_buffers=${Math.floor(memoryMiB / 4)}MB`],
    ...['-c', `effective_cache_size=${Math.floor((memoryMiB * 3) / 4)}MB`],
    ...['-c', `max_connections=${maxConnections}`],
  ]
}

export const BACKUP = {
  image: DATABASE.image,
  entrypoint: ['bash', `${FILES_FOLDER}/backup.sh`],
  command: ['schedule'],
  /** See `DATABASE.dataFolder`. */
  folder: DATABASE.dataFolder,
  memoryMiB: 256,
  health: ['CMD', ...['bash', `${FILES_FOLDER}/backup.sh`], 'health'],
  stopSeconds: 30,
} as const

export function backupEnvironment({ at, keep }: NonNullable<TrackingSettings['backup']>) {
  return {
    PGHOST: DATABASE_HOST,
    DATABASES: Object.values(DATABASES).join(' '),
    BACKUP_TIME: at,
    BACKUP_KEEP: `${keep}`,
  }
}

/** State of the proxy: its authority, its certificates, and the socket it is told of new servers through. */
const PROXY_STATE = '/var/tmp'

const RELOAD = [
  ...['caddy', 'reload', '--config', `${FILES_FOLDER}/Caddyfile`, '--adapter', 'caddyfile'],
  ...['--address', `unix/${PROXY_STATE}/admin.sock`],
]

export const PROXY = {
  image: 'caddy:2',
  command: ['caddy', 'run', '--config', `${FILES_FOLDER}/Caddyfile`, '--adapter', 'caddyfile'],
  /** Tells a running proxy its configuration; without a change, whether it listens. */
  reload: RELOAD,
  reloadIfRunning: ['sh', '-c', `[ ! -S ${PROXY_STATE}/admin.sock ] || exec ${RELOAD.join(' ')}`],
  port: 8443,
  /** Everybody may write to this folder of the image, so a new volume there needs no root. */
  stateFolder: PROXY_STATE,
  environment: { HOME: PROXY_STATE, XDG_DATA_HOME: PROXY_STATE, XDG_CONFIG_HOME: PROXY_STATE },
  // Caddy's program in its image carries it, and is not even started where it cannot be had.
  capability: 'CAP_NET_BIND_SERVICE',
  memoryMiB: 256,
  stopSeconds: 60,
} as const

/** Certificate and key among the proxy's files. */
export const CERTIFICATE = { certificate: 'certificate.pem', key: 'key.pem' } as const
