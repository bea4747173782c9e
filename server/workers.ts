/**
 * Several server processes on one port. This one only holds the port and watches: it starts the first, whose start
 * makes or checks the database, then the others, replaces any that dies, and ends them all.
 */
import cluster, { type Worker } from 'node:cluster'
import { once, setMaxListeners } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { type Logger, pino } from 'pino'
import type { Config } from './config.ts'
import { parseDatabaseUri } from './db/uri.ts'
import { releaseStartUpMemory } from './start-up-memory.ts'

/** Tells a process its place among them. */
const PLACE = 'TRACKYARD_WORKER_PLACE'

/** Deaths at one place in a row after which all end: whatever runs this server starts it again, or says so. */
const MOST_DEATHS = 8
const LONGEST_PAUSE_MS = 30_000
/** Who has lived this long died of something new. */
const STEADY_AFTER_MS = 60_000

/** How many processes serve under these settings: one has a SQLite file, whatever was asked for. */
export function processesOf({ workers, backendStoreUri, artifactsOnly }: Config): number {
  if (artifactsOnly) return workers
  return parseDatabaseUri(backendStoreUri).dialect === 'sqlite' ? 1 : workers
}

/** Whether this process is to start others and serve nothing itself. */
export function isSupervisor(config: Config): boolean {
  return cluster.isPrimary && processesOf(config) > 1
}

/** Whether this process does what one of those on a port should: say where it is, and send webhooks. */
export function isFirst(environment: NodeJS.ProcessEnv): boolean {
  return cluster.isPrimary || environment[PLACE] === '1'
}

/**
 * Runs this program once for each worker until SIGTERM or SIGINT.
 * @returns the process's exit code: that of a first worker that cannot start, which has said why
 */
export async function serveWithWorkers(config: Config): Promise<number> {
  const log = pino({ level: config.logLevel })
  const stopping = stopSignal(log)
  const first = start(1)
  const listens = once(first, 'listening').then(() => true)
  if (!(await Promise.race([listens, ended(first).then(() => false)]))) {
    return first.process.exitCode ?? (stopping.aborted ? 0 : 1)
  }
  releaseStartUpMemory()
  const others = Array.from({ length: processesOf(config) - 1 }, (_, index) => index + 2)
  const codes = await Promise.all([
    keep(1, first, stopping, log),
    ...others.map((place) => keep(place, start(place), stopping, log)),
  ])
  return Math.max(...codes)
}

/** Aborted when all are to end; they are told so. */
function stopSignal(log: Logger): AbortSignal {
  const stopping = new AbortController()
  setMaxListeners(0, stopping.signal)
  const stop = (signal: NodeJS.Signals) => {
    log.info(`${signal}: ending the server processes`)
    stopping.abort()
    endAll()
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, stop)
  return stopping.signal
}

/** Keeps one place filled until all are to end. @returns an exit code */
async function keep(place: number, worker: Worker, stopping: AbortSignal, log: Logger): Promise<number> {
  for (let deaths = 0, current = worker; ; current = start(place)) {
    const since = performance.now()
    await ended(current)
    const { exitCode, signalCode, pid } = current.process
    if (stopping.aborted) return exitCode ?? 0
    deaths = performance.now() - since > STEADY_AFTER_MS ? 1 : deaths + 1
    const facts = { worker: place, ended: pid, by: signalCode ?? exitCode, deaths }
    if (deaths === MOST_DEATHS) {
      log.error(facts, 'a server process ends again and again: ending all')
      process.kill(process.pid, 'SIGTERM')
      return 1
    }
    log.error(facts, 'a server process ended: starting another')
    const pauseMs = deaths === 1 ? 0 : Math.min(500 * 2 ** deaths, LONGEST_PAUSE_MS)
    await delay(pauseMs, undefined, { signal: stopping }).catch(() => undefined)
    if (stopping.aborted) return 0
  }
}

function start(place: number): Worker {
  return cluster.fork({ [PLACE]: String(place) })
}

function endAll(): void {
  for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGTERM')
}

async function ended(worker: Worker): Promise<void> {
  if (!worker.isDead()) await once(worker, 'exit')
}
