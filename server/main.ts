/** Environment → config → context → app → listen, and an orderly end on SIGTERM. */
import cluster from 'node:cluster'
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { buildApp } from './app.ts'
import { type Config, ignoredSettings, parseConfig } from './config.ts'
import { closeContext, openContext } from './context.ts'
import { startDeliveries } from './operations/webhook-deliveries.ts'
import { releaseStartUpMemory } from './start-up-memory.ts'
import { MLFLOW_VERSION } from './version.ts'
import { isFirst, processesOf } from './workers.ts'

/**
 * Serves until SIGTERM or SIGINT, then finishes what is in flight.
 * @returns the process's exit code
 * @throws Error with a line a person can act on when it cannot start
 */
export async function serve(environment: NodeJS.ProcessEnv, argv: readonly string[]): Promise<number> {
  try {
    return await serveUntilSignal(environment, argv)
  } finally {
    // Its channel to the process that started it would keep a worker alive.
    cluster.worker?.disconnect()
  }
}

async function serveUntilSignal(environment: NodeJS.ProcessEnv, argv: readonly string[]): Promise<number> {
  const config = parseConfig(environment, argv)
  const log = pino({ level: config.logLevel })
  const first = isFirst(environment)
  // What there is to say of a start, one process on the port says for all.
  if (!first) log.level = config.logLevel === 'silent' ? 'silent' : 'error'
  if (first) for (const text of withoutEffect(config, environment, argv)) log.warn(text)
  // Before anything that takes time: the first process of a container ignores a signal nobody listens to.
  const stopped = nextSignal()
  const context = await openContext(config, log)
  try {
    const app = buildApp(context)
    const url = await listen(app, config)
    log.level = config.logLevel
    const delivers = first && !config.artifactsOnly && !config.readOnly
    const deliveries = delivers ? startDeliveries(context) : undefined
    releaseStartUpMemory()
    if (first && process.stdout.isTTY)
      process.stdout.write(`Trackyard (MLflow ${MLFLOW_VERSION}) is ready on ${url}\n`)
    log.info(`${await stopped}: finishing the requests in flight`)
    await leave(app, config)
    await Promise.all([drain(app, config), deliveries?.stop(config.drainSeconds * 1000)])
    return 0
  } finally {
    await closeContext(context)
  }
}

function withoutEffect(config: Config, environment: NodeJS.ProcessEnv, argv: readonly string[]): string[] {
  const lines = ignoredSettings(environment, argv).map((name) => `${name} has no effect on this server`)
  return config.workers === processesOf(config) ? lines : [...lines, 'one process serves SQLite, not several']
}

async function listen(app: FastifyInstance, { host, port }: Config): Promise<string> {
  try {
    return await app.listen({ host, port })
  } catch (cause) {
    throw new Error(listenProblem((cause as NodeJS.ErrnoException).code, host, port) ?? String(cause), {
      cause,
    })
  }
}

function listenProblem(code: string | undefined, host: string, port: number): string | undefined {
  switch (code) {
    case 'EADDRINUSE':
      return `port ${port} of ${host} is in use; stop what holds it, or choose another with MLFLOW_PORT or --port`
    case 'EACCES':
      return `port ${port} needs rights this user lacks; choose one from 1024 up with MLFLOW_PORT or --port`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `MLFLOW_HOST=${JSON.stringify(host)}: this machine has no such address; 127.0.0.1 and 0.0.0.0 always work`
    default:
      return undefined
  }
}

function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      // A worker is told twice where its whole process group is: once more by the process that started it.
      if (cluster.isWorker) process.on(signal, resolve)
      else process.once(signal, resolve)
    }
  })
}

/** Gives proxies time to see in `/health` that they should send nothing more. */
async function leave(app: FastifyInstance, { leaveSeconds }: Config): Promise<void> {
  app.isLeaving = true
  await delay(leaveSeconds * 1000)
}

/** Takes no new requests and waits for those in flight, but no longer than the setting says. */
async function drain(app: FastifyInstance, { drainSeconds }: Config): Promise<void> {
  const timeout = new AbortController()
  const late = new Promise<void>((resolve) => {
    const timer = setTimeout(() => {
      app.server.closeAllConnections()
      resolve()
    }, drainSeconds * 1000)
    timeout.signal.addEventListener('abort', () => clearTimeout(timer))
  })
  // A client that keeps its connection after its last answer would hold up the end.
  const idle = setInterval(() => app.server.closeIdleConnections(), 100)
  await Promise.race([app.close(), late])
  clearInterval(idle)
  timeout.abort()
}
