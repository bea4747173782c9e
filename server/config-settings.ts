/** Every setting of the server, in one table. */
import { z } from 'zod'
import {
  artifactRoot,
  artifactRoots,
  artifactUri,
  bucketOwner,
  commaList,
  databaseUri,
  endpointUrl,
  fernetKey,
  flag,
  integerBetween,
  loginWays,
  networks,
  permissionLevel,
  regularExpression,
  s3UploadArguments,
  staticPrefix,
  webhookSchemes,
} from './config-values.ts'

export interface Setting<T extends z.ZodType = z.ZodType> {
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
  readReplicaUri: setting({
    env: 'MLFLOW_READ_REPLICA_BACKEND_STORE_URI',
    flag: 'read-replica-backend-store-uri',
    schema: z.union([z.literal(''), databaseUri]),
    fallback: '',
    help: 'Replica of that database, for requests that only read; while it is away they go to the database itself.',
    secret: true,
  }),
  databaseUser: setting({
    env: 'PGUSER',
    schema: z.string(),
    fallback: '',
    help: 'User of the database, where its URI names none.',
  }),
  databasePassword: setting({
    env: 'PGPASSWORD',
    schema: z.string(),
    fallback: '',
    help: 'Password of the database, where its URI has none.',
    secret: true,
  }),
  databasePasswordFile: setting({
    env: 'TRACKYARD_DATABASE_PASSWORD_FILE',
    schema: z.string(),
    fallback: '',
    help: 'File with the password of the database, read whenever a connection opens; it wins over the others.',
  }),
  databaseSecret: setting({
    env: 'TRACKYARD_DATABASE_SECRET',
    schema: z.string(),
    fallback: '',
    help: 'ARN or name of the secret in AWS Secrets Manager with user and password of the database, as RDS keeps it.',
  }),
  databaseIamAuth: setting({
    env: 'TRACKYARD_DATABASE_IAM_AUTH',
    schema: flag,
    fallback: false,
    help: "Open connections with tokens of RDS IAM authentication, as the URI's user; needs TLS to the database.",
  }),
  databaseTlsAuthority: setting({
    env: 'MLFLOW_MYSQL_SSL_CA',
    schema: z.string(),
    fallback: '',
    help: 'File with the certificate authority of MySQL; with one the certificate of the server is checked.',
  }),
  databaseTlsCertificate: setting({
    env: 'MLFLOW_MYSQL_SSL_CERT',
    schema: z.string(),
    fallback: '',
    help: 'File with the certificate of this client for MySQL.',
  }),
  databaseTlsKey: setting({
    env: 'MLFLOW_MYSQL_SSL_KEY',
    schema: z.string(),
    fallback: '',
    help: 'File with the key of that certificate.',
  }),
  databasePoolSize: setting({
    env: 'MLFLOW_SQLALCHEMYSTORE_POOL_SIZE',
    schema: integerBetween(1, 1000),
    fallback: 5,
    help: 'Connections to the database that are kept open; SQLite has none.',
  }),
  databasePoolOverflow: setting({
    env: 'MLFLOW_SQLALCHEMYSTORE_MAX_OVERFLOW',
    schema: integerBetween(0, 1000),
    fallback: 10,
    help: 'Connections to the database that a peak may open besides.',
  }),
  databasePoolRecycleSeconds: setting({
    env: 'MLFLOW_SQLALCHEMYSTORE_POOL_RECYCLE',
    schema: integerBetween(0, 31_536_000),
    fallback: 0,
    help: 'Age at which a connection to the database is replaced, in seconds; 0 is never.',
  }),
  databaseWaitSeconds: setting({
    env: 'TRACKYARD_DATABASE_WAIT_SECONDS',
    schema: integerBetween(1, 300),
    fallback: 10,
    help: 'Longest wait for a connection to the database, in seconds; then the answer is 503.',
  }),
  databaseStatementSeconds: setting({
    env: 'TRACKYARD_DATABASE_STATEMENT_SECONDS',
    schema: integerBetween(1, 3600),
    fallback: 60,
    help: 'Longest time one statement may take on PostgreSQL or MySQL, in seconds.',
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
  artifactsOnly: setting({
    env: 'MLFLOW_ARTIFACTS_ONLY',
    flag: 'artifacts-only',
    schema: flag,
    fallback: false,
    help: 'Serve nothing but artifacts, for clients of another server whose artifact root names this one.',
  }),
  maxUploadBytes: setting({
    env: 'TRACKYARD_MAX_UPLOAD_BYTES',
    schema: integerBetween(0, 50_000_000_000_000),
    fallback: 0,
    help: 'Largest artifact that may be uploaded, in bytes; 0 is any size.',
  }),
  s3EndpointUrl: setting({
    env: 'MLFLOW_S3_ENDPOINT_URL',
    schema: z.union([z.literal(''), endpointUrl]),
    fallback: '',
    help: "URL of a store that speaks S3's protocol (default: AWS).",
  }),
  s3AddressingStyle: setting({
    env: 'MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE',
    schema: z.enum(['auto', 'path', 'virtual'], { message: 'must be auto, path or virtual' }),
    fallback: 'auto',
    help: 'Where URLs of S3 name the bucket: path, virtual (the host), or auto: path where there is an endpoint URL.',
  }),
  s3IgnoreTls: setting({
    env: 'MLFLOW_S3_IGNORE_TLS',
    schema: flag,
    fallback: false,
    help: "Take any certificate from the artifacts' S3 endpoint. Dangerous.",
  }),
  s3Region: setting({
    env: 'AWS_DEFAULT_REGION',
    schema: z.string(),
    fallback: '',
    help: "Region of the buckets (default: AWS_REGION, the profile's, us-east-1).",
  }),
  s3ExpectedBucketOwner: setting({
    env: 'MLFLOW_S3_EXPECTED_BUCKET_OWNER',
    schema: z.union([z.literal(''), bucketOwner]),
    fallback: '',
    help: 'AWS account that must own the buckets; S3 refuses requests to any other.',
  }),
  s3UploadArguments: setting({
    env: 'MLFLOW_S3_UPLOAD_EXTRA_ARGS',
    schema: s3UploadArguments,
    fallback: {},
    help: 'What every object uploaded to S3 gets, as JSON: {"ServerSideEncryption": "aws:kms"}.',
  }),
  presignedDownloadSeconds: setting({
    env: 'MLFLOW_PRESIGNED_DOWNLOAD_URL_TTL_SECONDS',
    schema: integerBetween(1, 604_800),
    fallback: 300,
    help: 'How long a URL is good that lets a client download an artifact from S3 itself, in seconds.',
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
    help: 'Server processes on PostgreSQL and MySQL, each with a pool of connections; SQLite is served by one.',
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
  trustedProxies: setting({
    env: 'TRACKYARD_TRUSTED_PROXIES',
    schema: networks,
    fallback: [],
    help: 'Addresses and networks of the proxies whose X-Forwarded- headers are believed: 10.0.0.0/16 (default: none).',
  }),
  disableSecurityMiddleware: setting({
    env: 'MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE',
    flag: 'disable-security-middleware',
    schema: flag,
    fallback: false,
    help: 'Turn the Host and Origin checks off. Dangerous.',
  }),
  appName: setting({
    env: 'MLFLOW_APP_NAME',
    flag: 'app-name',
    schema: z.enum(['', 'basic-auth'], { message: 'must be basic-auth, or empty for no login' }),
    fallback: '',
    help: "basic-auth turns MLflow's own login on: users with passwords.",
  }),
  login: setting({
    env: 'TRACKYARD_LOGIN',
    schema: loginWays,
    fallback: [],
    help: 'Ways to sign in: basic (as --app-name basic-auth), oidc, jwt, load-balancer; with none everybody may do everything.',
  }),
  authConfigPath: setting({
    env: 'MLFLOW_AUTH_CONFIG_PATH',
    schema: z.string(),
    fallback: '',
    help: "MLflow's file of the login (ini); where it and the settings below say different things the server does not start.",
  }),
  authDatabaseUri: setting({
    env: 'TRACKYARD_AUTH_DATABASE_URI',
    schema: z.union([z.literal(''), databaseUri]),
    fallback: '',
    help: 'Database of users and what they may do; may be that of runs (default: sqlite:///basic_auth.db).',
    secret: true,
  }),
  defaultPermission: setting({
    env: 'TRACKYARD_DEFAULT_PERMISSION',
    schema: z.union([z.literal(''), permissionLevel]),
    fallback: '',
    help: 'What a user may do without a grant: NO_PERMISSIONS, READ, USE, EDIT or MANAGE (default: READ).',
  }),
  authAdminUsername: setting({
    env: 'MLFLOW_AUTH_ADMIN_USERNAME',
    schema: z.string(),
    fallback: '',
    help: 'Name of the first admin, who is made where there is no such user (default: admin).',
  }),
  authAdminPassword: setting({
    env: 'MLFLOW_AUTH_ADMIN_PASSWORD',
    schema: z.string(),
    fallback: '',
    help: 'Password of that admin, 12 characters or more; not read once there is one.',
    secret: true,
  }),
  authAdminPasswordFile: setting({
    env: 'TRACKYARD_AUTH_ADMIN_PASSWORD_FILE',
    schema: z.string(),
    fallback: '',
    help: 'File with that password.',
  }),
  secretKey: setting({
    env: 'MLFLOW_FLASK_SERVER_SECRET_KEY',
    schema: z.string(),
    fallback: '',
    help: 'Key of what this server gives browsers to keep; the same on every server of one database.',
    secret: true,
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
  webhookAllowedSchemes: setting({
    env: 'MLFLOW_WEBHOOK_ALLOWED_SCHEMES',
    schema: webhookSchemes,
    fallback: ['https'],
    help: 'URL schemes a webhook may use: https, http.',
  }),
  webhookAllowPrivateIps: setting({
    env: 'MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS',
    schema: flag,
    fallback: false,
    help: 'Let webhooks reach addresses that are not public. Dangerous.',
  }),
  webhookSecretKey: setting({
    env: 'MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY',
    schema: z.union([z.literal(''), fernetKey]),
    fallback: '',
    help: 'Fernet key that encrypts the secrets of webhooks; without it a webhook can have no secret.',
    secret: true,
  }),
  webhookTimeoutSeconds: setting({
    env: 'MLFLOW_WEBHOOK_REQUEST_TIMEOUT',
    schema: integerBetween(1, 300),
    fallback: 30,
    help: 'Longest that one delivery of a webhook may take, in seconds.',
  }),
  webhookWorkers: setting({
    env: 'MLFLOW_WEBHOOK_DELIVERY_MAX_WORKERS',
    schema: integerBetween(1, 100),
    fallback: 10,
    help: 'Most deliveries of webhooks at once.',
  }),
  webhookMaxRetries: setting({
    env: 'MLFLOW_WEBHOOK_REQUEST_MAX_RETRIES',
    schema: integerBetween(0, 20),
    fallback: 3,
    help: 'How often a delivery that failed is tried again.',
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
  maxRequestsInFlight: setting({
    env: 'TRACKYARD_MAX_REQUESTS_IN_FLIGHT',
    schema: integerBetween(1, 100_000),
    fallback: 1000,
    help: 'Most requests that one process works on at once; the answer to more is 503.',
  }),
  maxRequestsInFlightPerCaller: setting({
    env: 'TRACKYARD_MAX_REQUESTS_IN_FLIGHT_PER_CALLER',
    schema: integerBetween(1, 100_000),
    fallback: 500,
    help: 'Most of these by one user, or by one address where nobody signs in; the answer to more is 429.',
  }),
  maxRequestsPerMinute: setting({
    env: 'TRACKYARD_MAX_REQUESTS_PER_MINUTE',
    schema: integerBetween(0, 10_000_000),
    fallback: 0,
    help: 'Most requests in a minute by one user or address to one process; the answer to more is 429; 0 is any number.',
  }),
  slowClientSeconds: setting({
    env: 'TRACKYARD_SLOW_CLIENT_SECONDS',
    schema: integerBetween(1, 3600),
    fallback: 20,
    help: 'Time a client has to send the headers of a request, or 10 kB more of its body, in seconds.',
  }),
  leaveSeconds: setting({
    env: 'TRACKYARD_LEAVE_SECONDS',
    schema: integerBetween(0, 3600),
    fallback: 0,
    help: 'Time after SIGTERM in which /health answers 503 and requests are still taken: a proxy stops sending, in seconds.',
  }),
  drainSeconds: setting({
    env: 'TRACKYARD_DRAIN_SECONDS',
    schema: integerBetween(0, 3600),
    fallback: 25,
    help: 'Time that requests in flight have to finish after SIGTERM, in seconds.',
  }),
} as const
