import { resolve } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { safeFilePath, safePath } from '../../server/artifacts/safe-path.ts'

const PIECES = [
  '..',
  '.',
  '/',
  '\\',
  '%2e',
  '%2F',
  '%252e',
  '%5c',
  '%25',
  '%',
  '#',
  '?',
  ':',
  'C',
  'a',
  ' ',
  'ü',
  '\0',
]

describe('safePath', () => {
  it.each([
    ['', ''],
    ['1/run/artifacts/model.pkl', '1/run/artifacts/model.pkl'],
    ['with space/ü/日本語 🎉.txt', 'with space/ü/日本語 🎉.txt'],
    ['100%.txt', '100%.txt'],
    ['5%-off & a+b=c;d,e@f!(g)[h]{i}~$.csv', '5%-off & a+b=c;d,e@f!(g)[h]{i}~$.csv'],
    ['..hidden/a..b/c..', '..hidden/a..b/c..'],
    ['Model:v1.txt', 'Model:v1.txt'],
    ['a//b/./c/', 'a/b/c'],
    ['a%2520b', 'a b'],
  ])('takes %j as %j', (input, path) => {
    expect(safePath(input)).toBe(path)
  })

  it.each([
    '..',
    'a/../b',
    '%2e%2e/a',
    '..%2fa',
    '..%252fa',
    '%25252e%25252e%25252fa',
    '/etc/passwd',
    '%2fetc',
    '//host/share',
    'C:/',
    'c:',
    'C:\\x',
    './C:/x',
    './/c:',
    './file:/etc',
    'a\\b',
    'a%5c..',
    'a#b',
    'a%23/..',
    'a?/a',
    'a%3fb',
    'nul\0',
    'nul%00/x',
    'line%0d%0abreak',
    'del%7f',
    'file:///etc',
    'FILE:etc',
    'bad%ff',
    'half\ud800',
    `${'%25'.repeat(1)}${'25'.repeat(12)}2e`,
  ])('refuses %j', (input) => {
    expect(() => safePath(input)).toThrow(expect.objectContaining({ code: 'INVALID_PARAMETER_VALUE' }))
  })

  it('gives only paths that stay in the folder they are put under and are safe themselves', () => {
    const inputs = fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }).map((pieces) => pieces.join(''))
    fc.assert(
      fc.property(inputs, (input) => {
        let path: string
        try {
          path = safePath(input)
        } catch {
          return true
        }
        const inside = resolve('/root', path)
        return safePath(path) === path && (inside === '/root' || inside.startsWith('/root/'))
      }),
      { numRuns: 3000 },
    )
  })
})

describe('safeFilePath', () => {
  it('refuses a path that names no file', () => {
    for (const path of ['', 'a/', '.', 'a/%2e/']) expect(() => safeFilePath(path)).toThrow()
  })

  it('refuses a folder that has another spelling, as MLflow does', () => {
    expect(() => safeFilePath('a//b/c.txt')).toThrow("Invalid artifact path: 'a//b'")
    expect(() => safeFilePath('a/./c.txt')).toThrow("This name would resolve to 'a'")
    expect(safeFilePath('a/b/c.txt')).toBe('a/b/c.txt')
    expect(safeFilePath('c.txt')).toBe('c.txt')
  })
})
