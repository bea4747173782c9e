import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { returnAddress } from '../../server/auth/return-address.ts'
import { Browser, signOnServer } from './sign-on-support.ts'

const HOSTILE = [
  '//evil.example',
  '///evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '/\\/evil.example',
  'https:evil.example',
  'https://evil.example',
  'https:/evil.example',
  'javascript:alert(1)',
  'evil.example',
  '',
  ' //evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  '/x\r\nset-cookie: a=b',
  '/x\u0000',
  '/.//evil.example',
  '/..//evil.example',
  '/x/..//evil.example',
  '/%2e//evil.example',
  '/%2e%2e//evil.example',
  '@evil.example',
]

describe('after a sign-in', () => {
  it.each(HOSTILE)('%j leads to the first page', (asked) => {
    expect(returnAddress(asked, '')).toBe('/')
    expect(returnAddress(`${asked}`, '/mlflow')).toBe('/mlflow/')
  })

  it.each(['/', '/?a=b', '/#/experiments/1', '/x/%2f%2fevil.example', '/static-files/a?b=//c'])(
    '%s leads there',
    (asked) => {
      expect(returnAddress(asked, '')).toBe(asked)
      expect(returnAddress(`/mlflow${asked}`, '/mlflow')).toBe(`/mlflow${asked}`)
    },
  )

  it.each([
    '/',
    '/other',
    '/mlflowx/',
    '/mlflow/../x',
    '/mlflow/%2e%2e/x',
    '/mlflow/auth/sign-out',
    '/mlflow',
  ])('%s leads to the first page below a prefix', (asked) => {
    expect(returnAddress(asked, '/mlflow')).toBe('/mlflow/')
  })

  it('no text leads to another origin', () => {
    const piece = fc.constantFrom(
      '/',
      '\\',
      '.',
      '..',
      ':',
      '@',
      '?',
      '#',
      '%2f',
      '%5c',
      '%2e',
      '\t',
      '\r\n',
      'evil.example',
    )
    const text = fc.oneof(
      fc.array(piece, { maxLength: 8 }).map((all) => `/${all.join('')}`),
      fc.string(),
      fc.webUrl(),
    )
    fc.assert(
      fc.property(text, (asked) => {
        const own = 'https://mlflow.example.com'
        expect(new URL(returnAddress(asked, ''), own).origin).toBe(own)
      }),
      { numRuns: 2_000 },
    )
  })

  it('the way back is what was asked for before, whatever the callback says', async () => {
    const { app } = await signOnServer()
    const browser = new Browser(app)
    expect((await browser.signIn('/#/models')).headers.location).toBe('/#/models')
    expect((await browser.signIn('//evil.example')).headers.location).toBe('/')
    const url = await browser.toCallback('/#/models')
    expect((await browser.get(`${url}&return_to=//evil.example`)).headers.location).toBe('/#/models')
  })
})
