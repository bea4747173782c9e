/**
 * The settings of one tracking stack, shared by every tier. Pulumi and CDK read them from their own configuration,
 * the constructs build from them, and `trackingEnvironment` makes of them the server's environment.
 */
import { z } from 'zod'
import type { Config, SettingName } from '../server/config.ts'
import { SETTINGS } from '../server/config-settings.ts'
import { contradictions } from './contradictions.ts'
import { nearest } from './nearest.ts'
import {
  artifacts,
  backup,
  database,
  ENTERPRISE_DEFAULTS,
  login,
  TEAM_DEFAULTS,
  tls,
} from './option-kinds.ts'
import { optionNamesAt } from './option-names.ts'
import { text, wholeNumber } from './option-types.ts'
import { signOn } from './sign-on-options.ts'

/** Port the image listens on, inside its container. */
export const CONTAINER_PORT = 5000

/** Folder of the image that holds what must outlive a container. */
export const DATA_FOLDER = '/data'

export const TIERS = ['local', 'team', 'enterprise'] as const

/** An option that is a setting of the server: whatever the server would refuse at its start is refused here. */
function asServer<Name extends SettingName>(name: Name, type: z.ZodType<Config[Name]>) {
  const schema: z.ZodType<unknown, unknown> = SETTINGS[name].schema
  return type.superRefine((value, context) => {
    const encoded = z.safeEncode(schema, value)
    const read = encoded.success ? z.safeDecode(schema, encoded.data) : encoded
    if (!read.success) context.addIssue({ code: 'custom', message: read.error.issues[0]?.message })
  })
}

/** Every option of a stack by itself; `parseSettings` also checks them together. */
export const TRACKING_OPTIONS = z.strictObject({
  /** Prefix of every resource's name. @default trackyard */
  name: text(/^[a-z][a-z0-9-]{0,29}$/, 'must be a-z, 0-9 and -, at most 30, a letter first').default(
    'trackyard',
  ),
  /** What the stack is: `local`, for one person; `team`; `enterprise`. Pulumi's programs take it from the stack's name. */
  tier: z.enum(TIERS),
  /** Reference of an image that exists. @default one built from the repository's docker/Dockerfile */
  image: text(/^[^\s]+$/, 'must be the reference of an image').optional(),
  /** Docker engine to run on, reached over SSH: `ssh://user@host`. @default the engine of this machine */
  host: text(/^ssh:\/\/[^\s/@]+@[^\s/@]+$/, 'must be ssh://user@host').optional(),
  /** Labels of every container, network and volume. @default none */
  labels: z
    .record(text(/^[\w.-]+$/, 'must be a name of letters, digits, ., - and _'), z.string())
    .default({}),
  /** Address of the host the port is published on. @default 127.0.0.1 */
  bindAddress: z.union([z.ipv4(), z.ipv6()], { error: 'must be an IP address' }).default('127.0.0.1'),
  /** Port of the host. @default 5000 */
  port: wholeNumber(1, 65_535).default(5000),
  /** Name that clients use, without scheme and port; the certificate is for it. @default localhost */
  hostName: text(/^[a-z0-9-]+(\.[a-z0-9-]+)*$/, 'must be a host name in lower case').default('localhost'),
  /** Where the certificate of `hostName` comes from. @default the team tier: an authority of the proxy's own */
  tls: tls.optional(),
  /** Who may enter: `basic`: users with passwords; `none`: all who reach the port. @default none; the team tier: basic */
  login: login.optional(),
  /** Who may enter the enterprise tier, and how they show who they are. @default users with passwords */
  signOn: signOn.optional(),
  /** Memory a server's container may use, in MiB. @default 1024 */
  memoryMiB: wholeNumber(256, 1_048_576, 'MiB').default(1024),
  /** Processor cores a container may use. @default 1 */
  cpus: z
    .number({ error: 'must be a number from 0.1 to 512 cores' })
    .min(0.1, { error: 'must be a number from 0.1 to 512 cores' })
    .max(512, { error: 'must be a number from 0.1 to 512 cores' })
    .default(1),
  /** Containers running at the same time. @default 1 */
  replicas: wholeNumber(1, 100).default(1),
  /** Daily backups of databases and artifacts. @default the team tier: at 02:30 UTC, 14 of them kept */
  backup: backup.optional(),
  /** Where runs, models and users are kept. @default SQLite in the data folder; the team tier: PostgreSQL in a container */
  database: database.prefault({ kind: 'sqlite' }),
  /** Where the files of runs and models are kept. @default a folder in the data folder */
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
  /** Time in which a server that ends tells its proxy so and still serves, in seconds. @default 0; the team tier: 5 */
  leaveSeconds: asServer('leaveSeconds', z.number()).default(SETTINGS.leaveSeconds.fallback),
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
  const tier = (input as Partial<TrackingSettingsInput> | undefined)?.tier
  const defaults = { local: {}, team: TEAM_DEFAULTS, enterprise: ENTERPRISE_DEFAULTS }[tier ?? 'local']
  const withDefaults = { ...defaults, ...(input as object) }
  return parseOptions(schema, withDefaults)
}

/**
 * Checks options that a person wrote.
 * @throws SettingsError with all problems at once
 */
export function parseOptions<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input, { error: plainWords })
  if (parsed.success) return parsed.data
  // One problem an option: what is no range of addresses at all is not too large a one as well.
  const byOption = new Map(parsed.error.issues.toReversed().map((issue) => [issue.path.join('.'), issue]))
  const first = parsed.error.issues.filter((issue) => byOption.get(issue.path.join('.')) === issue)
  throw new SettingsError(first.flatMap((issue) => problemsOf(issue, schema, input)))
}

const KINDS: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  number: 'a number',
  object: 'an object of options',
  record: 'an object of names and texts',
  string: 'a text',
}

/** For options that say nothing themselves of what they must be. */
function plainWords(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_key') return issue.issues[0]?.message
  if (issue.code !== 'invalid_type') return undefined
  const kind = `must be ${KINDS[issue.expected] ?? issue.expected}`
  return issue.input === undefined ? `is missing; it ${kind}` : kind
}

function problemsOf(issue: z.core.$ZodIssue, schema: z.ZodType, input: unknown): string[] {
  if (issue.code === 'unrecognized_keys') {
    const known = optionNamesAt(schema, input, issue.path)
    return issue.keys.map(
      (key) => `${[...issue.path, key].join('.')}: no such option; ${instead(key, known)}`,
    )
  }
  const value = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown>)?.[key], input)
  const shown = value === undefined ? '' : `=${JSON.stringify(value)}`
  return [`${issue.path.join('.')}${shown}: ${issue.message}`]
}

function instead(name: string, known: readonly string[]): string {
  const meant = nearest(name, known)
  return meant ? `did you mean ${meant}?` : `there are ${known.join(', ')}`
}
