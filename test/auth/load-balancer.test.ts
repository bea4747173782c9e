import { describe, expect, it } from 'vitest'
import { loadBalancerReader } from '../../server/auth/load-balancer-token.ts'
import { parseConfig } from '../../server/config.ts'
import { inSeconds } from '../support/issuer.ts'
import { ARN, ISSUER, type LoadBalancer, startLoadBalancer } from '../support/load-balancer.ts'

const REFUSED = expect.objectContaining({ code: 'UNAUTHENTICATED' })
const AWAY = expect.objectContaining({ code: 'TEMPORARILY_UNAVAILABLE' })

function readerOf({ settings }: LoadBalancer, more: object = {}) {
  return loadBalancerReader({ ...parseConfig({}), ...settings, ...more })
}

describe('x-amzn-oidc-data', () => {
  it.each(['a', 'ab', 'abc', 'abcd'])('names a user, however it is padded (%s)', async (name) => {
    const balancer = await startLoadBalancer()
    const read = readerOf(balancer)
    const token = balancer.token({ name }, { name, groups: ['ml'] })
    expect(await read(token)).toEqual({ username: 'ann@example.com', groups: ['ml'] })
  })

  it('names them by the claims that are set', async () => {
    const balancer = await startLoadBalancer()
    const read = readerOf(balancer, { loadBalancerUsernameClaim: 'sub' })
    expect(await read(balancer.token())).toEqual({ username: '00u1', groups: [] })
  })

  it.each<[string, object, object]>([
    ['of another load balancer', { signer: ARN.replace('50dc', '50dd') }, {}],
    ['of no load balancer', { signer: undefined }, {}],
    ['for another client', { client: 'other' }, {}],
    ['of another issuer', { iss: 'https://evil.example' }, {}],
    ['that has expired', { exp: inSeconds(-60) }, {}],
    ['that has expired by its payload', {}, { exp: inSeconds(-60) }],
    ['that never expires', { exp: undefined }, { exp: undefined }],
    ['of a person without the claim', {}, { email: undefined }],
    ['with another algorithm', { alg: 'ES384' }, {}],
    ['with a path for a key', { kid: '../../evil' }, {}],
    ['without a key', { kid: undefined }, {}],
  ])('%s is refused', async (_, header, claims) => {
    const balancer = await startLoadBalancer()
    const settings = { loadBalancerIssuer: ISSUER, loadBalancerClientId: 'mlflow' }
    await expect(readerOf(balancer, settings)(balancer.token(header, claims))).rejects.toEqual(REFUSED)
  })

  it('that somebody else has signed is refused', async () => {
    const [balancer, other] = [await startLoadBalancer(), await startLoadBalancer()]
    const { kid } = JSON.parse(Buffer.from(balancer.token().split('.')[0] ?? '', 'base64url').toString())
    await expect(readerOf(balancer)(other.token({ kid }))).rejects.toEqual(REFUSED)
    await expect(readerOf(balancer)(other.token())).rejects.toEqual(REFUSED)
  })

  it.each(['', 'ann@example.com', 'a.b.c', '{"email":"ann@example.com"}'])(
    'that is "%s" is refused',
    async (token) => {
      const balancer = await startLoadBalancer()
      await expect(readerOf(balancer)(token)).rejects.toEqual(REFUSED)
      expect(balancer.asked).toEqual([])
    },
  )

  it('without a signature is refused', async () => {
    const balancer = await startLoadBalancer()
    const [header, claims] = balancer.token().split('.')
    const [none] = balancer.token({ alg: 'none' }).split('.')
    for (const token of [`${header}.${claims}.`, `${none}.${claims}.`, `${header}.${claims}`]) {
      await expect(readerOf(balancer)(token)).rejects.toEqual(REFUSED)
    }
  })
})

describe('the keys of load balancers', () => {
  it('are asked for once, by however many', async () => {
    const balancer = await startLoadBalancer()
    const read = readerOf(balancer)
    await Promise.all([read(balancer.token()), read(balancer.token()), read(balancer.token())])
    expect(balancer.asked).toHaveLength(1)
  })

  it('are not asked for in the name of another load balancer', async () => {
    const balancer = await startLoadBalancer()
    await expect(readerOf(balancer)(balancer.token({ signer: 'arn:aws:evil' }))).rejects.toEqual(REFUSED)
    expect(balancer.asked).toEqual([])
  })

  it('are asked for a few times a minute, whatever ids are made up', async () => {
    const balancer = await startLoadBalancer()
    const read = readerOf(balancer)
    await read(balancer.token())
    for (let i = 0; i < 20; i++) {
      const kid = `00000000-0000-0000-0000-0000000000${10 + i}`
      await expect(read(balancer.token({ kid }))).rejects.toEqual(i < 9 ? REFUSED : AWAY)
    }
    expect(balancer.asked).toHaveLength(10)
    expect(await read(balancer.token())).toMatchObject({ username: 'ann@example.com' })
  })

  it('are asked for again after their server has failed', async () => {
    const balancer = await startLoadBalancer()
    const read = readerOf(balancer)
    balancer.failing = true
    await expect(read(balancer.token())).rejects.toEqual(AWAY)
    balancer.failing = false
    expect(await read(balancer.token())).toMatchObject({ username: 'ann@example.com' })
  })
})
