import { describe, expect, it } from 'vitest'
import { listAudit } from '../../server/store/audit.ts'
import { lockedServer } from '../server/locked-server.ts'
import { startIssuer } from '../support/issuer.ts'
import { startLoadBalancer } from '../support/load-balancer.ts'

const SEARCH = { url: '/api/2.0/mlflow/experiments/search', query: { max_results: '1' } } as const
const WHO = '/api/2.0/trackyard/tokens'

describe('a JWT as MLFLOW_TRACKING_TOKEN', () => {
  it('lets in whom the issuer names, as a user', async () => {
    const issuer = await startIssuer()
    const { app, login } = await lockedServer({ ...issuer.settings, login: ['jwt'] })
    const headers = { authorization: `bearer ${await issuer.sign({ sub: 'ci@example.com' })}` }
    expect((await app.inject({ ...SEARCH, headers })).statusCode).toBe(200)
    expect(await login.db.selectFrom('users').select('username').execute()).toContainEqual({
      username: 'ci@example.com',
    })
  })

  it('is refused where it is not good, and says why', async () => {
    const issuer = await startIssuer()
    const { app } = await lockedServer({ ...issuer.settings, login: ['jwt'] })
    const headers = { authorization: `Bearer ${await issuer.sign({ aud: 'another' })}` }
    const refused = await app.inject({ ...SEARCH, headers })
    expect([refused.statusCode, refused.json().message]).toEqual([401, expect.stringContaining('"aud"')])
  })

  it('is waited for while the issuer is away', async () => {
    const issuer = await startIssuer()
    issuer.failing = true
    const { app } = await lockedServer({ ...issuer.settings, login: ['jwt'] })
    const headers = { authorization: `Bearer ${await issuer.sign()}` }
    const answer = await app.inject({ ...SEARCH, headers })
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '1'])
  })

  it('is none where that is no way in', async () => {
    const issuer = await startIssuer()
    const { app } = await lockedServer(issuer.settings)
    const headers = { authorization: `Bearer ${await issuer.sign()}` }
    expect((await app.inject({ ...SEARCH, headers })).statusCode).toBe(401)
    expect(issuer.reads).toBe(0)
  })
})

describe('the audit log', () => {
  it('has whom an issuer or a load balancer names, once a day from each network', async () => {
    const [issuer, balancer] = [await startIssuer(), await startLoadBalancer()]
    const { app, login } = await lockedServer({
      ...issuer.settings,
      ...balancer.settings,
      login: ['jwt', 'load-balancer'],
    })
    const jwt = { authorization: `Bearer ${await issuer.sign({ sub: 'ci@example.com' })}` }
    const word = { 'x-amzn-oidc-data': balancer.token() }
    for (const headers of [jwt, jwt, word, word]) await app.inject({ ...SEARCH, headers })
    await app.inject({ ...SEARCH, headers: jwt, remoteAddress: '192.0.2.1' })
    await login.audit.flush()
    const entries = await listAudit(login.db, { action: 'sign-in' }, 10)
    expect(entries.map(({ caller, via, address }) => [caller, via, address]).sort()).toEqual([
      ['ann@example.com', 'load-balancer', '127.0.0.1'],
      ['ci@example.com', 'jwt', '127.0.0.1'],
      ['ci@example.com', 'jwt', '192.0.2.1'],
    ])
  })
})

describe('behind a load balancer that signs people in', () => {
  it('its word is taken, for the person it names', async () => {
    const balancer = await startLoadBalancer()
    const { app, login } = await lockedServer({ ...balancer.settings, login: ['load-balancer'] })
    const headers = { 'x-amzn-oidc-data': balancer.token() }
    expect((await app.inject({ url: WHO, headers })).statusCode).toBe(200)
    expect(await login.users.find('ann@example.com')).toMatchObject({ isAdmin: false })
  })

  it('the other headers it sends are nothing by themselves', async () => {
    const balancer = await startLoadBalancer()
    const { app } = await lockedServer({ ...balancer.settings, login: ['load-balancer'] })
    const forged = { 'x-amzn-oidc-identity': 'admin', 'x-amzn-oidc-accesstoken': 'x' }
    expect((await app.inject({ ...SEARCH, headers: forged })).statusCode).toBe(401)
    const [head, , signature] = balancer.token().split('.')
    const claims = Buffer.from(JSON.stringify({ email: 'admin', exp: 4e9 })).toString('base64')
    const changed = { 'x-amzn-oidc-data': `${head}.${claims}.${signature}` }
    expect((await app.inject({ ...SEARCH, headers: changed })).statusCode).toBe(401)
  })

  it('nobody else may pass its word on, where proxies are listed', async () => {
    const balancer = await startLoadBalancer()
    const settings = {
      ...balancer.settings,
      login: ['load-balancer' as const],
      trustedProxies: ['10.0.0.0/16'],
    }
    const { app } = await lockedServer(settings)
    const headers = { 'x-amzn-oidc-data': balancer.token(), 'x-forwarded-for': '10.0.0.9' }
    const from = async (remoteAddress: string) =>
      (await app.inject({ ...SEARCH, headers, remoteAddress })).statusCode
    expect([await from('10.0.3.4'), await from('192.0.2.1')]).toEqual([200, 401])
  })

  it('two of it are none', async () => {
    const balancer = await startLoadBalancer()
    const { app } = await lockedServer({ ...balancer.settings, login: ['load-balancer'] })
    const headers = { 'x-amzn-oidc-data': [balancer.token(), balancer.token()] }
    expect((await app.inject({ ...SEARCH, headers })).statusCode).toBe(401)
  })
})
