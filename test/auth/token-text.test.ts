import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hashToken, holdsToken, looksLikeToken, makeToken } from '../../server/operations/token-text.ts'

describe('a token', () => {
  it('is another one each time, with a prefix and a sum that scanners know', () => {
    const tokens = Array.from({ length: 100 }, makeToken)
    expect(new Set(tokens).size).toBe(100)
    for (const token of tokens) {
      expect(token).toMatch(/^trackyard_[0-9a-f]{72}$/)
      expect(looksLikeToken(token)).toBe(true)
      expect(holdsToken(`Authorization: Bearer ${token}, and more`)).toBe(true)
    }
  })

  it('is none with another letter anywhere', () => {
    const token = makeToken()
    const at = fc.integer({ min: 0, max: token.length - 1 })
    fc.assert(
      fc.property(at, fc.constantFrom(...'0123456789abcdef_g'), (place, letter) => {
        const changed = token.slice(0, place) + letter + token.slice(place + 1)
        expect(holdsToken(changed)).toBe(changed === token)
      }),
    )
  })

  it('is kept as its SHA-256', () => {
    expect(hashToken('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  })
})
