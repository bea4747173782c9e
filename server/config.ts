/**
 * The server's configuration: the one definition of its environment and its flags, over the table of settings. Pure:
 * `parseConfig` reads what it is given, `toEnvironment` is its inverse, and the constructs of every tier produce a
 * server's environment with the latter.
 */
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { SETTINGS, type Setting } from './config-settings.ts'
import { flag, type LoginWay } from './config-values.ts'
import { redactUri } from './db/uri.ts'

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
  MLFLOW_EXPOSE_PROMETHEUS: 'expose-prometheus',
  MLFLOW_TRACE_ARCHIVAL_CONFIG: 'trace-archival-config',
  MLFLOW_WORKSPACE_STORE_URI: 'workspace-store-uri',
  MLFLOW_ENABLE_WORKSPACES: 'enable-workspaces',
}

/** Where clients write by themselves unless told otherwise, when artifacts do not go through the server. */
const UNSERVED_ROOT = './mlruns'

/** The database of a server that keeps nothing but artifacts: in memory, and nobody asks it. */
const NO_DATABASE = 'sqlite://'

const REGISTRY_VARIABLE = 'MLFLOW_REGISTRY_STORE_URI'
const REGISTRY_FLAG = 'registry-store-uri'

/** Each would win over the others without a word. */
const CREDENTIAL_SOURCES = ['databasePasswordFile', 'databaseSecret', 'databaseIamAuth'] as const

const SWITCHES = new Set(['enable-workspaces', 'dev'])

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
      const shown = one.secret ? withoutSecret(value) : value
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
  const registry = flags[REGISTRY_FLAG] ?? environment[REGISTRY_VARIABLE]
  if (registry && registry !== config.backendStoreUri) {
    const label = flags[REGISTRY_FLAG] ? `--${REGISTRY_FLAG}` : REGISTRY_VARIABLE
    problems.push(`${label}: models are kept in the database of runs; leave it out, or give it that database`)
  }
  const hasRoot = flags['default-artifact-root'] ?? environment[SETTINGS.defaultArtifactRoot.env]
  if (!config.serveArtifacts && !hasRoot) config.defaultArtifactRoot = UNSERVED_ROOT
  if (config.artifactsOnly) {
    problems.push(...whatArtifactsOnlyExcludes(config))
    config.backendStoreUri = NO_DATABASE
  }
  if (config.artifactsPresignedOnly) problems.push(...whatPresignedOnlyExcludes(config))
  if (config.readOnly && config.databasePooler) {
    problems.push(
      `${SETTINGS.databasePooler.env}: sessions that only read are not to be shared with others; give ${SETTINGS.readOnly.env} a URI of the database itself`,
    )
  }
  if (config.appName === 'basic-auth') {
    config.login = [...new Set<LoginWay>(['basic', ...(config.login as Config['login'])])]
  }
  if (config.authAdminPassword && config.authAdminPasswordFile) {
    problems.push(
      "MLFLOW_AUTH_ADMIN_PASSWORD, TRACKYARD_AUTH_ADMIN_PASSWORD_FILE: each is the first admin's password; leave one out",
    )
  }
  problems.push(...whatSignOnLacks(config))
  problems.push(...whatWaysLack(config as Partial<Config>))
  const sources = CREDENTIAL_SOURCES.filter((name) => config[name])
  if (sources.length > 1) {
    const [names, last] = [sources.map((name) => SETTINGS[name].env), 'leave all but one out']
    problems.push(`${names.join(', ')}: each says where the database's password comes from; ${last}`)
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return config as Config
}

/**
 * The environment that `parseConfig` reads as `config`: every setting that is given, since an image may have defaults
 * of its own. Empty ones are left out: they read as unset.
 */
export function toEnvironment(config: Partial<Config>): Record<string, string> {
  const environment: Record<string, string> = {}
  for (const [name, one] of Object.entries<Setting>(SETTINGS)) {
    const value = config[name as SettingName]
    if (value === undefined) continue
    const encoded = z.encode(one.schema, value) as string
    if (encoded !== '') environment[one.env] = encoded
  }
  return environment
}

/** As `mlflow server`, rather than have a database that nobody sees. */
function whatArtifactsOnlyExcludes(config: Record<string, unknown>): string[] {
  const { backendStoreUri, readReplicaUri, serveArtifacts } = config as Partial<Config>
  const unset = [SETTINGS.backendStoreUri.fallback, NO_DATABASE]
  const problems: string[] = []
  if (readReplicaUri || !unset.includes(backendStoreUri ?? NO_DATABASE)) {
    problems.push(
      '--artifacts-only: such a server has no database; leave MLFLOW_BACKEND_STORE_URI and its replica out',
    )
  }
  if (!serveArtifacts) problems.push('--artifacts-only: leaves nothing to serve with --no-serve-artifacts')
  return problems
}

function whatPresignedOnlyExcludes(config: Record<string, unknown>): string[] {
  const {
    serveArtifacts,
    artifactsDestination = '',
    maxUploadBytes,
    s3ObjectLock,
  } = config as Partial<Config>
  const label = '--artifacts-presigned-only'
  const problems: string[] = []
  if (!serveArtifacts) problems.push(`${label}: leaves nobody to sign URLs with --no-serve-artifacts`)
  if (!artifactsDestination.startsWith('s3://')) {
    problems.push(`${label}: clients can only reach S3; give --artifacts-destination an s3:// URI`)
  }
  if (maxUploadBytes) {
    problems.push(`${label}: a signed URL cannot bound a size; leave TRACKYARD_MAX_UPLOAD_BYTES out`)
  }
  if (s3ObjectLock) {
    problems.push(`${label}: a signed URL has no checksum; leave TRACKYARD_S3_OBJECT_LOCK out`)
  }
  return problems
}

/** A provider without the way to it would leave the server open to everybody. */
function whatSignOnLacks(config: Record<string, unknown>): string[] {
  const { login, oidcIssuer, oidcClientId, oidcClientSecret, oidcClientSecretFile, publicUrl, secretKey } =
    config as Partial<Config>
  if (!login) return []
  const label = SETTINGS.login.env
  if (!login.includes('oidc')) {
    return oidcIssuer
      ? [`${SETTINGS.oidcIssuer.env}: has no effect without oidc in ${label}; add it there`]
      : []
  }
  const needed = { oidcIssuer, oidcClientId, publicUrl, secretKey }
  const lacking = (Object.keys(needed) as (keyof typeof needed)[]).filter((name) => needed[name] === '')
  const problems = lacking.map((name) => `${label} has oidc: ${SETTINGS[name].env} must be set too`)
  if (secretKey && isGuessable(secretKey)) {
    const { env } = SETTINGS.secretKey
    problems.push(
      `${env}: each of its keys must have ${SHORTEST_KEY} characters or more, as of openssl rand -base64 32`,
    )
  }
  if (oidcClientSecret && oidcClientSecretFile) {
    const names = [SETTINGS.oidcClientSecret.env, SETTINGS.oidcClientSecretFile.env]
    problems.push(`${names.join(', ')}: each is the secret at the provider; leave one out`)
  }
  return problems
}

/** Who guesses one of the keys is whoever they like. */
const SHORTEST_KEY = 32

function isGuessable(keys: string): boolean {
  return keys.split(',').some((key) => key.trim().length < SHORTEST_KEY)
}

/** Settings of a way in that is not on: who made them takes an open server for a locked one. */
function whatWaysLack(config: Partial<Config>): string[] {
  const { login = [], jwtIssuer = '', jwtAudience = [], loadBalancerArn = '' } = config
  const needed = [
    ['jwt', 'jwtIssuer', jwtIssuer !== ''],
    ['jwt', 'jwtAudience', jwtAudience.length > 0],
    ['load-balancer', 'loadBalancerArn', loadBalancerArn !== ''],
  ] as const
  return needed.flatMap(([way, name, isGiven]) => {
    const { env } = SETTINGS[name]
    if (login.includes(way) === isGiven) return []
    return isGiven
      ? [`${env}: has no effect without ${way} in ${SETTINGS.login.env}; add it there`]
      : [`${SETTINGS.login.env} has ${way}: ${env} must be set too`]
  })
}

/** @throws Error in one line where `command`, which writes, has the settings of a server that only reads */
export function requireWriting({ readOnly }: Config, command: string): void {
  if (readOnly) throw new Error(`${command} writes: leave ${SETTINGS.readOnly.env} out`)
}

function withoutSecret(value: string): string {
  return value.includes('://') ? redactUri(value) : '***'
}

/** The names of settings that are set and have no effect here. */
export function ignoredSettings(environment: Environment, argv: readonly string[]): string[] {
  const flags = parseFlags(argv, [])
  const named = Object.entries(IGNORED).flatMap(([env, name]) =>
    flags[name] !== undefined ? [`--${name}`] : environment[env] ? [env] : [],
  )
  return flags.dev === undefined ? named : [...named, '--dev']
}

function parseFlags(argv: readonly string[], problems: string[]): Record<string, string | undefined> {
  const values: Record<string, string | undefined> = {}
  const options = flagOptions()
  try {
    const parsed = parseArgs({
      args: withJoinedValues(argv, options),
      options,
      allowNegative: true,
      allowPositionals: false,
    })
    for (const [name, value] of Object.entries(parsed.values)) values[name] = String(value)
  } catch (error) {
    problems.push(`${(error as Error).message.split('. ')[0]}; see trackyard server --help`)
  }
  return values
}

type FlagOptions = Record<string, { type: 'string' | 'boolean'; short?: string }>

/** A value may begin with a dash (`--gunicorn-opts '--timeout 60'`), which parseArgs takes joined only. */
function withJoinedValues(argv: readonly string[], options: FlagOptions): string[] {
  const joined: string[] = []
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i] as string
    const takesValue = argument.startsWith('--') && options[argument.slice(2)]?.type === 'string'
    joined.push(takesValue && i + 1 < argv.length ? `${argument}=${argv[++i]}` : argument)
  }
  return joined
}

function flagOptions(): FlagOptions {
  const options: FlagOptions = {}
  for (const { flag: name, short, schema } of Object.values<Setting>(SETTINGS)) {
    if (name) options[name] = { type: schema === flag ? 'boolean' : 'string', ...(short && { short }) }
  }
  for (const name of [...Object.values(IGNORED), ...Object.values(UNSUPPORTED), REGISTRY_FLAG, 'dev']) {
    options[name] = { type: SWITCHES.has(name) ? 'boolean' : 'string' }
  }
  return options
}
