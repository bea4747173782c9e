/** `trackyard doctor`: says what is wrong with a stack, seen from its clients or from its server, and what to do. */
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { ConfigError, type Environment, parseConfig } from './config.ts'
import { databaseOptions } from './database-options.ts'
import { type Db, openDatabase } from './db/index.ts'
import { failed, type Report, runChecks, toText } from './doctor/finding.ts'
import type { Stack } from './doctor/http.ts'
import { INSIDE } from './doctor/inside.ts'
import { OUTSIDE } from './doctor/outside.ts'

/**
 * @returns the process's exit code: 1 when a check failed
 * @throws Error with a line a person can act on, for what was asked
 */
export async function diagnose(environment: Environment, argv: string[]): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: {
      url: { type: 'string' },
      backups: { type: 'string', default: '' },
      json: { type: 'boolean', default: false },
    },
  })
  const reports = values.url
    ? await runChecks(OUTSIDE, await stackOf(values.url, environment))
    : await lookInside(environment, values.backups)
  process.stdout.write(`${values.json ? JSON.stringify(reports, undefined, 2) : toText(reports)}\n`)
  return reports.some(({ outcome }) => outcome === 'failed') ? 1 : 0
}

/** The stack as MLflow's client of this environment would reach it. */
async function stackOf(text: string, environment: Environment): Promise<Stack> {
  const url = URL.parse(text)
  if (!url || !['http:', 'https:'].includes(url.protocol))
    throw new Error(`--url ${JSON.stringify(text)}: must be an http or https URL`)
  if (url.username || url.password)
    throw new Error('--url: a password on a command line is shown to everybody; use MLFLOW_TRACKING_PASSWORD')
  const file = environment.MLFLOW_TRACKING_SERVER_CERT_PATH
  return {
    url: text.replace(/\/+$/, ''),
    authorization: authorizationOf(environment),
    authorities: file ? await readFile(file, 'utf8') : '',
    insecure: environment.MLFLOW_TRACKING_INSECURE_TLS === 'true',
  }
}

function authorizationOf(environment: Environment): string {
  const { MLFLOW_TRACKING_USERNAME: user, MLFLOW_TRACKING_PASSWORD: password = '' } = environment
  if (user) return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
  return environment.MLFLOW_TRACKING_TOKEN ? `Bearer ${environment.MLFLOW_TRACKING_TOKEN}` : ''
}

async function lookInside(environment: Environment, backups: string): Promise<Report[]> {
  try {
    const config = parseConfig(environment)
    let opened: Db | undefined
    const database = () => {
      opened ??= openDatabase(config.backendStoreUri, databaseOptions(config))
      return opened
    }
    try {
      return await runChecks(INSIDE, { config, database, backups })
    } finally {
      await opened?.destroy()
    }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.message
      .split('\n')
      .map((line) => ({ check: 'settings', ...failed(line, 'correct it; see trackyard server --help') }))
  }
}
