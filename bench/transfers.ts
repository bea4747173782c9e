/**
 * Large artifacts up and down by a client that costs next to nothing, and by the stock one: ours beside three times
 * `mlflow server`, the disk, the loopback, the plainest server on that disk, and S3 alone; which of them is the bound,
 * how much of it is reached, and the CPU time of a server. Usage: npm run bench:transfers [-- GB ROUNDS]. Exit code 1
 * when a bound is not reached.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
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
  /** Bytes a second cannot be more than here, or than `goal` times what is done here. */
  readonly goal?: number
  /** Absent for what only this way cannot be asked. */
  transfer(transfer: Transfer): Promise<number> | undefined
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
  const limits = [disk(await own('disk')), loopback.memory]
  let met = await compare('local disk', local, [...limits, { ...theirs, goal: 3 }], [loopback.disk])
  const program = await s3Program()
  if (program) {
    const s3 = await startS3(program)
    closing.push(() => s3.stop())
    const environment = { ...s3.environment, MLFLOW_ARTIFACTS_DESTINATION: `s3://${BUCKET}/bench` }
    const proxied = await server('ours', await startTrackyard({ folder: await own('s3'), environment }))
    met = (await compare('S3', proxied, [loopback.memory, alone(s3)], [])) && met
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

async function compare(store: string, ours: Place, bounds: Place[], others: Place[]): Promise<boolean> {
  let met = true
  for (const transfer of TRANSFERS) {
    const results = await measureAll([ours, ...bounds, ...others], transfer)
    const our = results.get(ours)
    if (!our) continue
    const [bound, most] = lowest(bounds, results)
    const isMet = our.rate >= most * (bound.goal ? 1 : OF_A_LIMIT)
    met &&= isMet
    const cells = [...results].map(
      ([{ name, group }, { rate, cpu }]) =>
        `${name} ${rate.toFixed(0)}${group ? ` (${cpu.toFixed(2)} s of CPU a GB)` : ''}`,
    )
    const reached = `${(our.rate / most).toFixed(2)} of ${bound.goal ? `${bound.goal} x ` : ''}${bound.name}`
    console.log(
      `${store}, ${transfer.copies} ${transfer.way}, ${transfer.client} client: ${cells.join(', ')}`,
    )
    console.log(
      `  the bound is ${bound.goal ? `${bound.goal} x ` : ''}${bound.name}: ${reached}   ${isMet ? 'met' : 'MISSED'}`,
    )
  }
  return met
}

function lowest(bounds: readonly Place[], results: Map<Place, Measured>): [Place, number] {
  const rates = bounds.flatMap((one): [Place, number][] => {
    const result = results.get(one)
    return result ? [[one, result.rate * (one.goal ?? 1)]] : []
  })
  const [first, ...rest] = rates.sort(([, a], [, b]) => a - b)
  if (!first) throw new Error(`nothing to compare with, of ${rest.length}`)
  return first
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

/** By one signed URL each, as a client that may talk to the store. */
function alone({ client }: Awaited<ReturnType<typeof startS3>>): Place {
  return {
    name: 'S3 alone',
    transfer(one) {
      if (one.client === 'stock') return undefined
      const urls = urlsBelow('alone', one.copies).map((Key) => {
        const object = { Bucket: BUCKET, Key }
        const command = one.way === 'up' ? new PutObjectCommand(object) : new GetObjectCommand(object)
        return getSignedUrl(client, command as PutObjectCommand)
      })
      return Promise.all(urls).then((signed) => send(mlflow.python, one, BYTES, signed))
    },
  }
}
