/** The options of a stack that are one of several kinds, or have parts. */
import { z } from 'zod'
import { text, wholeNumber } from './option-types.ts'

const plainName = (what: string) => text(/^[\w-][\w.-]*$/, `must be a plain ${what} name`)

/** Size and upkeep of an instance on RDS. */
const RDS = {
  kind: z.literal('rds'),
  /** Subnets of one VPC, in at least two Availability Zones. */
  subnetIds: z
    .array(text(/^subnet-[0-9a-f]+$/, 'must be ids of subnets'))
    .min(2, { error: 'must be two subnets at least, in different Availability Zones' }),
  /** The VPC of those subnets. */
  vpcId: text(/^vpc-[0-9a-f]+$/, 'must be the id of a VPC'),
  /** Addresses that may connect: those of the engine's host. */
  clients: z
    .array(z.cidrv4({ error: 'must be a range of IPv4 addresses such as 10.0.1.5/32' }))
    .min(1, { error: 'must name at least one range' }),
  /** Processors and memory, as RDS names them. @default db.t4g.medium */
  instanceClass: text(
    /^db\.[a-z0-9]+\.[a-z0-9]+$/,
    'must be an instance class such as db.t4g.medium',
  ).default('db.t4g.medium'),
  /** Storage to begin with, in GiB. @default 20 */
  storageGiB: wholeNumber(20, 65_536, 'GiB').default(20),
  /** Storage it may grow to by itself, in GiB. @default 200 */
  maxStorageGiB: wholeNumber(20, 65_536, 'GiB').default(200),
  /** Days within which any moment can be restored. @default 14 */
  backupDays: wholeNumber(1, 35, 'days').default(14),
  /** A standby in another Availability Zone. @default false */
  multiAz: z.boolean().default(false),
  /** File in the image with the authorities of the certificates of RDS. @default the image's own */
  authority: text(/^\/[\w./-]+$/, 'must be the path of a file').optional(),
} as const

export const database = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({
      kind: z.literal('sqlite'),
      /** File name inside the data folder. @default mlflow.db */
      file: plainName('file').default('mlflow.db'),
    }),
    z.strictObject({
      kind: z.literal('postgres'),
      /** Host name or address. User and password are no settings: servers read them from `DATABASE_SECRET`. */
      host: text(/^[^\s/@:]+$/, 'must be a host name or an address'),
      /** Port of that host. @default 5432 */
      port: wholeNumber(1, 65_535).default(5432),
      /** Name of the database on that host. @default mlflow */
      name: text(/^[a-z_][a-z0-9_]{0,62}$/, 'must be a lower-case PostgreSQL name').default('mlflow'),
      /** libpq's `sslmode`. @default verify-full */
      tls: z.enum(['verify-full', 'require', 'disable']).default('verify-full'),
      /** File in the image with the authorities of the database's certificate. @default those Node knows */
      authority: text(/^\/[\w./-]+$/, 'must be the path of a file').optional(),
      /** Role to log in as with tokens of RDS IAM authentication. @default user and password of `DATABASE_SECRET` */
      iamUser: text(/^[a-z_][a-z0-9_]{0,62}$/, 'must be a lower-case PostgreSQL name').optional(),
      /** Database of users on that host. @default the server's: none that outlives a container */
      users: text(/^[a-z_][a-z0-9_]{0,62}$/, 'must be a lower-case PostgreSQL name').optional(),
      /** Host of a proxy that servers connect to; `db prepare` alone asks `host` itself. @default none */
      proxyHost: text(/^[^\s/@:]+$/, 'must be a host name or an address').optional(),
      /** Host of a replica, for requests that only read. @default none */
      replicaHost: text(/^[^\s/@:]+$/, 'must be a host name or an address').optional(),
      /** Connections a process keeps to each database. @default 5 */
      poolSize: wholeNumber(1, 1000).default(5),
      /** Connections a peak may open besides. @default 10 */
      poolOverflow: wholeNumber(0, 1000).default(10),
    }),
    z.strictObject({
      /** PostgreSQL in a container beside the servers. */
      kind: z.literal('container'),
      /** Memory it may use, in MiB; a quarter of it is PostgreSQL's own cache. @default 1024 */
      memoryMiB: wholeNumber(256, 1_048_576, 'MiB').default(1024),
      /** Connections it takes at the same time. @default 200 */
      maxConnections: wholeNumber(20, 10_000).default(200),
    }),
    /** PostgreSQL on Amazon RDS, made by the stack. */
    z.strictObject(RDS),
  ],
  { error: 'must be of kind sqlite, postgres, container or rds' },
)

export const artifacts = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({
      kind: z.literal('local'),
      /** Folder name inside the data folder. @default artifacts */
      folder: plainName('folder').default('artifacts'),
    }),
    z.strictObject({
      kind: z.literal('s3'),
      /** The team tier and the enterprise tier make it. */
      bucket: text(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of an S3 bucket'),
      /** Key prefix, without slashes at its ends. @default the whole bucket */
      prefix: text(/^[\w.-]+(\/[\w.-]+)*$/, 'must not begin or end with a slash').optional(),
    }),
  ],
  { error: 'must be of kind local or s3' },
)

export const tls = z.discriminatedUnion(
  'kind',
  [
    /** An authority of the proxy's own, whose certificate clients must be given. */
    z.strictObject({ kind: z.literal('internal') }),
    z.strictObject({
      kind: z.literal('files'),
      /** PEM file of this machine with the certificate and those it was signed by. */
      certificate: z.string().min(1, { error: 'must be the path of a PEM file' }),
      /** PEM file of this machine with its key. */
      key: z.string().min(1, { error: 'must be the path of a PEM file' }),
    }),
    z.strictObject({
      /** An authority that speaks ACME, such as Let's Encrypt. */
      kind: z.literal('acme'),
      /** Where the authority sends what goes wrong. */
      email: z.email({ error: 'must be an address of e-mail' }),
    }),
  ],
  { error: 'must be of kind internal, files or acme' },
)

export const backup = z.strictObject({
  /** Time of day in UTC. @default 02:30 */
  at: text(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time such as 02:30').default('02:30'),
  /** How many are kept; the oldest goes first. @default 14 */
  keep: wholeNumber(1, 1000).default(14),
})

/** `basic`: users and passwords, as `mlflow server --app-name basic-auth`. */
export const login = z.enum(['none', 'basic'], { error: 'must be none or basic' })

/** What the team tier has where nothing is said. */
export const TEAM_DEFAULTS = {
  database: { kind: 'container' },
  tls: { kind: 'internal' },
  login: 'basic',
  backup: {},
  leaveSeconds: 5,
} as const

/** What the enterprise tier has where nothing is said. */
export const ENTERPRISE_DEFAULTS = { signOn: {} } as const
