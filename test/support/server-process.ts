/** A server in a process of its own, on a free port, ended by its id. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

export interface RunningServer {
  readonly url: string
  readonly pid: number
  /** What it has written to its standard output and error. */
  output(): string
  /** Ends it, and what it started, in an orderly way; waits for its end. */
  stop(signal?: NodeJS.Signals): Promise<void>
}

interface ServerCommand {
  readonly command: string
  args(port: number): readonly string[]
  readonly environment: Record<string, string>
  readonly folder: string
  readonly startWithinMs: number
}

/** Starts a server and waits for its `/health`. */
export async function startServer({
  command,
  args,
  environment,
  folder,
  startWithinMs,
}: ServerCommand): Promise<RunningServer> {
  const port = await freePort()
  // A process group of its own: `mlflow server` leaves its workers behind when only the parent is ended.
  const child = spawn(command, args(port), {
    cwd: folder,
    env: { ...inherited(), ...environment },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-50_000)
    })
  }
  const pid = child.pid
  if (pid === undefined) throw new Error(`could not start ${command}`)
  const killNow = () => signalGroup(pid, 'SIGKILL')
  process.once('exit', killNow)
  // The signal alone ends a test process without its `exit` event, and the server would outlive it.
  if (process.listenerCount('SIGTERM') === 0) process.once('SIGTERM', () => process.exit(143))
  const server: RunningServer = {
    url: `http://127.0.0.1:${port}`,
    pid,
    output: () => output,
    stop: async (signal = 'SIGTERM') => {
      await end(child, pid, signal)
      process.off('exit', killNow)
    },
  }
  try {
    await healthy(server, child, startWithinMs)
  } catch (error) {
    await server.stop('SIGKILL')
    throw error
  }
  return server
}

/** The caller's environment without settings of a server or client that would change what is tested. */
export function inherited(): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) => !/^(MLFLOW|TRACKYARD|FLASK|PYTHON)/.test(name))
  return Object.fromEntries(kept) as Record<string, string>
}

async function healthy({ url, output }: RunningServer, child: ChildProcess, withinMs: number): Promise<void> {
  const deadline = Date.now() + withinMs
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}:\n${output()}`)
    const response = await fetch(`${url}/health`).catch(() => undefined)
    if (response?.ok) return
    await delay(50)
  }
  throw new Error(`no answer from ${url}/health in ${withinMs} ms:\n${output()}`)
}

async function end(child: ChildProcess, pid: number, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = once(child, 'exit')
    signalGroup(pid, signal)
    await Promise.race([ended, delay(15_000, undefined, { ref: false })])
  }
  signalGroup(pid, 'SIGKILL')
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** A port of this machine that nobody listens on. */
export async function freePort(): Promise<number> {
  const socket = createServer().listen(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address() as { port: number }
  socket.close()
  await once(socket, 'close')
  return port
}

/** Results of all when each has ended, well or not: what one failure leaves running nobody would stop. */
export async function allEnded<T extends readonly unknown[]>(
  work: {
    [K in keyof T]: Promise<T[K]>
  },
): Promise<T> {
  const outcomes = await Promise.allSettled(work)
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed) throw failed.reason
  return Promise.all(work) as Promise<unknown> as Promise<T>
}
