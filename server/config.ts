/**
 * The server's settings: the one definition of its environment and its flags. Pure: `parseConfig` reads what it
 * is given, `toEnvironment` is its inverse, and the constructs of every tier produce a server's environment with
 * the latter.
 */
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { parseDatabaseUri } from './db/uri.ts'

const flag = z.codec(z.string(), z.boolean(), {
  decode: (value, context) => {
    const lower = value.toLowerCase()
    if (['true', '1'].includes(lower)) return true
    if (['false', '0'].includes(lower)) return false
    context.issues.push({ code: 'custom', message: 'must be true or false', input: value })
    return z.NEVER
  },
  encode: String,
})

const integerBetween = (least: number, most: number) =>
  z.codec(z.string(), z.number(), {
    decode: (value, context) => {
      const parsed = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN
      if (parsed >= least && parsed <= most) return parsed
      context.issues.push({
        code: 'custom',
        message: `must be a whole number from ${least} to ${most}`,
        input: value,
      })
      return z.NEVER
    },
    encode: String,
  })

const commaList = z.codec(z.string(), z.array(z.string()).readonly(), {
  decode: (value) =>
    value
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  encode: (items) => items.join(','),
})

const databaseUri = z.string().superRefine((uri, context) => {
  try {
    parseDatabaseUri(uri)
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message })
  }
})

const artifactUri = z
  .string()
  .refine((uri) => isBucket(uri) || (/^(file:|[./~]|[\w-])/.test(uri) && localOrKnown(uri)), {
    message: 'must be a local folder (a path or file:///path) or s3://bucket/prefix',
  })

const artifactRoots = commaList.refine(
  (roots) => roots.every((root) => /^([a-z][a-z0-9+.-]+:|\/)/i.test(root)),
  { message: 'must be URI prefixes such as s3://bucket/team, or absolute folders' },
)

const artifactRoot = z.string().refine((uri) => /^mlflow-artifacts:/.test(uri) || localOrKnown(uri), {
  message: 'must be mlflow-artifacts:/ or a local folder (a path or file:///path)',
})

const regularExpression = z.string().refine(
  (text) => {
    try {
      new RegExp(text)
      return true
    } catch {
      return false
    }
  },
  { message: 'must be a regular expression' },
)

const staticPrefix = z
  .string()
  .regex(/^(\/[\w.~-]+)+$/, { message: "must start with '/' and not end with it" })

interface Setting<T extends z.ZodType = z.ZodType> {
  readonly env: string
  /** The long flag, without dashes; a boolean one also exists as `--no-…`. */
  readonly flag?: string
  readonly short?: string
  readonly schema: T
  readonly fallback: z.output<T>
  /** One sentence for `--help`. */
  readonly help: string
  /** The value may hold a password: it is shown nowhere. */
  readonly secret?: boolean
}

const setting = <T extends z.ZodType<unknown, string>>(definition: Setting<T>) => definition

/** Every setting, under MLflow's own environment name and flag where MLflow has one. */
export const SETTINGS = {
  backendStoreUri: setting({
    env: 'MLFLOW_BACKEND_STORE_URI',
    flag: 'backend-store-uri',
    schema: databaseUri,
    fallback: 'sqlite:///mlflow.db',
    help: 'Database of experiments, runs and models.',
    secret: true,
  }),
  defaultArtifactRoot: setting({
    env: 'MLFLOW_DEFAULT_ARTIFACT_ROOT',
    flag: 'default-artifact-root',
    schema: artifactRoot,
    fallback: 'mlflow-artifacts:/',
    help: 'Where new experiments keep artifacts; mlflow-artifacts:/ means through this server.',
  }),
  artifactsDestination: setting({
    env: 'MLFLOW_ARTIFACTS_DESTINATION',
    flag: 'artifacts-destination',
    schema: artifactUri,
    fallback: './mlartifacts',
    help: 'Where this server puts the artifacts it is sent.',
  }),
  allowedArtifactRoots: setting({
    env: 'TRACKYARD_ALLOWED_ARTIFACT_ROOTS',
    schema: artifactRoots,
    fallback: [],
    help: 'Further places an experiment may keep artifacts: URI prefixes, s3:// for every bucket.',
  }),
  serveArtifacts: setting({
    env: 'MLFLOW_SERVE_ARTIFACTS',
    flag: 'serve-artifacts',
    schema: flag,
    fallback: true,
    help: 'Upload, download and list artifacts through this server.',
  }),
  host: setting({
    env: 'MLFLOW_HOST',
    flag: 'host',
    short: 'h',
    schema: z.string().min(1, { message: 'must be a host name or an address' }),
    fallback: '127.0.0.1',
    help: 'Network interface to listen on.',
  }),
  port: setting({
    env: 'MLFLOW_PORT',
    flag: 'port',
    short: 'p',
    schema: integerBetween(0, 65535),
    fallback: 5000,
    help: 'Port to listen on; 0 takes a free one.',
  }),
  workers: setting({
    env: 'MLFLOW_WORKERS',
    flag: 'workers',
    short: 'w',
    schema: integerBetween(1, 64),
    fallback: 1,
    help: 'Server processes; with SQLite one process serves all requests, whatever this says.',
  }),
  staticPrefix: setting({
    env: 'MLFLOW_STATIC_PREFIX',
    flag: 'static-prefix',
    schema: z.union([z.literal(''), staticPrefix]),
    fallback: '',
    help: 'Path before every URL, for example /mlflow.',
  }),
  allowedHosts: setting({
    env: 'MLFLOW_SERVER_ALLOWED_HOSTS',
    flag: 'allowed-hosts',
    schema: commaList,
    fallback: [],
    help: "Host headers to answer, with * as wildcard (default: localhost and private addresses; '*' for all).",
  }),
  corsAllowedOrigins: setting({
    env: 'MLFLOW_SERVER_CORS_ALLOWED_ORIGINS',
    flag: 'cors-allowed-origins',
    schema: commaList,
    fallback: [],
    help: "Origins that may write from a browser (default: localhost; '*' for all).",
  }),
  xFrameOptions: setting({
    env: 'MLFLOW_SERVER_X_FRAME_OPTIONS',
    flag: 'x-frame-options',
    schema: z
      .string()
      .toUpperCase()
      .pipe(z.enum(['SAMEORIGIN', 'DENY', 'NONE'], { message: 'must be SAMEORIGIN, DENY or NONE' })),
    fallback: 'SAMEORIGIN',
    help: 'Who may show this server in a frame: SAMEORIGIN, DENY, or NONE for anyone.',
  }),
  disableSecurityMiddleware: setting({
    env: 'MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE',
    flag: 'disable-security-middleware',
    schema: flag,
    fallback: false,
    help: 'Turn the Host and Origin checks off. Dangerous.',
  }),
  truncateLongValues: setting({
    env: 'MLFLOW_TRUNCATE_LONG_VALUES',
    schema: flag,
    fallback: true,
    help: 'Cut parameter and tag values that are too long, instead of refusing them.',
  }),
  graphqlMaxRootFields: setting({
    env: 'MLFLOW_SERVER_GRAPHQL_MAX_ROOT_FIELDS',
    schema: integerBetween(1, 1000),
    fallback: 10,
    help: 'Most root fields in one GraphQL query.',
  }),
  graphqlMaxAliases: setting({
    env: 'MLFLOW_SERVER_GRAPHQL_MAX_ALIASES',
    schema: integerBetween(0, 1000),
    fallback: 10,
    help: 'Most aliases in one GraphQL query.',
  }),
  allowedHostAddressedSchemes: setting({
    env: 'MLFLOW_ALLOWED_HOST_ADDRESSED_ARTIFACT_SCHEMES',
    schema: commaList,
    fallback: [],
    help: 'URI schemes naming a host (http, ftp, …) that a model version source may use.',
  }),
  modelVersionSourceRegex: setting({
    env: 'MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX',
    schema: regularExpression,
    fallback: '',
    help: 'Regular expression (JavaScript) that the source of every new model version must match.',
  }),
  uiDir: setting({
    env: 'TRACKYARD_UI_DIR',
    schema: z.string(),
    fallback: '',
    help: "Folder of MLflow's built UI (default: where `trackyard ui` puts it).",
  }),
  htmlArtifactScripts: setting({
    env: 'TRACKYARD_HTML_ARTIFACT_SCRIPTS',
    schema: flag,
    fallback: true,
    help: 'Let scripts in HTML artifacts run, sandboxed, where the UI shows them; false makes its policy strict.',
  }),
  logLevel: setting({
    env: 'TRACKYARD_LOG_LEVEL',
    schema: z.enum(['debug', 'info', 'warn', 'error', 'silent'], {
      message: 'must be debug, info, warn, error or silent',
    }),
    fallback: 'info',
    help: 'Least severe log lines to write; debug includes one line a request.',
  }),
  maxRequestBytes: setting({
    env: 'TRACKYARD_MAX_REQUEST_BYTES',
    schema: integerBetween(1_000, 1_000_000_000),
    fallback: 20_000_000,
    help: 'Largest JSON request body, in bytes; artifacts are not limited by it.',
  }),
  drainSeconds: setting({
    env: 'TRACKYARD_DRAIN_SECONDS',
    schema: integerBetween(0, 3600),
    fallback: 25,
    help: 'Time that requests in flight have to finish after SIGTERM, in seconds.',
  }),
} as const

export type SettingName = keyof typeof SETTINGS
export type Config = { readonly [Name in SettingName]: z.output<(typeof SETTINGS)[Name]['schema']> }

/** Flags and variables of `mlflow server` that this server takes and does not need; each is said in the log. */
const IGNORED: Record<string, string> = {
  MLFLOW_GUNICORN_OPTS: 'gunicorn-opts',
  MLFLOW_UVICORN_OPTS: 'uvicorn-opts',
  MLFLOW_WAITRESS_OPTS: 'waitress-opts',
  MLFLOW_SECRETS_CACHE_TTL: 'secrets-cache-ttl',
  MLFLOW_SECRETS_CACHE_MAX_SIZE: 'secrets-cache-max-size',
}

/** What changes a server in a way this one cannot follow yet: refused, since ignoring it would do harm. */
const UNSUPPORTED: Record<string, string> = {
  MLFLOW_APP_NAME: 'app-name',
  MLFLOW_REGISTRY_STORE_URI: 'registry-store-uri',
  MLFLOW_READ_REPLICA_BACKEND_STORE_URI: 'read-replica-backend-store-uri',
  MLFLOW_ARTIFACTS_ONLY: 'artifacts-only',
  MLFLOW_ARTIFACTS_PRESIGNED_ONLY: 'artifacts-presigned-only',
  MLFLOW_EXPOSE_PROMETHEUS: 'expose-prometheus',
  MLFLOW_TRACE_ARCHIVAL_CONFIG: 'trace-archival-config',
  MLFLOW_WORKSPACE_STORE_URI: 'workspace-store-uri',
  MLFLOW_ENABLE_WORKSPACES: 'enable-workspaces',
}

const SWITCHES = new Set(['artifacts-only', 'artifacts-presigned-only', 'enable-workspaces', 'dev'])

export type Environment = Readonly<Record<string, string | undefined>>

/** Every problem with the settings, each naming the setting, its value and what is allowed. */
export class ConfigError extends Error {
  override name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

/**
 * Reads the settings from an environment and from flags; a flag wins over its variable, an empty variable counts
 * as unset.
 * @throws ConfigError with all problems at once
 */
export function parseConfig(environment: Environment, argv: readonly string[] = []): Config {
  const problems: string[] = []
  const flags = parseFlags(argv, problems)
  const config: Record<string, unknown> = {}
  for (const [name, one] of Object.entries<Setting>(SETTINGS)) {
    const fromFlag = one.flag === undefined ? undefined : flags[one.flag]
    const value = fromFlag ?? (environment[one.env] || undefined)
    if (value === undefined) {
      config[name] = one.fallback
      continue
    }
    const parsed = one.schema.safeParse(value)
    if (parsed.success) config[name] = parsed.data
    else {
      const label = fromFlag === undefined ? one.env : `--${one.flag}`
      const shown = one.secret ? redactUri(value) : value
      problems.push(`${label}=${JSON.stringify(shown)}: ${parsed.error.issues[0]?.message ?? 'is not valid'}`)
    }
  }
  for (const [env, name] of Object.entries(UNSUPPORTED)) {
    const value = flags[name] ?? environment[env]
    if (value !== undefined && value !== '' && value !== 'false') {
      problems.push(
        `${flags[name] === undefined ? env : `--${name}`}: not supported by this server yet; leave it out`,
      )
    }
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return config as Config
}

/** The environment that `parseConfig` reads as `config`; settings at their default are left out. */
export function toEnvironment(config: Partial<Config>): Record<string, string> {
  const environment: Record<string, string> = {}
  for (const [name, one] of Object.entries<Setting>(SETTINGS)) {
    const value = config[name as SettingName]
    if (value === undefined) continue
    const encoded = z.encode(one.schema, value) as string
    if (encoded !== z.encode(one.schema, one.fallback)) environment[one.env] = encoded
  }
  return environment
}

/** The names of settings that are set and have no effect here. */
export function ignoredSettings(environment: Environment, argv: readonly string[]): string[] {
  const flags = parseFlags(argv, [])
  const named = Object.entries(IGNORED).flatMap(([env, name]) =>
    flags[name] !== undefined ? [`--${name}`] : environment[env] ? [env] : [],
  )
  return flags.dev === undefined ? named : [...named, '--dev']
}

/** A URI without its password. */
export function redactUri(uri: string): string {
  return uri
    .replace(/(:\/\/[^:/@]*):.*@/, '$1:***@')
    .replace(/([?&][^=&]*(?:password|secret|token)[^=&]*)=[^&]*/gi, '$1=***')
}

function parseFlags(argv: readonly string[], problems: string[]): Record<string, string | undefined> {
  const values: Record<string, string | undefined> = {}
  try {
    const parsed = parseArgs({
      args: [...argv],
      options: flagOptions(),
      allowNegative: true,
      allowPositionals: false,
    })
    for (const [name, value] of Object.entries(parsed.values)) values[name] = String(value)
  } catch (error) {
    problems.push(`${(error as Error).message.split('. ')[0]}; see trackyard server --help`)
  }
  return values
}

function flagOptions(): Record<string, { type: 'string' | 'boolean'; short?: string }> {
  const options: Record<string, { type: 'string' | 'boolean'; short?: string }> = {}
  for (const { flag: name, short, schema } of Object.values<Setting>(SETTINGS)) {
    if (name) options[name] = { type: schema === flag ? 'boolean' : 'string', ...(short && { short }) }
  }
  for (const name of [...Object.values(IGNORED), ...Object.values(UNSUPPORTED), 'dev']) {
    options[name] = { type: SWITCHES.has(name) ? 'boolean' : 'string' }
  }
  return options
}

function isBucket(uri: string): boolean {
  return /^s3:\/\/[a-z0-9][a-z0-9.-]+(\/|$)/.test(uri)
}

function localOrKnown(uri: string): boolean {
  return uri.startsWith('file:') || !/^[a-z][a-z0-9+.-]+:/i.test(uri)
}
