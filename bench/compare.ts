/**
 * Ours and the real `mlflow server` side by side: the same data (one SQLite file and its copy), the same requests,
 * both with their default processes. Both run all the time, and one kind of work is measured at one and then at the
 * other, so that a machine that slows down does so for both.
 * Usage: npm run bench:compare. Takes about five minutes; exit code 1 when a ratio is below its goal.
 */
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { mlflowEnvironment, startMlflowServer, startTrackyard } from '../test/support/mlflow.ts'
import { allEnded, type RunningServer } from '../test/support/server-process.ts'
import { connect, measureRate } from './http-load.ts'
import { seed, WORKLOADS, type Workload } from './workloads.ts'

/** MLflow's job runner has started its processes by then. */
const IDLE_AFTER_MS = 20_000
/** Idle memory: MLflow's divided by ours. */
const MEMORY_AT_LEAST = 20

/** The tests start MLflow without its job runner, which it has by default. */
const BY_DEFAULT = { MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'true' }

type Row = Pick<Workload, 'name' | 'unit' | 'atLeast'>

const work = mkdtempSync(join(tmpdir(), 'trackyard-compare-'))
try {
  const mlflow = await mlflowEnvironment()
  if (!mlflow) throw new Error('there is nothing to compare with: see the reason above')
  const [ourFolder, theirFolder] = ['ours', 'mlflow'].map((name) => join(work, name)) as [string, string]
  for (const folder of [ourFolder, theirFolder]) mkdirSync(folder)
  await fill(ourFolder)
  copyFileSync(join(ourFolder, 'mlflow.db'), join(theirFolder, 'mlflow.db'))
  say('starting mlflow server and trackyard')
  const servers = await allEnded([
    startTrackyard({ folder: ourFolder }),
    startMlflowServer(mlflow, { folder: theirFolder, workers: 4, environment: BY_DEFAULT }),
  ])
  try {
    process.exitCode = (await compare(...servers)) ? 0 : 1
  } finally {
    await allEnded(servers.map((server) => server.stop()))
  }
} finally {
  rmSync(work, { recursive: true })
}

async function fill(folder: string): Promise<void> {
  const server = await startTrackyard({ folder })
  const client = connect(server.url)
  try {
    await seed(client, (text) => say(`filling the database: ${text}`))
  } finally {
    client.close()
    await server.stop()
  }
}

async function compare(ours: RunningServer, theirs: RunningServer): Promise<boolean> {
  await delay(IDLE_AFTER_MS)
  const [ourMb, theirMb] = [ours, theirs].map((server) => residentMb(server.pid)) as [number, number]
  const table = startTable()
  for (const workload of WORKLOADS) {
    const rates: number[] = []
    for (const server of [ours, theirs]) {
      say(`${server === ours ? 'trackyard' : 'mlflow server'}: ${workload.name}`)
      rates.push(await rateOf(workload, server))
    }
    const [our, their] = rates as [number, number]
    table.add(workload, our, their, our / their)
  }
  const memory = { name: 'idle memory, all processes', unit: 'MB', atLeast: MEMORY_AT_LEAST }
  table.add(memory, ourMb, theirMb, theirMb / ourMb)
  return table.isMet()
}

async function rateOf({ bounds, perCall, prepare }: Workload, server: RunningServer): Promise<number> {
  const client = connect(server.url)
  try {
    return perCall * (await measureRate(bounds, await prepare(client)))
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

/** Prints each row as soon as it is known. */
function startTable() {
  let met = true
  printRow('', 'trackyard', 'mlflow', '', 'ratio', '')
  return {
    isMet: () => met,
    add({ name, unit, atLeast }: Row, ours: number, theirs: number, ratio: number): void {
      met &&= ratio >= atLeast
      const goal = `${ratio >= atLeast ? 'met' : 'MISSED'}: ${atLeast} x`
      printRow(name, format(ours), format(theirs), unit, `${ratio.toFixed(1)} x`, goal)
    },
  }
}

function printRow(
  name: string,
  ours: string,
  theirs: string,
  unit: string,
  ratio: string,
  goal: string,
): void {
  say('')
  const cells = [name.padEnd(72), ours.padStart(10), theirs.padStart(10), unit.padEnd(12)]
  console.log(`${cells.join(' ')} ${ratio.padStart(9)}  ${goal}`)
}

function format(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}

/** On one line of a terminal, gone with the next. */
function say(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`)
}
