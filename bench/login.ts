/**
 * What it costs to know who asks and what they may: log-metric on a server without a login, by a user's password and by
 * an access token of that user, in turn. Usage: npm run bench:login [-- ROUNDS]. Exit code 1 when the target is missed.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTrackyard } from '../test/support/mlflow.ts'
import { type Client, connect, measureRate } from './http-load.ts'

const ROUNDS = Number(process.argv[2] ?? 15)
const BOUNDS = { callers: 8, calls: 3_000, seconds: 60 }
/** Of the throughput that the same processor gives without a login. */
const MOST_SHARE = 0.1
/** Linux counts the time of processes in hundredths of a second. */
const TICK_MS = 10

const ADMIN = 'admin:a password of the admin'
const WRITER = { username: 'writer', password: 'a password of the writer' }

const LOGIN = {
  MLFLOW_APP_NAME: 'basic-auth',
  MLFLOW_AUTH_ADMIN_USERNAME: 'admin',
  MLFLOW_AUTH_ADMIN_PASSWORD: 'a password of the admin',
}

interface Side {
  readonly name: string
  readonly pid: number
  readonly client: Client
  readonly runId: string
  readonly rounds: Round[]
}

interface Round {
  readonly rate: number
  /** Of the server, for one call. */
  readonly cpuMs: number
}

const work = mkdtempSync(join(tmpdir(), 'trackyard-login-'))
const closing: (() => unknown)[] = [() => rmSync(work, { recursive: true })]
try {
  const sides = [
    await openSide('no login', {}, async () => undefined),
    await openSide('password', LOGIN, async () => basic(`${WRITER.username}:${WRITER.password}`)),
    await openSide('access token', LOGIN, tokenOfWriter),
  ] as const
  // The first round is the compiler's.
  for (let round = 0; round <= ROUNDS; round++) {
    for (let turn = 0; turn < sides.length; turn++) {
      const side = sides[(round + turn) % sides.length] as Side
      const measured = await measure(side)
      if (round > 0) side.rounds.push(measured)
    }
  }
  process.exitCode = report(...sides) ? 0 : 1
} finally {
  for (const close of closing.reverse()) await close()
}

/** A server of its own for each, so that all have written the same. */
async function openSide(
  name: string,
  environment: Record<string, string>,
  signIn: (url: string) => Promise<string | undefined>,
): Promise<Side> {
  const folder = join(work, name)
  mkdirSync(folder)
  const server = await startTrackyard({ folder, environment })
  closing.push(() => server.stop())
  if (environment === LOGIN) await addWriter(server.url)
  const authorization = await signIn(server.url)
  const client = connect(server.url, authorization === undefined ? {} : { authorization })
  closing.push(() => client.close())
  const { run } = await client.post('runs/create', { experiment_id: '0', start_time: 1 })
  return { name, pid: server.pid, client, runId: run.info.run_id, rounds: [] }
}

/** A user whom a role lets write, and who has no grant of its own. */
async function addWriter(url: string): Promise<void> {
  await post(url, '2.0/mlflow/users/create', ADMIN, WRITER)
  const { role } = await post(url, '3.0/mlflow/roles/create', ADMIN, {
    name: 'writers',
    workspace: 'default',
  })
  await post(url, '3.0/mlflow/roles/permissions/add', ADMIN, {
    role_id: role.id,
    resource_type: 'experiment',
    resource_pattern: '0',
    permission: 'EDIT',
  })
  await post(url, '3.0/mlflow/roles/assign', ADMIN, { username: WRITER.username, role_id: role.id })
}

async function tokenOfWriter(url: string): Promise<string> {
  const { username, password } = WRITER
  const wanted = { name: 'bench', scope: 'write' }
  const { token } = await post(url, '2.0/trackyard/tokens', `${username}:${password}`, wanted)
  return `Bearer ${token}`
}

// biome-ignore lint/suspicious/noExplicitAny: answers of any shape are read
async function post(url: string, path: string, credentials: string, body: object): Promise<any> {
  const response = await fetch(`${url}/api/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: basic(credentials) },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return response.json()
}

function basic(credentials: string): string {
  return `Basic ${Buffer.from(credentials).toString('base64')}`
}

async function measure({ pid, client, runId }: Side): Promise<Round> {
  const before = cpuMs(pid)
  let calls = 0
  const rate = await measureRate(BOUNDS, (step) => {
    calls++
    const metric = { key: `m${step % 20}`, value: step, timestamp: step, step }
    return client.post('runs/log-metric', { run_id: runId, ...metric })
  })
  return { rate, cpuMs: (cpuMs(pid) - before) / calls }
}

/** What all threads of a process have computed, for itself and in the kernel. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}

function report(open: Side, ...signedIn: readonly Side[]): boolean {
  console.log(`${''.padEnd(16)}CPU of the server a call   calls a second   (means of ${ROUNDS} rounds)`)
  let met = true
  for (const side of [open, ...signedIn]) {
    const [cpu, rate] = [mean(side, ({ cpuMs }) => cpuMs), mean(side, ({ rate }) => rate)]
    const figures = `${side.name.padEnd(16)}${cpu.toFixed(4).padStart(21)} ms${rate.toFixed(0).padStart(17)}`
    // One thread serves all: what a call takes more of it is what it can do less of.
    const share = 1 - mean(open, ({ cpuMs }) => cpuMs) / cpu
    const isMet = share <= MOST_SHARE
    const verdict = `${(share * 100).toFixed(1)} % of the throughput  ${isMet ? 'met' : 'MISSED'}: ${MOST_SHARE * 100} %`
    console.log(side === open ? figures : `${figures}   ${verdict}`)
    met &&= isMet
  }
  return met
}

function mean({ rounds }: Side, figure: (round: Round) => number): number {
  return rounds.reduce((sum, round) => sum + figure(round), 0) / rounds.length
}
