/**
 * Ours and the real `mlflow server` side by side: the same rows in the same kind of database, the same requests. Both
 * are there for the whole time, and each kind of work is done by one right after the other, so that what else the
 * machine does meets both alike.
 * Usage: npm run bench:compare [-- --backend postgres] [--workers N]. Takes five to nine minutes; exit code 1 when a
 * ratio is below its goal.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { mlflowEnvironment, startMlflowServer, startTrackyard } from '../test/support/mlflow.ts'
import type { RunningServer } from '../test/support/server-process.ts'
import { type Counters, type Databases, openDatabases } from './databases.ts'
import { connect, measureRate } from './http-load.ts'
import { BACKENDS, type Backend, seed, WORKLOADS, type Workload } from './workloads.ts'

/** MLflow's job runner has started its processes by then. */
const IDLE_AFTER_MS = 20_000
/** Idle memory: MLflow's divided by ours. */
const MEMORY_AT_LEAST = 20
/** MLflow's own defaults; the tests start it without its job runner. */
const THEIR_WORKERS = 4
const BY_DEFAULT = { MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'true' }

interface Measured {
  readonly rate: number
  /** For one call. */
  readonly asked: Counters | undefined
}

interface Side {
  readonly server: RunningServer
  readonly database: string
}

const { values } = parseArgs({
  options: { backend: { type: 'string', default: 'sqlite' }, workers: { type: 'string', default: '1' } },
})
const backend = backendNamed(values.backend)
const work = mkdtempSync(join(tmpdir(), 'trackyard-compare-'))
const closing: (() => unknown)[] = [() => rmSync(work, { recursive: true })]
try {
  const mlflow = await mlflowEnvironment()
  if (!mlflow) throw new Error('there is nothing to compare with: see the reason above')
  const databases = await openDatabases(backend, work)
  closing.push(() => databases.close())
  const start = (workers: string) =>
    startTrackyard({
      folder: work,
      environment: { MLFLOW_BACKEND_STORE_URI: databases.ours, MLFLOW_WORKERS: workers },
    })
  await fill(await start('1'))
  await databases.copy()
  say('starting both servers')
  const theirs = side(
    await startMlflowServer(mlflow, {
      folder: work,
      workers: THEIR_WORKERS,
      environment: { ...BY_DEFAULT, MLFLOW_BACKEND_STORE_URI: databases.theirs },
    }),
    databases.theirs,
  )
  const ours = side(await start(values.workers), databases.ours)
  await delay(IDLE_AFTER_MS)
  process.exitCode = (await compare(ours, theirs, databases)) ? 0 : 1
} finally {
  for (const close of closing.reverse()) await close()
}

function backendNamed(name: string): Backend {
  const backend = BACKENDS.find((one) => one === name)
  if (!backend) throw new Error(`--backend must be one of ${BACKENDS.join(', ')}`)
  return backend
}

async function fill(server: RunningServer): Promise<void> {
  const client = connect(server.url)
  try {
    await seed(client, (text) => say(`filling the database: ${text}`))
  } finally {
    client.close()
    await server.stop()
  }
}

function side(server: RunningServer, database: string): Side {
  closing.push(() => server.stop())
  return { server, database }
}

async function compare(ours: Side, theirs: Side, databases: Databases): Promise<boolean> {
  const [ourMb, theirMb] = [residentMb(ours.server.pid), residentMb(theirs.server.pid)]
  let met = true
  const row = (name: string, unit: string, our: number, their: number, ratio: number, goal: number) => {
    met &&= ratio >= goal
    const cells = [name.padEnd(72), format(our).padStart(10), format(their).padStart(10), unit.padEnd(12)]
    print(
      `${cells.join(' ')} ${`${ratio.toFixed(1)} x`.padStart(9)}  ${ratio >= goal ? 'met' : 'MISSED'}: ${goal} x`,
    )
  }
  print(
    `${backend.padEnd(72)} ${'trackyard'.padStart(10)} ${'mlflow'.padStart(10)} ${''.padEnd(12)} ${'ratio'.padStart(9)}`,
  )
  for (const workload of WORKLOADS.filter((one) => (one.backend ?? backend) === backend)) {
    say(`trackyard: ${workload.name}`)
    const our = await measure(workload, ours, databases)
    say(`mlflow server: ${workload.name}`)
    const their = await measure(workload, theirs, databases)
    row(workload.name, workload.unit, our.rate, their.rate, our.rate / their.rate, workload.atLeast)
    if (our.asked && their.asked) {
      print(countersLine('  statements of the database a call', our.asked.statements, their.asked.statements))
      print(countersLine('  rows written a call, about', our.asked.rows, their.asked.rows))
      if (workload.backend) print(countersLine('  deadlocks', our.asked.deadlocks, their.asked.deadlocks))
      if (workload.backend && our.asked.deadlocks > 0) met = false
    }
  }
  row('idle memory, all processes', 'MB', ourMb, theirMb, theirMb / ourMb, MEMORY_AT_LEAST)
  return met
}

async function measure(
  workload: Workload,
  { server, database }: Side,
  databases: Databases,
): Promise<Measured> {
  // Anew: a server closes connections that were idle while the other one was measured.
  const client = connect(server.url)
  try {
    const call = await workload.prepare(client)
    const before = await databases.counters(database)
    let calls = 0
    const rate = await measureRate(workload.bounds, (index) => {
      calls++
      return call(index)
    })
    const after = await databases.counters(database)
    const asked = before &&
      after && {
        statements: (after.statements - before.statements) / calls,
        rows: (after.rows - before.rows) / calls,
        deadlocks: after.deadlocks - before.deadlocks,
      }
    return { rate: workload.perCall * rate, asked }
  } finally {
    client.close()
  }
}

/** Of a process group: `mlflow server` is a parent with its workers. */
function residentMb(group: number): number {
  const lines = execFileSync('ps', ['-e', '-o', 'pgid=,rss='], { encoding: 'utf8' }).trim().split('\n')
  const members = lines.map((line) => line.trim().split(/\s+/).map(Number)).filter(([pgid]) => pgid === group)
  return members.reduce((sum, [, rss = 0]) => sum + rss, 0) / 1024
}

function countersLine(name: string, our: number, their: number): string {
  return `${name.padEnd(72)} ${format(our).padStart(10)} ${format(their).padStart(10)}`
}

function format(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}

function print(line: string): void {
  say('')
  console.log(line)
}

/** On one line of a terminal, gone with the next. */
function say(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`)
}
