import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ATTACK_ROWS } from './attack-rows.ts'

const ROOT = join(import.meta.dirname, '..')
/** Numbers that were given up before there was a server. */
const NONE = new Set([6, 17, 20, 27, 34, 42, 48, 51, 58, 61])

function numbered(letter: string, last: number): string[] {
  const numbers = Array.from({ length: last }, (_, at) => at + 1)
  return numbers.map((number) => `${letter}${String(number).padStart(2, '0')}`)
}

it('every attack that is known has a row', () => {
  const automatic = numbered('A', 63).filter((id) => !NONE.has(Number(id.slice(1))))
  expect(Object.keys(ATTACK_ROWS)).toEqual([...automatic, ...numbered('M', 16)])
})

it.each(Object.entries(ATTACK_ROWS))('%s has tests that are there and are run', async (_id, { tests }) => {
  expect(tests.length).toBeGreaterThan(0)
  for (const [file, title] of tests) {
    const text = await readFile(join(ROOT, file), 'utf8')
    expect(titlesIn(text), `${file}: ${title}`).toContain(title)
  }
})

/** What the tests of a file are called that are not left out. */
function titlesIn(text: string): string[] {
  return [...text.matchAll(/(?:\bit|\))\(\s*(['"])(.*?[^\\])\1,/g)].map(([, , title = '']) => title)
}
