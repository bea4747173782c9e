/**
 * Start to the first answer of /health, and the memory of the server when it idles: from source and bundled.
 * Usage: npm run bench:start [-- RUNS]. Exit code 1 when a target is missed.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../test/support/server-process.ts'

const ROOT = join(import.meta.dirname, '..')
const RUNS = Number(process.argv[2] ?? 5)
const IDLE_AFTER_MS = 2_000
const MOST_MEMORY_MB = 120

interface Sample {
  readonly startMs: number
  readonly memoryMb: number
}

execFileSync('npm', ['run', '--silent', 'bundle'], { cwd: ROOT, stdio: 'inherit' })
const source = [join(ROOT, 'bin/trackyard')]
const bundled = [process.execPath, join(ROOT, 'dist-bundle/trackyard.mjs')]
const work = mkdtempSync(join(tmpdir(), 'trackyard-bench-'))
let met = true
try {
  const cache = join(work, 'cache')
  console.log(`${''.padEnd(34)}start to /health    idle memory    (median of ${RUNS})`)
  report('from source, the very first time', [await measure(source, { NODE_COMPILE_CACHE: cache })])
  met = report('from source', await measureAll(source, { NODE_COMPILE_CACHE: cache }), 1_000) && met
  met = report('bundled', await measureAll(bundled, {}), 500) && met
} finally {
  rmSync(work, { recursive: true })
}
process.exitCode = met ? 0 : 1

async function measureAll(
  command: readonly string[],
  environment: Record<string, string>,
): Promise<Sample[]> {
  const samples: Sample[] = []
  while (samples.length < RUNS) samples.push(await measure(command, environment))
  return samples
}

/** Starts a server on a folder of its own, so the start includes making the database. */
async function measure(
  [program = '', ...args]: readonly string[],
  environment: Record<string, string>,
): Promise<Sample> {
  const port = await freePort()
  const folder = mkdtempSync(join(work, 'run-'))
  const before = performance.now()
  const server = spawn(program, [...args, 'server', '--port', String(port)], {
    cwd: folder,
    env: { PATH: process.env.PATH, ...environment, TRACKYARD_LOG_LEVEL: 'warn' },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  try {
    while (!(await isHealthy(port))) {
      if (server.exitCode !== null) throw new Error(`the server ended with exit code ${server.exitCode}`)
      await delay(2)
    }
    const startMs = performance.now() - before
    await delay(IDLE_AFTER_MS)
    return { startMs, memoryMb: residentMb(server.pid ?? 0) }
  } finally {
    if (server.exitCode === null) {
      server.kill()
      await once(server, 'exit')
    }
  }
}

function report(label: string, samples: readonly Sample[], mostMs?: number): boolean {
  const startMs = median(samples.map((one) => one.startMs))
  const memoryMb = median(samples.map((one) => one.memoryMb))
  const line = `${label.padEnd(34)}${startMs.toFixed(0).padStart(7)} ms ${memoryMb.toFixed(0).padStart(15)} MB`
  if (mostMs === undefined) {
    console.log(line)
    return true
  }
  const met = startMs < mostMs && memoryMb < MOST_MEMORY_MB
  console.log(`${line}    ${met ? 'met' : 'MISSED'}: under ${mostMs} ms and ${MOST_MEMORY_MB} MB`)
  return met
}

function residentMb(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1024
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

function isHealthy(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    get({ host: '127.0.0.1', port, path: '/health', agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    }).on('error', () => resolve(false))
  })
}
