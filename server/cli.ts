#!/usr/bin/env node
import packageJson from '../package.json' with { type: 'json' }
import {
  CANARY_HELP,
  DOCTOR_HELP,
  ESTIMATE_HELP,
  EVIDENCE_HELP,
  GC_HELP,
  PREPARE_HELP,
  serverHelp,
  TOKENS_HELP,
  usage,
  VERIFY_HELP,
} from './cli-help.ts'
import { parseConfig, requireWriting } from './config.ts'
import { databaseOptions } from './database-options.ts'
import { redactUri } from './db/uri.ts'
import { MLFLOW_VERSION } from './version.ts'

interface Command {
  readonly summary: string
  /** What `--help` prints after the command's name. */
  readonly help: string | (() => string)
  /** @returns the process's exit code */
  run(argv: string[]): Promise<number>
}

const COMMANDS: Record<string, Command> = {
  server: { summary: 'Start the tracking server.', help: serverHelp, run: runServer },
  'db upgrade': {
    summary: "Create MLflow's schema in an empty database, or bring an older one forward.",
    help: '[URI]\n\nURI is the database (default: MLFLOW_BACKEND_STORE_URI, else sqlite:///mlflow.db). Make a backup first.',
    run: runDbUpgrade,
  },
  'db prepare': {
    summary: "Make the servers' role and databases on PostgreSQL, as its administrator.",
    help: PREPARE_HELP,
    run: runDbPrepare,
  },
  gc: {
    summary: 'Remove for good what was deleted, with its artifacts.',
    help: GC_HELP,
    run: runGc,
  },
  doctor: {
    summary: 'Say what is wrong with a stack, and what to do about it.',
    help: DOCTOR_HELP,
    run: runDoctor,
  },
  verify: {
    summary: 'Say whether a database and its artifacts are whole, restored ones too.',
    help: VERIFY_HELP,
    run: runVerify,
  },
  canary: {
    summary: 'Log a run and an artifact to a stack, read them back, and delete them.',
    help: CANARY_HELP,
    run: runCanary,
  },
  tokens: {
    summary: 'Make, list and revoke access tokens for machines.',
    help: TOKENS_HELP,
    run: runTokens,
  },
  estimate: {
    summary: 'Say what an EnterpriseStack costs a month, about.',
    help: ESTIMATE_HELP,
    run: runEstimate,
  },
  evidence: {
    summary: 'Write what a reviewer of an EnterpriseStack asks for, from what cdk synth made.',
    help: EVIDENCE_HELP,
    run: runEvidence,
  },
  ui: {
    summary: "Fetch MLflow's web UI, which the server serves.",
    help: '[FOLDER]\n\nTakes the UI out of the pinned mlflow wheel on PyPI; needs Python 3 with pip.',
    run: runUi,
  },
  health: {
    summary: "Exit 0 if the server that this environment's settings start answers /health.",
    help: '\n\nTakes the flags and variables of `trackyard server`.',
    run: runHealth,
  },
}

async function main(argv: string[]): Promise<number> {
  if (argv[0] === '--version') return print(`trackyard ${packageJson.version} (MLflow ${MLFLOW_VERSION})`)
  const found = Object.entries(COMMANDS).find(([name]) => argv.join(' ').concat(' ').startsWith(`${name} `))
  if (found) {
    const [name, command] = found
    const rest = argv.slice(name.split(' ').length)
    if (!rest.includes('--help')) return command.run(rest)
    return print(
      `Usage: trackyard ${name} ${typeof command.help === 'string' ? command.help : command.help()}`,
    )
  }
  const asked = argv.length === 0 || ['--help', 'help'].includes(argv[0] ?? '')
  if (asked) return print(usage(COMMANDS))
  process.stderr.write(`trackyard: there is no command '${argv.join(' ')}'\n\n${usage(COMMANDS)}\n`)
  return 2
}

async function runServer(argv: string[]): Promise<number> {
  const config = parseConfig(process.env, argv)
  const { isSupervisor, serveWithWorkers } = await import('./workers.ts')
  if (isSupervisor(config)) return serveWithWorkers(config)
  const { serve } = await import('./main.ts')
  return serve(process.env, argv)
}

async function runDbUpgrade([uri, ...rest]: string[]): Promise<number> {
  if (rest.length > 0) throw new Error('db upgrade takes one database URI; see trackyard db upgrade --help')
  const config = parseConfig(process.env, uri === undefined ? [] : [`--backend-store-uri=${uri}`])
  requireWriting(config, 'db upgrade')
  const { upgradeDatabase } = await import('./db/migrate.ts')
  const outcome = await upgradeDatabase(config.backendStoreUri, databaseOptions(config))
  return print(`${redactUri(config.backendStoreUri)}: ${outcome}`)
}

async function runDbPrepare(argv: string[]): Promise<number> {
  const { prepare } = await import('./prepare.ts')
  return prepare(process.env, argv)
}

async function runGc(argv: string[]): Promise<number> {
  const { collect } = await import('./gc.ts')
  return collect(process.env, argv)
}

async function runDoctor(argv: string[]): Promise<number> {
  const { diagnose } = await import('./doctor.ts')
  return diagnose(process.env, argv)
}

async function runVerify(argv: string[]): Promise<number> {
  const { verify } = await import('./verify.ts')
  return verify(process.env, argv)
}

async function runCanary(argv: string[]): Promise<number> {
  const { tryStack } = await import('./canary.ts')
  return tryStack(process.env, argv)
}

async function runTokens(argv: string[]): Promise<number> {
  const { manageTokens } = await import('./tokens.ts')
  return manageTokens(process.env, argv)
}

async function runEstimate(argv: string[]): Promise<number> {
  const { showEstimate } = await import('./estimate.ts')
  return showEstimate(process.env, argv)
}

async function runEvidence(argv: string[]): Promise<number> {
  const { showEvidence } = await import('./evidence.ts')
  return showEvidence(argv)
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

function print(text: string): number {
  process.stdout.write(`${text}\n`)
  return 0
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  const { message, stack } = error as Error
  for (const line of message.split('\n')) process.stderr.write(`trackyard: ${line}\n`)
  if (process.env.TRACKYARD_LOG_LEVEL === 'debug') process.stderr.write(`${stack}\n`)
  process.exitCode = 1
}
