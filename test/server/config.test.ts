import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Config, ConfigError, ignoredSettings, parseConfig, toEnvironment } from '../../server/config.ts'
import { LOGIN_WAYS } from '../../server/config-values.ts'
import { parseDatabaseUri, redactUri } from '../../server/db/uri.ts'

function problemsOf(environment: Record<string, string>, argv: string[] = []): readonly string[] {
  try {
    parseConfig(environment, argv)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

const word = fc.stringMatching(/^[a-z][a-z0-9.-]{0,12}$/)
const folder = fc.array(word, { minLength: 1, maxLength: 3 }).map((names) => `/${names.join('/')}`)
const words = fc.array(word, { maxLength: 3 })

const LOAD_BALANCER =
  'arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/a/50dc6c495c0c9188'

const withoutCredentials: fc.Arbitrary<Config> = fc.record({
  backendStoreUri: fc.oneof(
    folder.map((path) => `sqlite:///${path}`),
    fc
      .tuple(word, word, word)
      .map(([user, host, name]) => `postgresql+psycopg2://${user}:p%40ss@${host}/${name}`),
  ),
  readReplicaUri: fc.constantFrom('', 'postgresql://me@replica/mlflow'),
  databaseUser: word,
  databasePassword: word,
  databasePasswordFile: fc.constant(''),
  databaseSecret: fc.constant(''),
  databaseIamAuth: fc.constant(false),
  databaseTlsAuthority: fc.oneof(fc.constant(''), folder),
  databaseTlsCertificate: fc.oneof(fc.constant(''), folder),
  databaseTlsKey: fc.oneof(fc.constant(''), folder),
  databasePoolSize: fc.integer({ min: 1, max: 1000 }),
  databasePoolOverflow: fc.integer({ min: 0, max: 1000 }),
  databasePoolRecycleSeconds: fc.integer({ min: 0, max: 1000 }),
  databasePooler: fc.boolean(),
  databaseWaitSeconds: fc.integer({ min: 1, max: 300 }),
  databaseStatementSeconds: fc.integer({ min: 1, max: 3600 }),
  defaultArtifactRoot: fc.constantFrom('mlflow-artifacts:/', 's3://bucket/a', '/data'),
  artifactsDestination: folder,
  allowedArtifactRoots: words.map((names) => names.map((name) => `s3://${name}`)),
  serveArtifacts: fc.boolean(),
  artifactsOnly: fc.constant(false),
  artifactsPresignedOnly: fc.constant(false),
  maxUploadBytes: fc.integer({ min: 0, max: 1_000_000_000 }),
  s3EndpointUrl: fc.constantFrom('', 'https://minio.internal:9000'),
  s3AddressingStyle: fc.constantFrom('auto', 'path', 'virtual'),
  s3IgnoreTls: fc.boolean(),
  s3Region: word,
  s3ExpectedBucketOwner: fc.constantFrom('', '123456789012'),
  s3UploadArguments: fc.constantFrom({}, { ServerSideEncryption: 'aws:kms', BucketKeyEnabled: true }),
  s3ObjectLock: fc.boolean(),
  presignedDownloadSeconds: fc.integer({ min: 1, max: 604_800 }),
  host: word,
  port: fc.integer({ min: 0, max: 65_535 }),
  workers: fc.integer({ min: 1, max: 64 }),
  readOnly: fc.boolean(),
  staticPrefix: fc.oneof(fc.constant(''), folder),
  allowedHosts: words,
  corsAllowedOrigins: words,
  trustedProxies: fc.constantFrom([], ['10.0.0.0/16', 'fd00::1']),
  tokenDays: fc.integer({ min: 1, max: 3_650 }),
  tokenMaxDays: fc.integer({ min: 1, max: 3_650 }),
  jwtIssuer: fc.constant('https://idp.example/realms/ml'),
  jwtAudience: fc.array(word, { minLength: 1, maxLength: 3 }),
  jwtAlgorithms: fc.constantFrom(['RS256'], ['ES256', 'EdDSA']),
  jwtKeysUrl: fc.constantFrom('', 'https://idp.example/keys'),
  jwtUsernameClaim: word,
  jwtGroupsClaim: word,
  loadBalancerArn: fc.constant(LOAD_BALANCER),
  loadBalancerIssuer: word,
  loadBalancerClientId: word,
  loadBalancerKeysUrl: fc.constantFrom('', 'http://127.0.0.1:8080'),
  loadBalancerUsernameClaim: word,
  loadBalancerGroupsClaim: word,
  xFrameOptions: fc.constantFrom('SAMEORIGIN', 'DENY', 'NONE'),
  disableSecurityMiddleware: fc.boolean(),
  appName: fc.constant(''),
  login: fc.subarray([...LOGIN_WAYS]).filter((ways) => ways.includes('oidc')),
  authConfigPath: fc.oneof(fc.constant(''), folder),
  authDatabaseUri: fc.constantFrom('', 'postgresql://me@host/mlflow'),
  authDatabasePasswordFile: fc.constantFrom('', '/run/password'),
  defaultPermission: fc.constantFrom('', 'NO_PERMISSIONS', 'EDIT'),
  authAdminUsername: word,
  authAdminPassword: word,
  authAdminPasswordFile: fc.constant(''),
  groupRoles: fc.array(fc.record({ group: word, role: word }), { maxLength: 3 }),
  // Single sign-on needs each of its settings, and none of them is without effect.
  secretKey: fc.constant('a key that is long enough to be one'),
  publicUrl: fc.constantFrom('https://mlflow.example.com', 'http://127.0.0.1:5000'),
  oidcIssuer: fc.constant('https://id.example.com'),
  oidcClientId: fc.constant('trackyard'),
  oidcClientSecret: word,
  oidcClientSecretFile: fc.constant(''),
  oidcScopes: fc.constantFrom('openid', 'openid groups'),
  oidcUsernameClaim: fc.constantFrom('email', 'sub'),
  oidcGroupsClaim: fc.constantFrom('groups', 'realm_access.roles'),
  oidcAllowedGroups: fc.array(word, { maxLength: 2 }),
  oidcAlgorithms: fc.constantFrom(['RS256'], ['ES256', 'EdDSA']),
  sessionHours: fc.integer({ min: 1, max: 720 }),
  sessionIdleMinutes: fc.integer({ min: 5, max: 43_200 }),
  truncateLongValues: fc.boolean(),
  graphqlMaxRootFields: fc.integer({ min: 1, max: 1000 }),
  graphqlMaxAliases: fc.integer({ min: 0, max: 1000 }),
  allowedHostAddressedSchemes: words,
  modelVersionSourceRegex: fc.constantFrom('', '^s3:'),
  webhookAllowedSchemes: fc.constantFrom(['https'], ['http', 'https']),
  webhookAllowPrivateIps: fc.boolean(),
  webhookSecretKey: fc.constantFrom('', `${'kT9-'.repeat(10)}_a0=`),
  webhookTimeoutSeconds: fc.integer({ min: 1, max: 300 }),
  webhookWorkers: fc.integer({ min: 1, max: 100 }),
  webhookMaxRetries: fc.integer({ min: 0, max: 20 }),
  uiDir: fc.oneof(fc.constant(''), folder),
  htmlArtifactScripts: fc.boolean(),
  logLevel: fc.constantFrom('debug', 'info', 'warn', 'error', 'silent'),
  slowRequestMs: fc.integer({ min: 0, max: 3_600_000 }),
  maxRequestBytes: fc.integer({ min: 1_000, max: 1_000_000_000 }),
  drainSeconds: fc.integer({ min: 0, max: 3600 }),
  signInFreeFailures: fc.integer({ min: 1, max: 1000 }),
  signInLongestSeconds: fc.integer({ min: 1, max: 3600 }),
  auditRetentionDays: fc.integer({ min: 0, max: 36_500 }),
  maxRequestsInFlight: fc.integer({ min: 1, max: 100_000 }),
  maxRequestsInFlightPerCaller: fc.integer({ min: 1, max: 100_000 }),
  maxRequestsPerMinute: fc.integer({ min: 0, max: 10_000_000 }),
  slowClientSeconds: fc.integer({ min: 1, max: 3600 }),
  keepAliveSeconds: fc.integer({ min: 1, max: 86_400 }),
  leaveSeconds: fc.integer({ min: 0, max: 3600 }),
})

/** With one of those that exclude each other. */
const configs = fc
  .tuple(
    withoutCredentials,
    fc.oneof(
      folder.map((databasePasswordFile) => ({ databasePasswordFile })),
      word.map((databaseSecret) => ({ databaseSecret })),
      fc.boolean().map((databaseIamAuth) => ({ databaseIamAuth })),
    ),
  )
  .map(
    ([config, source]): Config => ({
      ...config,
      ...source,
      ...unusedWays(config),
      databasePooler: config.databasePooler && !config.readOnly,
    }),
  )

/** A way in that is not on has no settings. */
function unusedWays({ login }: Config): Partial<Config> {
  return {
    ...(!login.includes('jwt') && { jwtIssuer: '', jwtAudience: [] }),
    ...(!login.includes('load-balancer') && { loadBalancerArn: '' }),
  }
}

describe('the environment', () => {
  it('reads back every configuration that was written to it', () => {
    fc.assert(
      fc.property(configs, (config) => {
        expect(parseConfig(toEnvironment(config))).toEqual(config)
      }),
    )
  })

  it('turns passwords on by MLflow’s setting as by ours', () => {
    expect(parseConfig({}).login).toEqual([])
    expect(parseConfig({}, ['--app-name', 'basic-auth']).login).toEqual(['basic'])
    const jwt = { TRACKYARD_JWT_ISSUER: 'https://idp.example', TRACKYARD_JWT_AUDIENCE: 'mlflow' }
    const both = { MLFLOW_APP_NAME: 'basic-auth', TRACKYARD_LOGIN: ' jwt ,', ...jwt }
    expect(parseConfig(both).login).toEqual(['basic', 'jwt'])
  })

  it('is mlflow server’s where nothing is set', () => {
    expect(parseConfig({})).toMatchObject({
      backendStoreUri: 'sqlite:///mlflow.db',
      defaultArtifactRoot: 'mlflow-artifacts:/',
      artifactsDestination: './mlartifacts',
      host: '127.0.0.1',
      port: 5000,
    })
  })

  it('gives way to flags, long and short', () => {
    const config = parseConfig({ MLFLOW_PORT: '1', MLFLOW_HOST: 'a' }, [
      '-p',
      '2',
      '--host=b',
      '--no-serve-artifacts',
    ])
    expect(config).toMatchObject({ port: 2, host: 'b', serveArtifacts: false })
  })

  it('counts an empty variable as unset', () => {
    expect(parseConfig({ MLFLOW_PORT: '' }).port).toBe(5000)
  })
})

it('keeps artifacts in ./mlruns where they do not go through the server', () => {
  expect(parseConfig({}, ['--no-serve-artifacts']).defaultArtifactRoot).toBe('./mlruns')
  const given = { MLFLOW_SERVE_ARTIFACTS: 'false', MLFLOW_DEFAULT_ARTIFACT_ROOT: '/data' }
  expect(parseConfig(given).defaultArtifactRoot).toBe('/data')
})

it('has no database where it serves artifacts only, and refuses one', () => {
  const config = parseConfig({}, ['--artifacts-only'])
  expect(parseDatabaseUri(config.backendStoreUri)).toEqual({ dialect: 'sqlite', path: '' })
  expect(parseConfig(toEnvironment(config))).toEqual(config)
  for (const given of ['MLFLOW_BACKEND_STORE_URI', 'MLFLOW_READ_REPLICA_BACKEND_STORE_URI']) {
    const environment = { MLFLOW_ARTIFACTS_ONLY: 'true', [given]: 'postgresql://me@db/mlflow' }
    expect(problemsOf(environment)).toEqual([
      '--artifacts-only: such a server has no database; leave MLFLOW_BACKEND_STORE_URI and its replica out',
    ])
  }
  expect(problemsOf({}, ['--artifacts-only', '--no-serve-artifacts'])).toHaveLength(1)
})

it('only reads past what shares connections', () => {
  const environment = { TRACKYARD_READ_ONLY: 'true', TRACKYARD_DATABASE_POOLER: 'true' }
  expect(problemsOf(environment)).toEqual([
    expect.stringMatching(/^TRACKYARD_DATABASE_POOLER: .* the database itself$/),
  ])
})

it('with --artifacts-presigned-only wants S3, and a server that signs URLs for uploads of any size', () => {
  const flags = ['--artifacts-presigned-only', '--artifacts-destination']
  expect(parseConfig({}, [...flags, 's3://bucket/p']).artifactsPresignedOnly).toBe(true)
  expect(problemsOf({}, [...flags, './here'])).toEqual([
    '--artifacts-presigned-only: clients can only reach S3; give --artifacts-destination an s3:// URI',
  ])
  const others = { TRACKYARD_MAX_UPLOAD_BYTES: '9', MLFLOW_SERVE_ARTIFACTS: 'false' }
  expect(problemsOf(others, [...flags, 's3://bucket/p'])).toHaveLength(2)
  expect(problemsOf({ TRACKYARD_S3_OBJECT_LOCK: 'true' }, [...flags, 's3://bucket/p'])).toEqual([
    '--artifacts-presigned-only: a signed URL has no checksum; leave TRACKYARD_S3_OBJECT_LOCK out',
  ])
})

describe('a wrong setting', () => {
  it('is named with its value and what is allowed, all of them at once', () => {
    const problems = problemsOf({ MLFLOW_PORT: '70000', MLFLOW_SERVE_ARTIFACTS: 'maybe' }, [
      '--static-prefix=x/',
    ])
    expect(problems).toEqual([
      'MLFLOW_SERVE_ARTIFACTS="maybe": must be true or false',
      'MLFLOW_PORT="70000": must be a whole number from 0 to 65535',
      `--static-prefix="x/": must start with '/' and not end with it`,
    ])
  })

  it('shows no password', () => {
    expect(problemsOf({ MLFLOW_BACKEND_STORE_URI: 'oracle://me:secret@host/db' }).join()).not.toContain(
      'secret',
    )
    expect(problemsOf({ MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY: 'short-key' })).toEqual([
      'MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY="***": must be a Fernet key: 32 random bytes in URL-safe base64',
    ])
    expect(redactUri('postgresql://me:p@ss@host/db?sslpassword=x')).toBe(
      'postgresql://me:***@host/db?sslpassword=***',
    )
  })

  it('is an unknown flag too', () => {
    expect(problemsOf({}, ['--prot=1'])).toEqual(["Unknown option '--prot'; see trackyard server --help"])
  })

  it('is a second place for the password of the database', () => {
    const given = { TRACKYARD_DATABASE_PASSWORD_FILE: '/run/password', TRACKYARD_DATABASE_SECRET: 'mlflow' }
    expect(problemsOf(given)).toEqual([
      "TRACKYARD_DATABASE_PASSWORD_FILE, TRACKYARD_DATABASE_SECRET: each says where the database's password " +
        'comes from; leave all but one out',
    ])
  })

  it('is one of a way to sign in that is not on, and none of one that is', () => {
    expect(problemsOf({ TRACKYARD_LOGIN: 'jwt,load-balancer' })).toEqual([
      'TRACKYARD_LOGIN has jwt: TRACKYARD_JWT_ISSUER must be set too',
      'TRACKYARD_LOGIN has jwt: TRACKYARD_JWT_AUDIENCE must be set too',
      'TRACKYARD_LOGIN has load-balancer: TRACKYARD_LOAD_BALANCER_ARN must be set too',
    ])
    expect(
      problemsOf({ TRACKYARD_JWT_ISSUER: 'https://idp.example', TRACKYARD_LOAD_BALANCER_ARN: LOAD_BALANCER }),
    ).toEqual([
      'TRACKYARD_JWT_ISSUER: has no effect without jwt in TRACKYARD_LOGIN; add it there',
      'TRACKYARD_LOAD_BALANCER_ARN: has no effect without load-balancer in TRACKYARD_LOGIN; add it there',
    ])
  })

  it('is a key that could be anybody’s', () => {
    for (const [name, value] of [
      ['TRACKYARD_JWT_ISSUER', 'http://idp.example'],
      ['TRACKYARD_JWT_JWKS_URL', 'https://me@idp.example/keys'],
      ['TRACKYARD_LOAD_BALANCER_KEYS_URL', 'http://10.0.0.1'],
      [
        'TRACKYARD_LOAD_BALANCER_ARN',
        'arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/net/a/1',
      ],
      ['TRACKYARD_JWT_ALGORITHMS', 'none'],
      ['TRACKYARD_JWT_ALGORITHMS', 'RS256,HS256'],
    ] as const) {
      expect(problemsOf({ [name]: value })).toContainEqual(expect.stringContaining(`${name}=`))
    }
  })

  it('is a login that nothing here gives', () => {
    expect(problemsOf({}, ['--app-name', 'custom'])).toEqual([
      '--app-name="custom": must be basic-auth, or empty for no login',
    ])
    expect(problemsOf({ TRACKYARD_LOGIN: 'basic,ldap' })).toEqual([
      'TRACKYARD_LOGIN="basic,ldap": must be some of basic, oidc, jwt, load-balancer, separated by commas',
    ])
    expect(
      problemsOf({ MLFLOW_AUTH_ADMIN_PASSWORD: 'a', TRACKYARD_AUTH_ADMIN_PASSWORD_FILE: '/run/secrets/a' }),
    ).toHaveLength(1)
  })

  it('is what this server cannot follow yet, rather than left out', () => {
    expect(problemsOf({ MLFLOW_ENABLE_WORKSPACES: 'true' })).toHaveLength(1)
    expect(problemsOf({ MLFLOW_ENABLE_WORKSPACES: 'false' })).toHaveLength(0)
  })

  it('is a registry of its own, but not the same database named twice', () => {
    const uri = 'sqlite:////data/mlflow.db'
    expect(problemsOf({ MLFLOW_BACKEND_STORE_URI: uri, MLFLOW_REGISTRY_STORE_URI: uri })).toEqual([])
    expect(problemsOf({ MLFLOW_REGISTRY_STORE_URI: uri })).toHaveLength(1)
  })
})

it('takes the flags for servers it is not, and says so', () => {
  const argv = ['--gunicorn-opts', '--timeout 60']
  expect(problemsOf({}, argv)).toEqual([])
  expect(ignoredSettings({}, argv)).toEqual(['--gunicorn-opts'])
})

describe('a database URI', () => {
  it.each([
    ['sqlite:///mlflow.db', 'mlflow.db'],
    ['sqlite:////data/mlflow.db', '/data/mlflow.db'],
    ['sqlite+pysqlite:///mlflow.db', 'mlflow.db'],
    ['sqlite://', ''],
    ['sqlite:///:memory:', ''],
  ])('%s is SQLite at "%s"', (uri, path) => {
    expect(parseDatabaseUri(uri)).toEqual({ dialect: 'sqlite', path })
  })

  it('may name a socket of PostgreSQL, as SQLAlchemy has it', () => {
    const location = parseDatabaseUri('postgresql://me:pw@/mlflow?host=/run/postgresql')
    expect(location).toMatchObject({ dialect: 'postgres', url: { username: 'me', pathname: '/mlflow' } })
  })

  it.each(['postgresql', 'postgres', 'postgresql+psycopg2', 'postgresql+psycopg'])(
    '%s:// is PostgreSQL',
    (scheme) => {
      const location = parseDatabaseUri(`${scheme}://me:a%2Fb@db.internal:6432/mlflow?sslmode=require`)
      expect(location).toMatchObject({
        dialect: 'postgres',
        url: { host: 'db.internal:6432', pathname: '/mlflow' },
      })
    },
  )

  it.each(['mysql', 'mysql+pymysql', 'mysql+mysqldb'])('%s:// is MySQL', (scheme) => {
    expect(parseDatabaseUri(`${scheme}://me@host/mlflow`)).toMatchObject({ dialect: 'mysql' })
  })

  it.each([
    'mlruns',
    'file:///mlruns',
    'sqlite:/x',
    'sqlite://x.db',
    'postgresql://host',
    'mysql+psycopg2://host/db',
  ])('%s is refused', (uri) => {
    expect(() => parseDatabaseUri(uri)).toThrow(/^must/)
  })
})
