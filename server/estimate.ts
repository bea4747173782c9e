/** `trackyard estimate`: what the stacks of a CDK app cost a month, about, from what it synthesizes. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Environment } from './config.ts'
import { type StackFile, stackFiles } from './estimate/assembly.ts'
import type { Usage } from './estimate/line.ts'
import { synthesize } from './estimate/synthesize.ts'
import { estimate, REGIONS, type Region, resourcesOf, USAGE } from './estimate/template.ts'
import { toText } from './estimate/text.ts'

/**
 * @returns the process's exit code
 * @throws Error with a line a person can act on
 */
export async function showEstimate(environment: Environment, argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      context: { type: 'string', short: 'c', multiple: true, default: [] },
      region: { type: 'string' },
      assume: { type: 'string', multiple: true, default: [] },
      json: { type: 'boolean', default: false },
    },
  })
  const [path, ...rest] = positionals
  if (rest.length > 0) throw new Error('estimate takes one folder or template; see trackyard estimate --help')
  const usage = { ...USAGE, ...Object.fromEntries(values.assume.map(assumption)) }
  const read = (folder: string) => estimatesAt(folder, values.region, usage)
  const context = Object.fromEntries(values.context.map((pair) => nameAndValue('--context', pair)))
  const found = path ? await read(path) : await synthesized(context, environment, read)
  const text = values.json ? JSON.stringify(found, undefined, 2) : found.map(toText).join('\n\n')
  process.stdout.write(`${text}\n`)
  return 0
}

async function synthesized<T>(
  context: Readonly<Record<string, string>>,
  environment: Environment,
  read: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'trackyard-estimate-'))
  try {
    await synthesize(process.cwd(), folder, context, environment)
    return await read(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function estimatesAt(path: string, region: string | undefined, usage: Usage) {
  const files = await stackFiles(path)
  return Promise.all(
    files.map(async (file) => {
      const resources = resourcesOf(await readFile(file.path, 'utf8'))
      return { stack: file.stack, ...estimate(resources, regionFor(file, region), usage) }
    }),
  )
}

/** Where it is said, there; else where its stack goes, where the file has prices of that. */
function regionFor({ region }: StackFile, said: string | undefined): Region {
  const known = REGIONS.find((one) => one === (said ?? region))
  if (said !== undefined && !known)
    throw new Error(`--region ${said}: there are prices of ${REGIONS.join(', ')}`)
  return known ?? 'us-east-1'
}

function assumption(pair: string): [string, number] {
  const [name, value] = nameAndValue('--assume', pair)
  const amount = Number(value)
  if (!(name in USAGE)) throw new Error(`--assume ${name}: there are ${Object.keys(USAGE).join(', ')}`)
  if (value === '' || !(amount >= 0)) throw new Error(`--assume ${pair}: must be a number, 0 or more`)
  return [name, amount]
}

function nameAndValue(flag: string, pair: string): [string, string] {
  const at = pair.indexOf('=')
  if (at < 1) throw new Error(`${flag} ${pair}: must be name=value`)
  return [pair.slice(0, at), pair.slice(at + 1)]
}
