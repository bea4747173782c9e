/** `trackyard evidence`: one report for whoever has to sign a stack off, from what `cdk synth` wrote. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { toMarkdown } from './evidence/markdown.ts'
import { type Evidence, evidenceOf } from './evidence/report.ts'
import { parseResults, parseValidation, type ScanResult } from './evidence/results.ts'

const TEMPLATE = '.template.json'
/** What CDK itself found, where it writes it. */
const VALIDATION = 'validation-report.json'

/**
 * @returns the process's exit code: 1 when a scanner found something that nobody acknowledged
 * @throws Error with a line a person can act on
 */
export async function showEvidence(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      result: { type: 'string', multiple: true, default: [] },
      json: { type: 'boolean', default: false },
    },
  })
  const [path = 'cdk.out', ...rest] = positionals
  if (rest.length > 0) throw new Error('evidence takes one folder or template; see trackyard evidence --help')
  const evidence = await gather(path, values.result)
  const text = values.json ? JSON.stringify(evidence, undefined, 2) : evidence.map(toMarkdown).join('\n\n')
  process.stdout.write(`${text}\n`)
  return evidence.some(({ scanners }) => scanners.some(({ findings }) => findings.length > 0)) ? 1 : 0
}

async function gather(path: string, results: readonly string[]): Promise<Evidence[]> {
  const { templates, validations } = await filesAt(path)
  const scanners: ScanResult[] = []
  for (const file of validations) scanners.push(...(await readAs(file, parseValidation)))
  for (const file of results) scanners.push(...(await readAs(file, parseResults)))
  return Promise.all(
    templates.map((file) => readAs(file, (text) => evidenceOf(stackName(file), text, scanners))),
  )
}

/** The templates in a cloud assembly, or the one that is named. */
async function filesAt(path: string): Promise<{ templates: string[]; validations: string[] }> {
  const found = await stat(path).catch(() => undefined)
  if (!found) throw new Error(`${path}: no such file or folder; make it with cdk synth`)
  if (!found.isDirectory()) return { templates: [path], validations: [] }
  const files = (await readdir(path)).sort()
  const templates = files.filter((file) => file.endsWith(TEMPLATE)).map((file) => join(path, file))
  if (templates.length === 0) throw new Error(`${path}: holds no template; make one with cdk synth`)
  return {
    templates,
    validations: files.filter((file) => file === VALIDATION).map((file) => join(path, file)),
  }
}

/** @throws Error that names the file */
async function readAs<T>(file: string, parse: (text: string) => T): Promise<T> {
  try {
    return parse(await readFile(file, 'utf8'))
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`, { cause: error })
  }
}

function stackName(file: string): string {
  return (
    file
      .split('/')
      .at(-1)
      ?.replace(/(\.template)?\.json$/, '') ?? file
  )
}
