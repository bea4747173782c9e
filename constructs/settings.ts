/**
 * The settings of one tracking stack, shared by every tier. Pulumi and CDK read them from their own configuration,
 * the constructs build from them, and `trackingEnvironment` makes of them the server's environment.
 */
import { z } from 'zod'
import type { Config, SettingName } from '../server/config.ts'
import { SETTINGS } from '../server/config-settings.ts'
import { contradictions } from './contradictions.ts'

/** Port the image listens on, inside its container. */
export const CONTAINER_PORT = 5000

/** Folder of the image that holds what must outlive a container. */
export const DATA_FOLDER = '/data'

export const TIERS = ['local', 'team', 'enterprise'] as const

const text = (pattern: RegExp, message: string) => z.string().regex(pattern, { message })

const wholeNumber = (least: number, most: number, unit = '') => {
  const error = `must be a whole number from ${least} to ${most}${unit && ` ${unit}`}`
  return z.int({ error }).min(least, { error }).max(most, { error })
}

/** An option that is a setting of the server: whatever the server would refuse at its start is refused here. */
function asServer<Name extends SettingName>(name: Name, type: z.ZodType<Config[Name]>) {
  const schema: z.ZodType<unknown, unknown> = SETTINGS[name].schema
  return type.superRefine((value, context) => {
    const encoded = z.safeEncode(schema, value)
    const read = encoded.success ? z.safeDecode(schema, encoded.data) : encoded
    if (!read.success) context.addIssue({ code: 'custom', message: read.error.issues[0]?.message })
  })
}

const database = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({
      kind: z.literal('sqlite'),
      /** File name inside the data folder. @default mlflow.db */
      file: text(/^[\w-][\w.-]*$/, 'must be a plain file name').default('mlflow.db'),
    }),
    z.strictObject({
      kind: z.literal('postgres'),
      /** Host name or address. User and password are no settings: servers read them from `DATABASE_SECRET`. */
      host: text(/^[^\s/@:]+$/, 'must be a host name or an address'),
      /** @default 5432 */
      port: wholeNumber(1, 65_535).default(5432),
      /** Name of the database on that host. @default mlflow */
      name: text(/^[a-z_][a-z0-9_]{0,62}$/, 'must be a lower-case PostgreSQL name').default('mlflow'),
      /** libpq's `sslmode`. @default verify-full */
      tls: z.enum(['verify-full', 'require', 'disable']).default('verify-full'),
    }),
  ],
  { error: 'must be of kind sqlite or postgres' },
)

const artifacts = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({
      kind: z.literal('local'),
      /** Folder name inside the data folder. @default artifacts */
      folder: text(/^[\w-][\w.-]*$/, 'must be a plain folder name').default('artifacts'),
    }),
    z.strictObject({
      kind: z.literal('s3'),
      bucket: text(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of an S3 bucket'),
      /** Key prefix, without slashes at its ends. @default the whole bucket */
      prefix: text(/^[\w.-]+(\/[\w.-]+)*$/, 'must not begin or end with a slash').optional(),
    }),
  ],
  { error: 'must be of kind local or s3' },
)

/** Every option of a stack by itself; `parseSettings` also checks them together. */
export const TRACKING_OPTIONS = z.strictObject({
  /** Prefix of every resource's name. @default trackyard */
  name: text(/^[a-z][a-z0-9-]{0,29}$/, 'must be a-z, 0-9 and -, at most 30, a letter first').default(
    'trackyard',
  ),
  tier: z.enum(TIERS),
  /** Reference of an image that exists. @default one built from the repository's docker/Dockerfile */
  image: text(/^[^\s]+$/, 'must be the reference of an image').optional(),
  /** Address of the host the port is published on. @default 127.0.0.1 */
  bindAddress: z.union([z.ipv4(), z.ipv6()], { error: 'must be an IP address' }).default('127.0.0.1'),
  /** Port of the host. @default 5000 */
  port: wholeNumber(1, 65_535).default(5000),
  /** Memory a container may use, in MiB. @default 1024 */
  memoryMiB: wholeNumber(256, 1_048_576, 'MiB').default(1024),
  /** Containers running at the same time. @default 1 */
  replicas: wholeNumber(1, 100).default(1),
  /** @default SQLite in the data folder */
  database: database.prefault({ kind: 'sqlite' }),
  /** @default a folder in the data folder */
  artifacts: artifacts.prefault({ kind: 'local' }),
  /** Least severe log lines the server writes. @default info */
  logLevel: asServer('logLevel', z.custom<Config['logLevel']>()).default(SETTINGS.logLevel.fallback),
  /** Host headers to answer, with * as wildcard. @default localhost and private addresses */
  allowedHosts: asServer('allowedHosts', z.array(z.string().min(1)).readonly()).default([]),
  /** Origins that may write from a browser. @default localhost */
  corsAllowedOrigins: asServer('corsAllowedOrigins', z.array(z.string().min(1)).readonly()).default([]),
  /** Path before every URL, for example /mlflow. @default none */
  staticPrefix: asServer('staticPrefix', z.string()).default(''),
  /** Server processes in a container; more than one needs PostgreSQL. @default 1 */
  workers: asServer('workers', z.number()).default(1),
  /** Time that requests in flight have to finish when a container stops, in seconds. @default 25 */
  drainSeconds: asServer('drainSeconds', z.number()).default(SETTINGS.drainSeconds.fallback),
})

const schema = TRACKING_OPTIONS.superRefine((settings, context) => {
  for (const { path, message } of contradictions(settings)) {
    context.addIssue({ code: 'custom', path: [path], message, input: settings[path] })
  }
})

/** The settings with every default filled in. */
export type TrackingSettings = z.output<typeof TRACKING_OPTIONS>
/** What a person writes: only `tier` is required. */
export type TrackingSettingsInput = z.input<typeof TRACKING_OPTIONS>

export type OptionName = keyof TrackingSettings

/** Every problem with the settings of a stack, each naming the option, its value and what is allowed. */
export class SettingsError extends Error {
  override name = 'SettingsError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

/**
 * Fills in the defaults and checks everything, contradictions between options included.
 * @throws SettingsError with all problems at once
 */
export function parseSettings(input: unknown): TrackingSettings {
  return parseOptions(schema, input, Object.keys(TRACKING_OPTIONS.shape))
}

/**
 * Checks options that a person wrote. `known` are the names there are.
 * @throws SettingsError with all problems at once
 */
export function parseOptions<T>(schema: z.ZodType<T>, input: unknown, known: readonly string[]): T {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  throw new SettingsError(parsed.error.issues.flatMap((issue) => problemsOf(issue, input, known)))
}

function problemsOf(issue: z.core.$ZodIssue, input: unknown, known: readonly string[]): string[] {
  if (issue.code === 'unrecognized_keys') {
    const where = issue.path.length > 0 ? `${issue.path.join('.')}.` : ''
    return issue.keys.map(
      (key) => `${where}${key}: no such option${where ? '' : `; there are ${known.join(', ')}`}`,
    )
  }
  const value = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown>)?.[key], input)
  const shown = value === undefined ? '' : `=${JSON.stringify(value)}`
  return [`${issue.path.join('.')}${shown}: ${issue.message}`]
}
