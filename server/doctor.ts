/** `trackyard doctor`: says what is wrong with a stack, seen from its clients or from its server, and what to do. */
import { parseArgs } from 'node:util'
import { ConfigError, type Environment, parseConfig } from './config.ts'
import { databaseOptions } from './database-options.ts'
import { type Db, openDatabase } from './db/index.ts'
import { failed, type Report, runChecks, toText } from './doctor/finding.ts'
import { INSIDE } from './doctor/inside.ts'
import { OUTSIDE } from './doctor/outside.ts'
import { stackOf } from './doctor/stack.ts'

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
