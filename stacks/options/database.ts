import { z } from 'zod'
import { text, wholeNumber } from '../../constructs/option-types.ts'
import { RDS_AUTHORITIES } from '../../constructs/rds-authorities.ts'

const keyArn = text(/^arn:[\w-]+:kms:\S+:key\/\S+$/, 'must be the ARN of a key')

const existing = z.strictObject({
  /** Name of the instance on RDS. */
  identifier: text(/^[a-z][a-z0-9-]{0,62}$/, 'must be the name of an instance'),
  /** Its resource id, which rights to log in with tokens of IAM name. @default none: it needs the login `password` */
  resourceId: text(/^db-[A-Z0-9]+$/, 'must be a resource id such as db-ABCDEFGHIJKL').optional(),
  /** Name or address at which servers reach it. */
  host: text(/^[^\s/@:]+$/, 'must be a host name or an address'),
  /** Port at which it listens. @default 5432 */
  port: wholeNumber(1, 65_535).default(5432),
  /** Security group of the instance; the servers are let into it. */
  securityGroupId: text(/^sg-([0-9a-f]{8}|[0-9a-f]{17})$/, 'must be the id of a security group'),
  /** Secret with `username` and `password`, as JSON, of who may make roles and databases there. */
  administratorSecretArn: text(/^arn:[\w-]+:secretsmanager:\S+-\w{6}$/, 'must be the whole ARN of a secret'),
  /** Key of that secret. @default the account's own of Secrets Manager */
  administratorKeyArn: keyArn.optional(),
  /** Key of the instance's storage and snapshots, which backups and drills use. @default the account's own of RDS, or none */
  storageKeyArn: keyArn.optional(),
})

/** Of an instance that is there already somebody else decides these. */
const OF_A_NEW_ONE = [
  'instanceType',
  'multiAz',
  'storageGiB',
  'maxStorageGiB',
  'backupDays',
  'deletionProtection',
  'readReplica',
  'proxy',
] as const

export const databaseOptions = z
  .strictObject({
    /** An instance of PostgreSQL on RDS that is there. @default a new one */
    existing: existing.optional(),
    /** Type of the instance. @default m7g.large */
    instanceType: text(/^[a-z0-9-]+\.[a-z0-9]+$/, 'must be an instance type such as m7g.large').optional(),
    /** A standby in another Availability Zone. @default true */
    multiAz: z.boolean().optional(),
    /** Storage to begin with, in GiB. @default 50 */
    storageGiB: wholeNumber(20, 65_536, 'GiB').optional(),
    /** Storage it may grow to by itself, in GiB. @default 500 */
    maxStorageGiB: wholeNumber(20, 65_536, 'GiB').optional(),
    /** Days within which any moment can be restored. @default 14 */
    backupDays: wholeNumber(1, 35, 'days').optional(),
    /** Refuse to delete the instance. @default true */
    deletionProtection: z.boolean().optional(),
    /** A second instance that answers what only reads. @default false */
    readReplica: z.boolean().optional(),
    /**
     * RDS Proxy before it, for the login `iam`: servers keep their connections while the standby takes over, and may be
     * more than the instance has connections for. @default none
     */
    proxy: z
      .strictObject({
        /** Share of the instance's connections that it may open, in percent. @default 75 */
        connectionsPercent: wholeNumber(1, 99, 'percent').optional(),
      })
      .optional(),
    /** Connections it takes at the same time. @default what RDS gives the instance type */
    maxConnections: wholeNumber(20, 5000).optional(),
    /** Name of the database of runs; that of users has `_users` behind it. @default mlflow */
    name: text(/^[a-z_][a-z0-9_]{0,55}$/, 'must be a lower-case PostgreSQL name').default('mlflow'),
    /** Bring an older schema forward before new servers start; the way back is a snapshot. @default false */
    upgrade: z.boolean().default(false),
    /** How servers log in: tokens of IAM, or a password of their own in Secrets Manager. @default iam */
    login: z.enum(['iam', 'password'], { error: 'must be iam or password' }).default('iam'),
    /** libpq's `sslmode`; another than verify-full is for rehearsals without RDS. @default verify-full */
    tls: z
      .enum(['verify-full', 'require', 'disable'], { error: 'must be verify-full, require or disable' })
      .default('verify-full'),
    /** File in the image with the authorities of the certificates of RDS. @default the image's own */
    authority: text(/^\/[\w./-]+$/, 'must be the path of a file').default(RDS_AUTHORITIES),
    /** Connections a server process keeps to each database. @default 5 */
    poolSize: wholeNumber(1, 1000).default(5),
    /** Connections a peak may open besides. @default 10 */
    poolOverflow: wholeNumber(0, 1000).default(10),
  })
  .superRefine((options, context) => {
    const refuse = (name: string, message: string) =>
      context.addIssue({ code: 'custom', path: [name], message })
    for (const name of OF_A_NEW_ONE) {
      if (options.existing && options[name] !== undefined) {
        refuse(name, 'an existing instance has its own: leave it out')
      }
    }
    if (options.login === 'iam' && options.tls === 'disable') {
      refuse('tls', 'tokens of IAM are sent through TLS only: use verify-full, or the login password')
    }
    if (options.login === 'iam' && options.existing && !options.existing.resourceId) {
      refuse('existing', 'say the resourceId, which the right to log in names, or use the login password')
    }
    if (options.proxy && options.login !== 'iam') {
      refuse('proxy', 'it is given no password: use the login iam')
    }
    if ((options.storageGiB ?? 50) > (options.maxStorageGiB ?? 500)) {
      refuse('maxStorageGiB', 'must be at least storageGiB')
    }
  })

export type DatabaseOptions = z.output<typeof databaseOptions>
