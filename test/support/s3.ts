/** Real S3s: versitygw on a folder, which checks every signature, and MiniStack in memory, for a second opinion. */
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { REPOSITORY, run } from './mlflow.ts'
import { pythonEnvironment } from './python.ts'
import { type RunningServer, startServer } from './server-process.ts'

const VERSION = 'v1.8.0'
export const BUCKET = 'artifacts'
const ACCESS = { accessKeyId: 'trackyard', secretAccessKey: 'not-a-secret-but-64-bit' }

export interface S3Server extends RunningServer {
  /** For direct looks at what is there. */
  readonly client: S3Client
  /** Puts small objects there, faster than by one request after the other. */
  fill(keys: readonly string[]): Promise<void>
  /** What a server or a client needs to reach it. */
  readonly environment: Record<string, string>
}

export interface S3Options {
  /** Its bucket keeps versions, and can lock them. @default false */
  readonly hasObjectLock?: boolean
}

/** The program, built at the first call; undefined, with the reason printed, where there is no Go. */
export async function s3Program(): Promise<string | undefined> {
  const folder = join(REPOSITORY, '.cache/versitygw', VERSION)
  const program = join(folder, 'versitygw')
  if (existsSync(program)) return program
  try {
    await run('go', ['install', `github.com/versity/versitygw/cmd/versitygw@${VERSION}`], { GOBIN: folder })
    return program
  } catch (error) {
    if (process.env.CI === 'true') throw error
    console.warn(
      `skipped: no S3 server: versitygw could not be built: ${(error as Error).message.slice(-300)}`,
    )
    return undefined
  }
}

/** The S3s of this machine, `start` undefined for one that is not to be had. */
export async function s3Stores() {
  const [program, ministack] = await Promise.all([
    s3Program(),
    pythonEnvironment('requirements-ministack.txt'),
  ])
  return [
    { name: 'versitygw', start: program && ((options?: S3Options) => startS3(program, options)) },
    {
      name: 'MiniStack',
      start: ministack && ((options?: S3Options) => startMinistack(ministack.python, options)),
    },
  ]
}

/** versitygw with one empty bucket, `BUCKET`. */
export async function startS3(program: string, options: S3Options = {}): Promise<S3Server> {
  const folder = await mkdtemp(join(tmpdir(), 'trackyard-s3-'))
  const [data, metadata, versions] = [
    join(folder, 'data'),
    join(folder, 'metadata'),
    join(folder, 'versions'),
  ]
  await Promise.all([mkdir(data), mkdir(metadata), mkdir(versions)])
  const server = await startServer({
    command: program,
    args: (port) => [
      '--port',
      `127.0.0.1:${port}`,
      '--health',
      '/health',
      '--quiet',
      'posix',
      '--sidecar',
      metadata,
      ...(options.hasObjectLock ? ['--versioning-dir', versions] : []),
      data,
    ],
    environment: { ROOT_ACCESS_KEY: ACCESS.accessKeyId, ROOT_SECRET_KEY: ACCESS.secretAccessKey },
    folder,
    startWithinMs: 20_000,
  })
  const fill = async (keys: readonly string[]) => {
    for (const path of keys.map((key) => join(data, BUCKET, key))) {
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, 'x')
    }
  }
  return withBucket(server, folder, { fill, ...options })
}

async function startMinistack(python: string, options: S3Options = {}): Promise<S3Server> {
  const folder = await mkdtemp(join(tmpdir(), 'trackyard-ministack-'))
  const server = await startServer({
    command: 'sh',
    // Its port has no flag.
    args: (port) => ['-c', `GATEWAY_PORT=${port} exec "$0" -m ministack`, python],
    environment: { BIND_HOST: '127.0.0.1', SERVICES: 's3', IOT_MTLS_ENABLED: '0', LOG_LEVEL: 'WARNING' },
    folder,
    startWithinMs: 60_000,
  })
  return withBucket(server, folder, options)
}

/** @param fill is by requests unless there is a faster way */
async function withBucket(
  server: RunningServer,
  folder: string,
  { fill, hasObjectLock = false }: Partial<Pick<S3Server, 'fill'>> & S3Options,
): Promise<S3Server> {
  const client = new S3Client({
    endpoint: server.url,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: ACCESS,
  })
  await client.send(new CreateBucketCommand({ Bucket: BUCKET, ObjectLockEnabledForBucket: hasObjectLock }))
  const store = (Key: string) => client.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: 'x' }))
  return {
    ...server,
    client,
    fill: fill ?? (async (keys) => void (await Promise.all(keys.map(store)))),
    environment: {
      MLFLOW_S3_ENDPOINT_URL: server.url,
      AWS_ACCESS_KEY_ID: ACCESS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: ACCESS.secretAccessKey,
      AWS_DEFAULT_REGION: 'us-east-1',
    },
    async stop() {
      client.destroy()
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
