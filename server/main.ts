/** Environment → config → context → app → listen, and an orderly end on SIGTERM. */
import { pino } from 'pino'
import { buildApp } from './app.ts'
import { type Config, ignoredSettings, parseConfig } from './config.ts'
import { closeContext, openContext } from './context.ts'

/** Serves until SIGTERM or SIGINT. @returns the process's exit code */
export async function serve(environment: NodeJS.ProcessEnv, argv: readonly string[]): Promise<number> {
  const config = parseConfig(environment, argv)
  const log = pino({ level: config.logLevel })
  for (const name of ignoredSettings(environment, argv)) log.warn(`${name} has no effect on this server`)
  const context = await openContext(config, log)
  const app = buildApp(context)
  const stopped = nextSignal()
  try {
    await app.listen({ host: config.host, port: config.port })
    const signal = await stopped
    log.info(`${signal}: finishing the requests in flight`)
    await Promise.race([app.close(), afterDrain(config)])
    return 0
  } finally {
    await closeContext(context)
  }
}

function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve)
  })
}

function afterDrain({ drainSeconds }: Config): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, drainSeconds * 1000).unref())
}
