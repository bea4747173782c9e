import { createHmac } from 'node:crypto'
import { exportSPKI } from 'jose'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { jwtReader } from '../../server/auth/jwt.ts'
import { parseConfig } from '../../server/config.ts'
import { AUDIENCE, type Issuer, inSeconds, startIssuer } from '../support/issuer.ts'

const REFUSED = expect.objectContaining({ code: 'UNAUTHENTICATED' })
const AWAY = expect.objectContaining({ code: 'TEMPORARILY_UNAVAILABLE' })

function readerOf(issuer: Issuer, settings: object = {}) {
  return jwtReader({ ...parseConfig({}), ...issuer.settings, ...settings })
}

function encoded(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}

describe('a JWT of the issuer', () => {
  it.each(['RS256', 'PS256', 'ES256', 'EdDSA'])('names a user and the groups (%s)', async (alg) => {
    const issuer = await startIssuer(alg)
    const read = readerOf(issuer)
    expect(await read(await issuer.sign({ groups: ['ml', 'ops'] }))).toEqual({
      username: 'ann',
      groups: ['ml', 'ops'],
    })
    expect(await read(await issuer.sign({ aud: ['other', AUDIENCE] }))).toMatchObject({ username: 'ann' })
  })

  it('names them by the claims that are set', async () => {
    const issuer = await startIssuer()
    const read = readerOf(issuer, { jwtUsernameClaim: 'client_id', jwtGroupsClaim: 'roles' })
    const token = await issuer.sign({ client_id: 'ci', roles: 'ml' })
    expect(await read(token)).toEqual({ username: 'ci', groups: ['ml'] })
    await expect(read(await issuer.sign())).rejects.toEqual(REFUSED)
    await expect(read(await issuer.sign({ client_id: '' }))).rejects.toEqual(REFUSED)
    await expect(read(await issuer.sign({ client_id: ['ci'] }))).rejects.toEqual(REFUSED)
  })

  it.each<[string, object]>([
    ['of another audience', { aud: 'other' }],
    ['without an audience', { aud: undefined }],
    ['of another issuer', { iss: 'https://evil.example' }],
    ['without an issuer', { iss: undefined }],
    ['that has expired', { exp: inSeconds(-60) }],
    ['that never expires', { exp: undefined }],
    ['that is not valid yet', { nbf: inSeconds(120) }],
  ])('%s is refused', async (_, claims) => {
    const issuer = await startIssuer()
    await expect(readerOf(issuer)(await issuer.sign(claims as never))).rejects.toEqual(REFUSED)
  })

  it('may come from a clock that is a little wrong', async () => {
    const issuer = await startIssuer()
    const token = await issuer.sign({ exp: inSeconds(-10), nbf: inSeconds(10) })
    expect(await readerOf(issuer)(token)).toMatchObject({ username: 'ann' })
  })
})

describe('a forged JWT is refused', () => {
  const claimsOf = ({ url }: Issuer) => encoded({ sub: 'ann', iss: url, aud: AUDIENCE, exp: inSeconds(300) })

  it.each(['none', 'None', 'NONE'])('that is signed with "%s"', async (alg) => {
    const issuer = await startIssuer()
    const unsigned = `${encoded({ alg, kid: 'first' })}.${claimsOf(issuer)}`
    for (const token of [`${unsigned}.`, unsigned, `${unsigned}.AAAA`]) {
      await expect(readerOf(issuer)(token)).rejects.toEqual(REFUSED)
    }
  })

  it('that has the public key as its secret', async () => {
    const issuer = await startIssuer('RS256')
    const secret = await exportSPKI(issuer.publicKey)
    const signed = `${encoded({ alg: 'HS256', kid: 'first' })}.${claimsOf(issuer)}`
    const token = `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
    await expect(readerOf(issuer)(token)).rejects.toEqual(REFUSED)
  })

  it('that is signed by an algorithm that the settings leave out', async () => {
    const issuer = await startIssuer('RS256')
    const token = await issuer.sign()
    await expect(readerOf(issuer, { jwtAlgorithms: ['RS256'] })(token)).resolves.toMatchObject({})
    await expect(readerOf(issuer, { jwtAlgorithms: ['ES256', 'PS256'] })(token)).rejects.toEqual(REFUSED)
  })

  it('that another issuer signed', async () => {
    const [issuer, other] = [await startIssuer(), await startIssuer()]
    await expect(readerOf(issuer)(await other.sign({ iss: issuer.url }))).rejects.toEqual(REFUSED)
  })

  it('that was changed after it was signed', async () => {
    const issuer = await startIssuer()
    const [header, , signature] = (await issuer.sign()).split('.')
    const claims = encoded({ sub: 'admin', iss: issuer.url, aud: AUDIENCE, exp: inSeconds(300) })
    await expect(readerOf(issuer)(`${header}.${claims}.${signature}`)).rejects.toEqual(REFUSED)
  })

  it('that brings its own key', async () => {
    const [issuer, other] = [await startIssuer(), await startIssuer()]
    const header = { kid: 'mine', jku: `${other.url}/keys` }
    await expect(readerOf(issuer)(await other.sign({ iss: issuer.url }, header))).rejects.toEqual(REFUSED)
    expect(other.reads).toBe(0)
  })

  it.each(['', '.', '..', 'a.b.c', 'e30.e30.e30', 'not a token'])('that is "%s"', async (token) => {
    await expect(readerOf(await startIssuer())(token)).rejects.toEqual(REFUSED)
  })

  it('with an algorithm that is not on the list', async () => {
    const issuer = await startIssuer()
    const read = readerOf(issuer, { jwtAlgorithms: ['RS256'] })
    await expect(read(await issuer.sign())).rejects.toEqual(REFUSED)
  })

  it('without what it says in the answer', async () => {
    const issuer = await startIssuer()
    const token = await issuer.sign({ aud: 'another-audience', sub: 'somebody' })
    const error = await readerOf(issuer)(token).catch((fault: Error) => fault)
    expect((error as Error).message).not.toMatch(/another-audience|somebody|eyJ/)
  })
})

describe('the keys of the issuer', () => {
  it('are asked for once, by however many', async () => {
    const issuer = await startIssuer()
    const read = readerOf(issuer)
    const token = await issuer.sign()
    await Promise.all([read(token), read(token), read(token)])
    await read(token)
    expect(issuer.reads).toBe(1)
  })

  it('are not asked for again by every token of an unknown key', async () => {
    const issuer = await startIssuer()
    const read = readerOf(issuer)
    for (let i = 0; i < 20; i++) {
      await expect(read(await issuer.sign({}, { kid: `made-up-${i}` }))).rejects.toEqual(REFUSED)
    }
    expect(issuer.reads).toBe(1)
  })

  it('go on being used while the issuer is away, and new ones are waited for', async () => {
    const issuer = await startIssuer()
    const now = { value: Date.now() }
    const read = readerOf(issuer)
    const token = await issuer.sign()
    await read(token)
    issuer.failing = true
    vi.useFakeTimers({ toFake: ['Date'], now: now.value + 700_000 })
    onTestFinished(() => void vi.useRealTimers())
    const fresh = await issuer.sign({ exp: inSeconds(300) })
    expect(await read(fresh)).toMatchObject({ username: 'ann' })
    expect(issuer.reads).toBe(2)
    await issuer.rotate()
    await expect(read(await issuer.sign())).rejects.toEqual(AWAY)
  })

  it('that nobody could be asked for are no reason to refuse a token', async () => {
    const issuer = await startIssuer()
    const read = readerOf(issuer)
    issuer.failing = true
    for (let i = 0; i < 5; i++) await expect(read(await issuer.sign())).rejects.toEqual(AWAY)
    expect(issuer.reads).toBe(0)
  })

  it('may be at a URL of their own', async () => {
    const issuer = await startIssuer()
    const read = readerOf(issuer, { jwtIssuer: 'https://idp.example', jwtKeysUrl: `${issuer.url}/keys` })
    expect(await read(await issuer.sign({ iss: 'https://idp.example' }))).toMatchObject({ username: 'ann' })
  })

  it('are those of the issuer that is named, not of one that answers in its place', async () => {
    const issuer = await startIssuer()
    const read = readerOf(issuer, { jwtIssuer: `${issuer.url}/` })
    await expect(read(await issuer.sign({ iss: `${issuer.url}/` }))).rejects.toEqual(AWAY)
  })
})
