/**
 * Large artifacts up and down at once, on a local disk and on S3: bytes a second, the server's memory and what it has
 * on disk beside the artifacts meanwhile, and how long another call takes. Usage: npm run bench:artifacts [-- GB COPIES].
 * Exit code 1 when a target is missed.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startTrackyard } from '../test/support/mlflow.ts'
import { BUCKET, s3Program, startS3 } from '../test/support/s3.ts'
import { send, type Way } from './send.ts'
import { timeCalls } from './waits.ts'

const GB = Number(process.argv[2] ?? 1)
const COPIES = Number(process.argv[3] ?? 4)
const BYTES = GB * 1e9
const MOST_GROWTH_MB = 200
const MOST_DISK_MB = 100
const MOST_WAIT_MS = 100
const LOCAL = 'local disk'
const ROUTE = '/api/2.0/mlflow-artifacts/artifacts/1/run/artifacts'

let met = true
console.log(`${COPIES} artifacts of ${GB} GB at once`)
console.log(`${''.padEnd(20)}MB/s in all   memory grows   extra disk   another call, 95th percentile`)
await onFolder((folder) => measure(LOCAL, folder, {}))
const program = await s3Program()
if (program) {
  const s3 = await startS3(program)
  const environment = { ...s3.environment, MLFLOW_ARTIFACTS_DESTINATION: `s3://${BUCKET}/bench` }
  await onFolder((folder) => measure('S3 (versitygw)', folder, environment)).finally(() => s3.stop())
}
process.exitCode = met ? 0 : 1

async function onFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'trackyard-bench-'))
  await work(folder).finally(() => rm(folder, { recursive: true }))
}

async function measure(store: string, folder: string, environment: Record<string, string>): Promise<void> {
  const temporary = join(folder, 'tmp')
  await mkdir(temporary)
  const server = await startTrackyard({ folder, environment: { ...environment, TMPDIR: temporary } })
  const kept = store === LOCAL ? COPIES * BYTES : 0
  try {
    const { url } = server
    // What the first transfer loads is no growth.
    await transfer('up', 20_000_000, [`${url}${ROUTE}/first`])
    await transfer('down', 20_000_000, [`${url}${ROUTE}/first`])
    const urls = Array.from({ length: COPIES }, (_, index) => `${url}${ROUTE}/${index}`)
    await report(`${store}, up`, { ...server, folder, kept }, () => transfer('up', BYTES, urls))
    await report(`${store}, down`, { ...server, folder, kept: 0 }, () => transfer('down', BYTES, urls))
  } finally {
    await server.stop()
  }
}

function transfer(way: Way, bytes: number, urls: readonly string[]): Promise<number> {
  return send('python3', { way, client: 'bare' }, bytes, urls)
}

async function report(
  name: string,
  { url, pid, folder, kept }: { url: string; pid: number; folder: string; kept: number },
  work: () => Promise<number>,
): Promise<void> {
  const [before, diskBefore] = [await memoryMb(pid), await bytesIn(folder)]
  let isOver = false
  const all = work().finally(() => {
    isOver = true
  })
  const calls = timeCalls(url)
  let most = before
  let mostDisk = 0
  while (!isOver) {
    most = Math.max(most, await memoryMb(pid))
    mostDisk = Math.max(mostDisk, ((await bytesIn(folder)) - diskBefore - kept) / 1e6)
    await delay(50)
  }
  const rate = (COPIES * BYTES) / 1e6 / (await all)
  const wait = await calls.end()
  const isMet = most - before < MOST_GROWTH_MB && mostDisk < MOST_DISK_MB && wait < MOST_WAIT_MS
  met &&= isMet
  const figures = [
    rate.toFixed(0).padStart(11),
    `${(most - before).toFixed(0)} MB`.padStart(15),
    `${mostDisk.toFixed(0)} MB`.padStart(13),
  ]
  console.log(
    `${name.padEnd(20)}${figures.join('')}${`${wait.toFixed(0)} ms`.padStart(31)}   ${isMet ? 'met' : 'MISSED'}`,
  )
}

/** In its folder, its folder for temporary files included. */
async function bytesIn(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true })
  // An upload's file changes its name when it is complete.
  const sizes = names.map(async (name) => (await stat(join(folder, name)).catch(() => undefined))?.size ?? 0)
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}

async function memoryMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
}
