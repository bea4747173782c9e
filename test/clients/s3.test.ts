import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startLockedS3 } from '../support/locked-s3.ts'
import { mlflowEnvironment, startTrackyard } from '../support/mlflow.ts'
import { BUCKET, type S3Server, s3Program, startS3 } from '../support/s3.ts'
import type { RunningServer } from '../support/server-process.ts'
import { runScript } from './scripts.ts'

const mlflow = await mlflowEnvironment()
const program = await s3Program()

/** So small that a file of some megabytes takes the ways of a large one. */
const IN_PARTS = {
  MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE: String(6 * 1024 ** 2),
  MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE: String(6 * 1024 ** 2),
}

interface Way {
  readonly way: string
  readonly small: number
  readonly large: number
  readonly scheme?: string
  readonly settings?: Record<string, string>
  /** @default versitygw with an empty bucket */
  readonly start?: (program: string) => Promise<S3Server>
  client(s3: S3Server): Record<string, string>
}

describe.skipIf(!mlflow || !program)('the stock Python client with artifacts in S3', () => {
  let folder: string
  let s3: S3Server
  let server: RunningServer

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'trackyard-s3-clients-'))
  })

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true })
  })

  it.each<Way>([
    {
      way: 'through the server',
      small: 400,
      large: 200,
      client: () => ({
        MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD: 'false',
        MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD: 'false',
      }),
    },
    {
      way: 'in parts and by signed URLs, without being told',
      small: 50,
      large: 50,
      client: () => IN_PARTS,
    },
    {
      way: 'into a bucket with Object Lock, without being told',
      small: 50,
      large: 50,
      settings: { TRACKYARD_S3_OBJECT_LOCK: 'true' },
      start: (program) => startLockedS3((options) => startS3(program, options)),
      client: () => IN_PARTS,
    },
    {
      way: 'past a server that carries no bytes',
      small: 50,
      large: 50,
      settings: { MLFLOW_ARTIFACTS_PRESIGNED_ONLY: 'true' },
      client: () => ({
        MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE: '0',
        MLFLOW_MULTIPART_DOWNLOAD_MINIMUM_FILE_SIZE: '0',
      }),
    },
    {
      way: 'with boto3 and credentials of its own',
      small: 50,
      large: 50,
      scheme: 's3',
      settings: { MLFLOW_DEFAULT_ARTIFACT_ROOT: `s3://${BUCKET}/direct`, MLFLOW_SERVE_ARTIFACTS: 'false' },
      client: ({ environment }) => environment,
    },
  ])(
    'logs and loads a model, a folder, many files and a large one $way, and the server shows them',
    async ({ small, large, scheme = 'mlflow-artifacts', settings, start = startS3, client }) => {
      if (!mlflow || !program) return
      const work = await mkdtemp(join(folder, 'run-'))
      await mkdir(join(work, 'client'))
      s3 = await start(program)
      try {
        const destination = { MLFLOW_ARTIFACTS_DESTINATION: `s3://${BUCKET}/mlflow` }
        const environment = { ...s3.environment, ...destination, ...settings }
        server = await startTrackyard({ folder: work, environment })
        const args = [join(work, 'client'), String(small), String(large)]
        const seen = await runScript(mlflow, 's3.py', { url: server.url, args, environment: client(s3) })
        expect(seen).toEqual({
          run: seen.run,
          uri: scheme,
          large: true,
          small,
          listed: small,
          predicts: true,
        })
        const get = (path: string) => fetch(`${server.url}/${path}`)
        const list = await get(`ajax-api/2.0/mlflow/artifacts/list?run_id=${seen.run}&path=tree/many`)
        expect(((await list.json()) as { files: object[] }).files).toHaveLength(small)
        const file = await get(`get-artifact?run_uuid=${seen.run}&path=tree/many/0042`)
        if (settings?.MLFLOW_ARTIFACTS_PRESIGNED_ONLY) expect(file.status).toBe(403)
        else expect(await file.text()).toBe('42')
      } finally {
        await server?.stop()
        await s3.stop()
      }
    },
    480_000,
  )
})
