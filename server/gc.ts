/** `trackyard gc`: removes for good what was deleted, on the database and the store the environment names. */
import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { type Environment, parseConfig, requireWriting } from './config.ts'
import { commaList } from './config-values.ts'
import { type Context, closeContext, openContext } from './context.ts'
import { findAbandonedUploads } from './operations/abandoned-uploads.ts'
import { parseAge } from './operations/age.ts'
import {
  type Collected,
  collectGarbage,
  countGarbage,
  type GarbageRequest,
} from './operations/collect-garbage.ts'
import { findOrphans } from './operations/orphans.ts'

const BAR_WIDTH = 30

/**
 * @returns the process's exit code
 * @throws Error with a line a person can act on
 */
export async function collect(environment: Environment, argv: string[]): Promise<number> {
  const { request, orphans, uploads } = parseOptions(argv)
  const config = parseConfig(environment)
  if (config.artifactsOnly) throw new Error('gc needs the database of runs; leave MLFLOW_ARTIFACTS_ONLY out')
  if (!request.dryRun) requireWriting(config, 'gc --delete')
  const context = await openContext(config, pino({ level: 'silent' }))
  try {
    const total = process.stderr.isTTY ? await countGarbage(context, request) : 0
    let [removed, kept] = [0, 0]
    for await (const one of collectGarbage(context, request)) {
      if (one.keptBecause) kept++
      else removed++
      process.stdout.write(`${describe(one, request.dryRun)}\n`)
      showProgress(removed + kept, total)
    }
    if (orphans) for await (const path of findOrphans(context)) process.stdout.write(`orphan: ${path}\n`)
    if (uploads) await endUploads(context, request)
    process.stdout.write(`${summary(removed, kept, request.dryRun)}\n`)
    return kept > 0 && !request.dryRun ? 1 : 0
  } finally {
    await closeContext(context)
  }
}

function parseOptions(argv: string[]): {
  request: GarbageRequest
  orphans: boolean
  uploads: boolean
} {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: argv,
    options: {
      'older-than': text,
      'run-ids': text,
      'logged-model-ids': text,
      'experiment-ids': text,
      orphans: { type: 'boolean', default: false },
      uploads: { type: 'boolean', default: false },
      delete: { type: 'boolean', default: false },
    },
  })
  const ids = (value: string | undefined) => (value === undefined ? undefined : commaList.decode(value))
  const request = {
    olderThanMs: values['older-than'] === undefined ? 0 : parseAge(values['older-than']),
    runIds: ids(values['run-ids']),
    loggedModelIds: ids(values['logged-model-ids']),
    experimentIds: ids(values['experiment-ids']),
    dryRun: !values.delete,
  }
  return { request, orphans: values.orphans, uploads: values.uploads }
}

async function endUploads(context: Context, { dryRun }: GarbageRequest): Promise<void> {
  for (const { path, begunAt, abort } of await findAbandonedUploads(context)) {
    if (!dryRun) await abort()
    const outcome = dryRun ? 'would abort' : 'aborted'
    process.stdout.write(`${outcome}: upload of ${path}, begun ${begunAt.toISOString()}\n`)
  }
}

function describe({ kind, id, artifactUri, keptBecause }: Collected, dryRun: boolean): string {
  const outcome = keptBecause ? 'kept' : dryRun ? 'would remove' : 'removed'
  return `${outcome}: ${kind} ${id}${artifactUri ? ` (${artifactUri})` : ''}${keptBecause ? `: ${keptBecause}` : ''}`
}

function summary(removed: number, kept: number, dryRun: boolean): string {
  return dryRun
    ? `${removed} would be removed, ${kept} kept; add --delete to remove them`
    : `${removed} removed, ${kept} kept`
}

/** A line of its own below the list, in a terminal. */
function showProgress(done: number, total: number): void {
  if (total === 0) return
  const filled = Math.round((Math.min(done, total) / total) * BAR_WIDTH)
  process.stderr.write(`[${'#'.repeat(filled).padEnd(BAR_WIDTH)}] ${done} of ${total}\r`)
}
