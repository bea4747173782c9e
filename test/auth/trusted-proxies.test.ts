import { describe, expect, it } from 'vitest'
import { trustedProxies } from '../../server/auth/trusted-proxies.ts'
import { parseConfig } from '../../server/config.ts'
import { testApp } from '../server/support.ts'

const SPOOFED = { 'x-forwarded-for': '6.6.6.6, 203.0.113.9', 'x-forwarded-proto': 'https' }

/** What the server takes as the origin of a request whose connection comes from `remoteAddress`. */
async function seen(
  proxies: string[],
  remoteAddress: string,
  headers: Record<string, string> = SPOOFED,
): Promise<{ ip?: string; protocol?: string }> {
  const app = await testApp({ trustedProxies: proxies })
  const origin: { ip?: string; protocol?: string } = {}
  app.addHook('onRequest', async ({ ip, protocol }) => {
    Object.assign(origin, { ip, protocol })
  })
  await app.inject({ url: '/health', remoteAddress, headers })
  return origin
}

describe('X-Forwarded- headers', () => {
  it('say nothing where no proxy is trusted', async () => {
    expect(await seen([], '10.0.0.7')).toEqual({ ip: '10.0.0.7', protocol: 'http' })
  })

  it('say nothing from an address that is not a trusted one', async () => {
    expect(await seen(['10.0.0.0/16'], '10.1.0.7')).toEqual({ ip: '10.1.0.7', protocol: 'http' })
  })

  it('of a trusted proxy name the address it saw, not one the client has put before', async () => {
    expect(await seen(['10.0.0.0/16'], '10.0.3.7')).toEqual({ ip: '203.0.113.9', protocol: 'https' })
  })

  it('are followed through every proxy that is trusted', async () => {
    const headers = { 'x-forwarded-for': '6.6.6.6, 203.0.113.9, 10.0.0.2' }
    expect((await seen(['10.0.0.0/16'], '10.0.3.7', headers)).ip).toBe('203.0.113.9')
  })

  it('may be any text, and are no address then', async () => {
    const headers = { 'x-forwarded-for': '10.0.0.2/0' }
    expect((await seen(['10.0.0.0/16'], '10.0.3.7', headers)).ip).toBe('10.0.0.2/0')
  })
})

describe('a list of proxies', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1', true],
    ['10.0.0.1', '10.0.0.2', false],
    ['10.0.0.0/8', '::ffff:10.200.0.1', true],
    ['fd00::/8', 'fd12::1', true],
    ['fd00::/8', 'fe80::1', false],
    ['0.0.0.0/0', 'text', false],
    ['0.0.0.0/0', undefined, false],
  ])('that holds %s has %s: %s', (network, address, expected) => {
    expect(trustedProxies([network])(address)).toBe(expected)
  })

  it.each(['10.0.0.0/33', '10.0.0/8', 'proxy.example', '10.0.0.0/8/8', '::1/129', '10.0.0.1/', '*'])(
    'may not hold "%s"',
    (text) => {
      expect(() => parseConfig({ TRACKYARD_TRUSTED_PROXIES: text })).toThrow(
        /TRACKYARD_TRUSTED_PROXIES.*10\.0\.0\.0\/16/,
      )
    },
  )
})
