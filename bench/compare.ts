/**
 * Ours and the real `mlflow server` side by side: the same data (one SQLite file and its copy), the same requests,
 * both with their default number of processes, one after the other so that neither has the other's load.
 * Usage: npm run bench:compare. Takes about five minutes; exit code 1 when a ratio is below its goal.
 */
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { mlflowEnvironment, startMlflowServer, startTrackyard } from '../test/support/mlflow.ts'
import type { RunningServer } from '../test/support/server-process.ts'
import { connect, measureRate } from './http-load.ts'
import { seed, WORKLOADS } from './workloads.ts'

const IDLE_AFTER_MS = 3_000
/** Idle memory: MLflow's divided by ours. */
const MEMORY_AT_LEAST = 20

interface Figures {
  readonly rates: readonly number[]
  /** Of all processes, when nothing has been asked yet. */
  readonly idleMb: number
}

const work = mkdtempSync(join(tmpdir(), 'trackyard-compare-'))
try {
  const mlflow = await mlflowEnvironment()
  if (!mlflow) throw new Error('there is nothing to compare with: see the reason above')
  const [ourFolder, theirFolder] = ['ours', 'mlflow'].map((name) => join(work, name)) as [string, string]
  for (const folder of [ourFolder, theirFolder]) mkdirSync(folder)
  await fill(ourFolder)
  copyFileSync(join(ourFolder, 'mlflow.db'), join(theirFolder, 'mlflow.db'))
  const theirs = await measure('mlflow server', () =>
    startMlflowServer(mlflow, { folder: theirFolder, workers: 4 }),
  )
  const ours = await measure('trackyard', () => startTrackyard({ folder: ourFolder }))
  process.exitCode = report(ours, theirs) ? 0 : 1
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

async function measure(name: string, start: () => Promise<RunningServer>): Promise<Figures> {
  say(`starting ${name}`)
  const server = await start()
  const client = connect(server.url)
  try {
    await delay(IDLE_AFTER_MS)
    const idleMb = residentMb(server.pid)
    const rates: number[] = []
    for (const { name: what, bounds, perCall, prepare } of WORKLOADS) {
      say(`${name}: ${what}`)
      rates.push(perCall * (await measureRate(bounds, await prepare(client))))
    }
    return { rates, idleMb }
  } finally {
    client.close()
    await server.stop()
  }
}

/** Of a process group: `mlflow server` is a parent with its workers. */
function residentMb(group: number): number {
  const lines = execFileSync('ps', ['-e', '-o', 'pgid=,rss='], { encoding: 'utf8' }).trim().split('\n')
  const members = lines.map((line) => line.trim().split(/\s+/).map(Number)).filter(([pgid]) => pgid === group)
  return members.reduce((sum, [, rss = 0]) => sum + rss, 0) / 1024
}

function report(ours: Figures, theirs: Figures): boolean {
  say('')
  let met = true
  const row = (name: string, unit: string, our: number, their: number, ratio: number, goal: number) => {
    met &&= ratio >= goal
    const cells = [name.padEnd(72), format(our).padStart(10), format(their).padStart(10), unit.padEnd(12)]
    console.log(
      `${cells.join(' ')} ${`${ratio.toFixed(1)} x`.padStart(9)}  ${ratio >= goal ? 'met' : 'MISSED'}: ${goal} x`,
    )
  }
  console.log(
    `${''.padEnd(72)} ${'trackyard'.padStart(10)} ${'mlflow'.padStart(10)} ${''.padEnd(12)} ${'ratio'.padStart(9)}`,
  )
  for (const [index, { name, unit, atLeast }] of WORKLOADS.entries()) {
    const [our = 0, their = 0] = [ours.rates[index], theirs.rates[index]]
    row(name, unit, our, their, our / their, atLeast)
  }
  row(
    'idle memory, all processes',
    'MB',
    ours.idleMb,
    theirs.idleMb,
    theirs.idleMb / ours.idleMb,
    MEMORY_AT_LEAST,
  )
  return met
}

function format(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}

/** On one line of a terminal, gone with the next. */
function say(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`)
}
