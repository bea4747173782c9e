import { readdir, readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'

const FILES = [
  ...['settings', 'option-kinds', 'sign-on-options'].map((name) => `constructs/${name}.ts`),
  'stacks/enterprise-options.ts',
  ...(await readdir('stacks/options')).map((name) => `stacks/options/${name}`),
]

/** Where an option begins: its indentation, its name, and how its schema does. */
const BEGIN =
  /^(\s+)(\w+): (z$|z\.(?!literal\(')|positive\(|text\(|wholeNumber\(|asServer\(|plainName\(|httpsUrl|secretArn|claim\b|\w+\.(optional|default|prefault)\(|(?!true)[a-zA-Z]\w*,$)/

interface Option {
  readonly name: string
  readonly check: string
  readonly comment: string
}

it.each(FILES)('every option in %s says what it is, its unit and its default', async (file) => {
  const options = optionsIn(await readFile(file, 'utf8'))
  expect(options.length).toBeGreaterThan(5)
  expect(options.flatMap(lacking)).toEqual([])
})

it('an option that says less is noticed', () => {
  const planted = `  /** @default 5 */
  words: z.string().default('5'),
  /** Memory. @default 5 */
  memory: wholeNumber(1, 5, 'MiB').default(5),
  /** Time. */
  hours: z
    .number()
    .optional(),
  bare: z.string(),
  named: days,
`
  expect(optionsIn(planted).flatMap(lacking)).toEqual([
    'words: what it is',
    'memory: MiB',
    'hours: its default',
    'bare: what it is',
    'named: what it is',
  ])
})

function optionsIn(source: string): Option[] {
  const lines = source.split('\n')
  return lines.flatMap((line, at) => {
    const [, indent = '', name = ''] = BEGIN.exec(line) ?? []
    if (name === '') return []
    const rest = lines.slice(at + 1)
    const end = rest.findIndex((one) => !one.startsWith(`${indent} `) && !one.startsWith(`${indent})`))
    return { name, check: [line, ...rest.slice(0, end)].join('\n'), comment: commentAbove(lines, at) }
  })
}

function commentAbove(lines: readonly string[], at: number): string {
  const above = lines.slice(0, at)
  if (!above.at(-1)?.endsWith('*/')) return ''
  return above.slice(above.findLastIndex((line) => line.includes('/**'))).join('\n')
}

function lacking({ name, check, comment }: Option): string[] {
  // Of an object each option has its own.
  const own = check.split('strictObject(', 1).join('')
  const unit = /wholeNumber\([^)]*'(\w+)'\)/.exec(own)?.[1] ?? ''
  const [words = '', fallback] = comment.split('@default')
  return [
    ...(/\w/.test(words) ? [] : [`${name}: what it is`]),
    ...(words.toLowerCase().includes(unit.toLowerCase()) ? [] : [`${name}: ${unit}`]),
    ...(/\.(default|optional|prefault)\(/.test(check) && fallback === undefined
      ? [`${name}: its default`]
      : []),
  ]
}
