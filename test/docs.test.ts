import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { glob, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const FOLDERS = '(?:server|constructs|stacks|test|docs|bin|docker|examples|bench)'
const PAGES = await Array.fromAsync(glob(['*.md', 'docs/**/*.md'], { cwd: ROOT }))

describe.each(PAGES)('%s', (page) => {
  it('names and links only what is there', async () => {
    const text = await readFile(join(ROOT, page), 'utf8')
    const links = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, to = '']) =>
      join(ROOT, dirname(page), to),
    )
    const paths = [...text.matchAll(new RegExp(`\`(${FOLDERS}/[\\w./-]+)\``, 'g'))].map(([, path = '']) =>
      join(ROOT, path),
    )
    expect([...links, ...paths].filter((path) => !existsSync(path))).toEqual([])
  })
})

describe('README.md', () => {
  it('begins with make up and make test', async () => {
    const [, commands = ''] = /```sh\n([^`]*)```/.exec(await readFile(join(ROOT, 'README.md'), 'utf8')) ?? []
    const programs = commands.split('\n').map((line) => line.split('#')[0]?.trim())
    expect(programs.filter(Boolean)).toEqual(['make up', 'make test'])
  })

  it('lists the commands that trackyard --help lists', async () => {
    const { stdout } = await promisify(execFile)(join(ROOT, 'bin/trackyard'), ['--help'])
    const there = [...stdout.matchAll(/^ {2}([a-z]+(?: [a-z]+)?) {2,}/gm)].map(([, name]) => name)
    const readme = await readFile(join(ROOT, 'README.md'), 'utf8')
    const listed = [...readme.matchAll(/^bin\/trackyard ([a-z]+(?: [a-z]+)?)/gm)].map(([, name]) => name)
    expect(there.length).toBeGreaterThan(3)
    expect(listed).toEqual(there)
  })
})
