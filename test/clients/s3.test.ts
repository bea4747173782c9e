import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
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

  it.each([
    {
      way: 'through the server',
      small: 400,
      large: 200,
      environment: {
        MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD: 'false',
        MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD: 'false',
      },
    },
    { way: 'in parts and by signed URLs, without being told', small: 50, large: 50, environment: IN_PARTS },
  ])(
    'logs and loads a model, a folder, many files and a large one $way',
    async ({ small, large, environment }) => {
      if (!mlflow || !program) return
      const work = await mkdtemp(join(folder, 'run-'))
      await mkdir(join(work, 'client'))
      s3 = await startS3(program)
      try {
        server = await startTrackyard({
          folder: work,
          environment: { ...s3.environment, MLFLOW_ARTIFACTS_DESTINATION: `s3://${BUCKET}/mlflow` },
        })
        const args = [join(work, 'client'), String(small), String(large)]
        expect(await runScript(mlflow, 's3.py', { url: server.url, args, environment })).toEqual({
          uri: 'mlflow-artifacts',
          large: true,
          small,
          listed: small,
          predicts: true,
        })
      } finally {
        await server?.stop()
        await s3.stop()
      }
    },
    480_000,
  )
})
