/**
 * Files by the stock Python client, many small ones or a large one, through each way and beside `mlflow server`:
 * milliseconds a file, and how many of them the client computes; what comes back is compared with what went.
 * Usage: npm run bench:many-files [-- FILES BYTES].
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mlflowEnvironment, run, startMlflowServer, startTrackyard } from '../test/support/mlflow.ts'
import { BUCKET, s3Program, startS3 } from '../test/support/s3.ts'

type Settings = Record<string, string>

const [FILES = '2500', BYTES = '4'] = process.argv.slice(2)
const THROUGH_THE_SERVER = {
  MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD: 'false',
  MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD: 'false',
}

const mlflow = await mlflowEnvironment()
if (!mlflow) throw new Error('needs Python')
const folder = await mkdtemp(join(tmpdir(), 'trackyard-bench-'))
console.log(`${FILES} files of ${BYTES} B   ms a file up      down   of both the client computes`)
await measure('local disk', startTrackyard)
await measure('mlflow server', (options) => startMlflowServer(mlflow, { ...options, workers: 4 }))
const program = await s3Program()
if (program) {
  const s3 = await startS3(program)
  const environment = { ...s3.environment, MLFLOW_ARTIFACTS_DESTINATION: `s3://${BUCKET}/bench` }
  const start = (options: { folder: string }) => startTrackyard({ ...options, environment })
  await measure('S3', start)
  await measure('S3, signed URLs', start, {})
  await s3.stop()
}
await rm(folder, { recursive: true })

async function measure(
  name: string,
  start: (options: { folder: string }) => ReturnType<typeof startTrackyard>,
  client: Settings = THROUGH_THE_SERVER,
): Promise<void> {
  const own = join(folder, name)
  await mkdir(own)
  const server = await start({ folder: own })
  const environment = { MLFLOW_TRACKING_URI: server.url, MLFLOW_LOGGING_LEVEL: 'ERROR', ...client }
  const script = join(import.meta.dirname, 'many-files.py')
  const args = ['-W', 'ignore', script, join(own, 'client'), FILES, BYTES]
  const printed = await run((mlflow as { python: string }).python, args, environment).finally(() =>
    server.stop(),
  )
  const each = JSON.parse(printed.trim().split('\n').at(-1) ?? '') as Record<string, number>
  await rm(own, { recursive: true })
  const figures = [each.up, each.down, each.client].map((ms) => (ms ?? 0).toFixed(1).padStart(10))
  console.log(name.padEnd(24) + figures.join(''))
}
