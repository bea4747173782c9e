/**
 * Large artifacts up and down by a client that costs next to nothing, and by the stock one: ours beside `mlflow server`,
 * the disk, the loopback, the plainest server on that disk, and S3 alone; on a local disk which of them is the bound; and
 * the CPU time of servers. Usage: npm run bench:transfers [-- GB ROUNDS]. Exit code 1 when a bound is not reached.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListPartsCommand,
  type ListPartsCommandInput,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { mlflowEnvironment, run, startMlflowServer, startTrackyard } from '../test/support/mlflow.ts'
import { BUCKET, s3Program, startS3 } from '../test/support/s3.ts'
import { inherited } from '../test/support/server-process.ts'
import { type Client, send, type Way } from './send.ts'

interface Transfer {
  readonly way: Way
  readonly client: Client
  readonly copies: number
}

/** Somewhere that bytes can go to and come from. */
interface Place {
  readonly name: string
  /** Of the server whose CPU time is of interest. */
  readonly group?: number
  /** So many times what is done here is enough. */
  readonly goal?: number
  /** @returns seconds; undefined where this client cannot be asked */
  transfer(transfer: Transfer): Promise<number | undefined>
}

interface Measured {
  readonly rate: number
  /** Seconds a gigabyte. */
  readonly cpu: number
}

const BYTES = Math.round(Number(process.argv[2] ?? 1) * 1e9)
const ROUNDS = Number(process.argv[3] ?? 3)
/** Nothing quite reaches a limit of the machine: this much of one counts as all. */
const OF_A_LIMIT = 0.9
const OF_MLFLOW = 3
/** Those of the server. */
const PART_BYTES = 8 * 1024 ** 2
const ROUTE = '/api/2.0/mlflow-artifacts/artifacts/1/run/artifacts'
const TRANSFERS: readonly Transfer[] = [
  { way: 'up', client: 'bare', copies: 1 },
  { way: 'down', client: 'bare', copies: 1 },
  { way: 'up', client: 'bare', copies: 4 },
  { way: 'down', client: 'bare', copies: 4 },
  { way: 'up', client: 'stock', copies: 1 },
  { way: 'down', client: 'stock', copies: 1 },
]

const python = await mlflowEnvironment()
if (!python) throw new Error('needs Python')
const mlflow = python
const folder = await mkdtemp(join(tmpdir(), 'trackyard-bench-'))
const closing: (() => unknown)[] = [() => rm(folder, { recursive: true })]
try {
  console.log(`MB a second in all, the median of ${ROUNDS}; artifacts of ${BYTES / 1e9} GB`)
  const loopback = await startSink()
  const local = await server('ours', await startTrackyard({ folder: await own('local') }))
  const theirs = await server(
    'mlflow',
    await startMlflowServer(mlflow, { folder: await own('mlflow'), workers: 4 }),
  )
  const limits = [disk(await own('disk')), loopback.memory, loopback.disk]
  const bounds = [{ ...theirs, goal: OF_MLFLOW }, ...limits.map((one) => ({ ...one, goal: OF_A_LIMIT }))]
  const met = await compare('local disk', local, bounds)
  const program = await s3Program()
  if (program) {
    const s3 = await startS3(program)
    closing.push(() => s3.stop())
    const environment = { ...s3.environment, MLFLOW_ARTIFACTS_DESTINATION: `s3://${BUCKET}/bench` }
    const proxied = await server('ours', await startTrackyard({ folder: await own('s3'), environment }))
    await compare('S3', proxied, [alone(s3)])
  }
  process.exitCode = met ? 0 : 1
} finally {
  for (const close of closing.reverse()) await close()
}

async function own(name: string): Promise<string> {
  const path = join(folder, name)
  await mkdir(path)
  return path
}

/** @returns whether ours reaches the lowest of what is enough, in each transfer */
async function compare(store: string, ours: Place, others: readonly Place[]): Promise<boolean> {
  let met = true
  for (const transfer of TRANSFERS) {
    const results = await measureAll([ours, ...others], transfer)
    const our = results.get(ours)
    if (!our) continue
    console.log(`${store}, ${transfer.copies} ${transfer.way}, ${transfer.client} client`)
    const enough: [number, string][] = []
    for (const [{ name, group, goal }, { rate, cpu }] of results) {
      const ratio = (our.rate / rate).toFixed(2)
      const costs = group ? `, ${cpu.toFixed(2)} s of CPU a GB` : ''
      console.log(
        `  ${name}: ${rate.toFixed(0)}${costs}${name === ours.name ? '' : `; ours is ${ratio} of it`}`,
      )
      if (goal) enough.push([goal * rate, `${goal} x ${name}`])
    }
    const [lowest] = enough.sort(([a], [b]) => a - b)
    if (!lowest) continue
    const isMet = our.rate >= lowest[0]
    met &&= isMet
    console.log(`  the bound is ${lowest[1]}   ${isMet ? 'met' : 'MISSED'}`)
  }
  return met
}

/**
 * One after the other in each round, so that what else the machine does meets all alike. The first round does not count:
 * a virtual machine's memory is slow when it is touched for the first time, and a page cache touches a lot of it.
 */
async function measureAll(places: readonly Place[], transfer: Transfer): Promise<Map<Place, Measured>> {
  const samples = new Map<Place, Measured[]>()
  for (let round = 0; round <= ROUNDS; round++) {
    for (const place of places) {
      const before = await cpuSeconds(place.group)
      const seconds = await place.transfer(transfer)
      if (seconds === undefined) continue
      const bytes = transfer.copies * BYTES
      if (round === 0) continue
      const cpu = ((await cpuSeconds(place.group)) - before) / (bytes / 1e9)
      samples.set(place, [...(samples.get(place) ?? []), { rate: bytes / 1e6 / seconds, cpu }])
    }
  }
  return new Map([...samples].map(([place, all]) => [place, medianOf(all)]))
}

function medianOf(samples: readonly Measured[]): Measured {
  const middle = (values: number[]) =>
    values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
  return { rate: middle(samples.map(({ rate }) => rate)), cpu: middle(samples.map(({ cpu }) => cpu)) }
}

/** Of all processes of a group that are there now. */
async function cpuSeconds(group: number | undefined): Promise<number> {
  if (group === undefined) return 0
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')))
  const fields = stats.map((text) => text.slice(text.lastIndexOf(')') + 2).split(' '))
  const ticks = fields
    .filter(([, , pgrp]) => Number(pgrp) === group)
    .map((one) => Number(one[11]) + Number(one[12]))
  return ticks.reduce((sum, each) => sum + each, 0) / 100
}

async function server(
  name: string,
  { url, pid, stop }: Awaited<ReturnType<typeof startTrackyard>>,
): Promise<Place> {
  closing.push(() => stop())
  return {
    name,
    group: pid,
    transfer: (one) => send(mlflow.python, one, BYTES, urlsBelow(url + ROUTE, one.copies)),
  }
}

function urlsBelow(base: string, copies: number): string[] {
  return Array.from({ length: copies }, (_, index) => `${base}/${index}`)
}

/** What the disk takes with a sync at the end, in the place of a file that is there until then, and gives, by `dd`. */
function disk(path: string): Place {
  const blocks = ['bs=1M', `count=${Math.ceil(BYTES / 1024 ** 2)}`]
  return {
    name: 'disk',
    async transfer({ way, copies }) {
      const start = performance.now()
      const all = urlsBelow(path, copies).map(async (file) => {
        if (way === 'down') return run('dd', [`if=${file}`, 'of=/dev/null', ...blocks], {})
        await run('dd', ['if=/dev/zero', `of=${file}.new`, 'conv=fsync', ...blocks], {})
        return rename(`${file}.new`, file)
      })
      await Promise.all(all)
      return (performance.now() - start) / 1000
    },
  }
}

async function startSink(): Promise<{ memory: Place; disk: Place }> {
  const args = [join(import.meta.dirname, 'sink.py'), await own('sink')]
  const sink = spawn(mlflow.python, args, { env: inherited(), stdio: ['ignore', 'pipe', 'inherit'] })
  closing.push(() => sink.kill())
  const [port] = await once(sink.stdout.setEncoding('utf8'), 'data')
  const place = (name: string, path: string): Place => ({
    name,
    transfer(one) {
      const base = `http://127.0.0.1:${String(port).trim()}${path}`
      return send(mlflow.python, one, BYTES, urlsBelow(base, one.copies))
    },
  })
  return { memory: place('loopback', `/memory/${BYTES}`), disk: place('the plainest server', '/disk') }
}

/** By signed URLs, as a client that may talk to the store: parts as the server's, and whole objects down. */
function alone({ client, pid }: Awaited<ReturnType<typeof startS3>>): Place {
  const object = (copy: number) => ({ Bucket: BUCKET, Key: `alone/${copy}` })
  const up = async (copies: readonly number[]) => {
    const uploads = await Promise.all(
      copies.map((one) => client.send(new CreateMultipartUploadCommand(object(one)))),
    )
    const begun = copies.map((one, index) => ({ ...object(one), UploadId: uploads[index]?.UploadId }))
    const numbers = Array.from({ length: Math.ceil(BYTES / PART_BYTES) }, (_, index) => index + 1)
    const parts = numbers.flatMap((PartNumber) => begun.map((one) => ({ ...one, PartNumber })))
    const signed = await Promise.all(parts.map((one) => getSignedUrl(client, new UploadPartCommand(one))))
    const seconds = await send(mlflow.python, { way: 'up', client: 'bare' }, PART_BYTES, signed)
    const start = performance.now()
    await Promise.all(begun.map(complete))
    return seconds + (performance.now() - start) / 1000
  }
  const complete = async (upload: ListPartsCommandInput) => {
    const { Parts = [] } = await client.send(new ListPartsCommand(upload))
    const all = Parts.map(({ PartNumber, ETag }) => ({ PartNumber, ETag }))
    await client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: all } }))
  }
  return {
    name: 'S3 alone',
    group: pid,
    async transfer({ way, client: by, copies }) {
      if (by === 'stock') return undefined
      const all = Array.from({ length: copies }, (_, index) => index)
      if (way === 'up') return up(all)
      const signed = await Promise.all(
        all.map((one) => getSignedUrl(client, new GetObjectCommand(object(one)))),
      )
      return send(mlflow.python, { way, client: by }, BYTES, signed)
    },
  }
}
