/**
 * Large artifacts up and down at once, on a local disk and on S3: bytes a second, the server's memory and what it has
 * on disk beside the artifacts meanwhile, and how long another call takes; then the same bytes through `mlflow server`
 * and past any server. Usage: npm run bench:artifacts [-- GB COPIES]. Exit code 1 when a target is missed.
 */
import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, open, readdir, readFile, rm, stat } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { mlflowEnvironment, startMlflowServer, startTrackyard } from '../test/support/mlflow.ts'
import { BUCKET, type S3Server, s3Program, startS3 } from '../test/support/s3.ts'
import { blocks } from './blocks.ts'
import { startLoopback } from './loopback.ts'
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
  await onFolder((folder) => measure('S3 (versitygw)', folder, environment))
  await measureS3(s3).finally(() => s3.stop())
}
await measureLoopback()
await onFolder(measureDisk)
await onFolder(measureMlflow)
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
    await upload(`${url}${ROUTE}/first`, 20_000_000)
    await download(`${url}${ROUTE}/first`)
    const urls = Array.from({ length: COPIES }, (_, index) => `${url}${ROUTE}/${index}`)
    const up = () => Promise.all(urls.map((one) => upload(one, BYTES)))
    await report(`${store}, up`, { ...server, folder, kept }, up)
    await report(`${store}, down`, { ...server, folder, kept: 0 }, () => Promise.all(urls.map(download)))
  } finally {
    await server.stop()
  }
}

async function report(
  name: string,
  { url, pid, folder, kept }: { url: string; pid: number; folder: string; kept: number },
  work: () => Promise<unknown>,
): Promise<void> {
  const [before, diskBefore] = [await memoryMb(pid), await bytesIn(folder)]
  const start = performance.now()
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
  await all
  const rate = (COPIES * BYTES) / 1e3 / (performance.now() - start)
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

async function measureLoopback(): Promise<void> {
  const server = await startLoopback()
  const all = (send: (url: string) => Promise<void>) =>
    Promise.all(Array.from({ length: COPIES }, () => send(`${server.url}?bytes=${BYTES}`)))
  await rate('loopback alone, up', () => all((url) => upload(url, BYTES)))
  await rate('loopback alone, down', () => all(download))
  await server.stop()
}

/** What the disk takes and gives by itself: written as the server writes, to the disk and not to memory. */
async function measureDisk(folder: string): Promise<void> {
  const files = Array.from({ length: COPIES }, (_, index) => join(folder, String(index)))
  await rate('the disk alone, up', () => Promise.all(files.map(write)))
  await rate('the disk alone, down', () =>
    Promise.all(files.map((file) => pipeline(createReadStream(file), nowhere()))),
  )
}

async function write(path: string): Promise<void> {
  const file = await open(path, 'wx')
  await file.writeFile(blocks(BYTES))
  await file.sync()
  await file.close()
}

/** By one signed URL each, as a client that may talk to the store. */
async function measureS3({ client }: S3Server): Promise<void> {
  const objects = Array.from({ length: COPIES }, (_, index) => ({ Bucket: BUCKET, Key: `alone/${index}` }))
  const signed = (commands: readonly (PutObjectCommand | GetObjectCommand)[]) =>
    Promise.all(commands.map((command) => getSignedUrl(client, command)))
  const puts = await signed(objects.map((object) => new PutObjectCommand(object)))
  const gets = await signed(objects.map((object) => new GetObjectCommand(object)))
  await rate('S3 alone, up', () => Promise.all(puts.map((url) => upload(url, BYTES))))
  await rate('S3 alone, down', () => Promise.all(gets.map(download)))
}

async function measureMlflow(folder: string): Promise<void> {
  const mlflow = await mlflowEnvironment()
  if (!mlflow) return console.log('mlflow server: not measured, there is no Python here')
  const server = await startMlflowServer(mlflow, { folder, workers: 4 })
  const urls = Array.from({ length: COPIES }, (_, index) => `${server.url}${ROUTE}/${index}`)
  try {
    await rate('mlflow server, up', () => Promise.all(urls.map((url) => upload(url, BYTES))))
    await rate('mlflow server, down', () => Promise.all(urls.map(download)))
  } finally {
    await server.stop()
  }
}

async function rate(name: string, work: () => Promise<unknown>): Promise<void> {
  const start = performance.now()
  await work()
  const figure = ((COPIES * BYTES) / 1e3 / (performance.now() - start)).toFixed(0)
  console.log(`${name.padEnd(20)}${figure.padStart(11)}`)
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

async function upload(url: string, bytes: number): Promise<void> {
  const sent = request(url, { method: 'PUT', headers: { 'content-length': bytes } })
  const answered = new Promise<number | undefined>((resolve, reject) => {
    sent.on('error', reject).on('response', (response) => {
      response.resume()
      resolve(response.statusCode)
    })
  })
  await pipeline(Readable.from(blocks(bytes), { objectMode: false }), sent)
  const status = await answered
  if (status !== 200) throw new Error(`PUT ${url}: ${status}`)
}

async function download(url: string): Promise<void> {
  const response = await new Promise<Readable>((resolve, reject) => {
    request(url, (answer) => {
      if (answer.statusCode === 200) resolve(answer)
      else reject(new Error(`GET ${url}: ${answer.statusCode}`))
    })
      .on('error', reject)
      .end()
  })
  await pipeline(response, nowhere())
}

function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() })
}
