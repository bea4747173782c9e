#!/usr/bin/env node
import { ConfigError, parseConfig, SETTINGS } from './config.ts'
import { SchemaError } from './db/migrate.ts'
import { MLFLOW_VERSION } from './version.ts'

const COMMANDS: Record<string, { summary: string; run(argv: string[]): Promise<number> }> = {
  server: { summary: 'Start the tracking server.', run: runServer },
  health: { summary: 'Exit 0 if the server of this environment answers /health.', run: runHealth },
  ui: { summary: "Fetch MLflow's web UI, which the server serves.", run: runUi },
}

async function main([command = '--help', ...argv]: string[]): Promise<number> {
  if (command === '--version') return print(`trackyard 0.1.0 (MLflow ${MLFLOW_VERSION})`)
  const found = COMMANDS[command]
  if (found) return found.run(argv)
  print(usage())
  return ['--help', 'help'].includes(command) ? 0 : 2
}

async function runServer(argv: string[]): Promise<number> {
  if (argv.includes('--help')) return print(serverHelp())
  const { serve } = await import('./main.ts')
  return serve(process.env, argv)
}

async function runUi(argv: string[]): Promise<number> {
  const { fetchUi } = await import('./ui/fetch.ts')
  return fetchUi(argv)
}

async function runHealth(argv: string[]): Promise<number> {
  const { checkHealth } = await import('./health-check.ts')
  await checkHealth(parseConfig(process.env, argv))
  return 0
}

function usage(): string {
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(12)}${summary}`)
  return ['Usage: trackyard COMMAND [OPTIONS]', '', 'Commands:', ...lines].join('\n')
}

function serverHelp(): string {
  const lines = Object.values(SETTINGS).map((one) => {
    const flag = 'flag' in one ? `--${one.flag}` : ''
    return `  ${flag.padEnd(30)} ${one.help}\n${' '.repeat(33)}[${one.env}]`
  })
  return ['Usage: trackyard server [OPTIONS]', '', 'Options:', ...lines].join('\n')
}

function print(text: string): number {
  process.stdout.write(`${text}\n`)
  return 0
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  const known = error instanceof ConfigError || error instanceof SchemaError
  process.stderr.write(`trackyard: ${known ? error.message : (error as Error).message}\n`)
  process.exitCode = 1
}
