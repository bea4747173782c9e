import { describe, expect, it, onTestFinished } from 'vitest'
import { UNLIMITED } from '../../server/access/access.ts'
import { buildApp } from '../../server/app.ts'
import { passwordSignIn } from '../../server/auth/password-sign-in.ts'
import { networkOf, SignInGuard } from '../../server/operations/sign-in-guard.ts'
import { listAudit } from '../../server/store/audit.ts'
import { temporaryFolder, testContext, testDatabase } from './support.ts'

const PASSWORD = 'a long enough password'

function guardAt(start = 0) {
  const clock = { now: start }
  const guard = new SignInGuard({ freeFailures: 3, longestSeconds: 60 }, () => clock.now)
  const isLocked = (username: string, address: string) => {
    try {
      guard.check(username, address)
      return 0
    } catch (error) {
      return (error as { retryAfterSeconds: number }).retryAfterSeconds
    }
  }
  const fail = (times: number, username: string, address: string) => {
    for (let i = 0; i < times; i++) guard.failed(username, address)
  }
  return { clock, guard, isLocked, fail }
}

describe('failed attempts to sign in', () => {
  it('cost nothing at first, and then a wait that doubles up to its longest', () => {
    const { clock, isLocked, fail } = guardAt()
    fail(2, 'ada', '10.0.0.1')
    expect(isLocked('ada', '10.0.0.1')).toBe(0)
    const waits = Array.from({ length: 8 }, () => {
      fail(1, 'ada', '10.0.0.1')
      const wait = isLocked('ada', '10.0.0.1')
      clock.now += wait * 1000
      expect(isLocked('ada', '10.0.0.1')).toBe(0)
      return wait
    })
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60])
  })

  it('keep the name out only where they came from', () => {
    const { isLocked, fail } = guardAt()
    fail(10, 'ada', '10.0.0.1')
    expect(isLocked('ada', '10.0.0.1')).toBeGreaterThan(0)
    expect(isLocked('ada', '10.0.0.2')).toBe(0)
    expect(isLocked('bo', '10.0.0.1')).toBe(0)
  })

  it('of many names keep out the address', () => {
    const { isLocked, fail } = guardAt()
    for (let i = 0; i < 30; i++) fail(1, `name${i}`, '10.0.0.1')
    expect(isLocked('another', '10.0.0.1')).toBeGreaterThan(0)
    expect(isLocked('another', '10.0.0.2')).toBe(0)
  })

  it('from many addresses keep the name out, but not where its user has come from', () => {
    const { guard, isLocked, fail } = guardAt()
    guard.succeeded('ada', '192.0.2.1')
    for (let i = 0; i < 60; i++) fail(1, 'ada', `10.0.0.${i}`)
    expect(isLocked('ada', '198.51.100.1')).toBeGreaterThan(0)
    expect(isLocked('ada', '198.51.100.1')).toBeLessThanOrEqual(60)
    expect(isLocked('ada', '192.0.2.1')).toBe(0)
  })

  it('are forgotten after the right password, and after a while', () => {
    const { clock, guard, isLocked, fail } = guardAt()
    fail(2, 'ada', '10.0.0.1')
    guard.succeeded('ada', '10.0.0.1')
    fail(2, 'ada', '10.0.0.1')
    expect(isLocked('ada', '10.0.0.1')).toBe(0)
    clock.now += 1_000_000
    fail(2, 'ada', '10.0.0.1')
    expect(isLocked('ada', '10.0.0.1')).toBe(0)
  })

  it.each([
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['2001:db8:0:0:ffff::1', '2001:db8:0:0'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['::1', '0:0:0:0'],
  ])('from %s are counted for %s', (address, network) => {
    expect(networkOf(address)).toBe(network)
  })
})

describe('a server with passwords', () => {
  async function lockedApp() {
    const uri = await testDatabase(await temporaryFolder())
    const context = await testContext({
      backendStoreUri: uri,
      login: ['basic'],
      authDatabaseUri: uri,
      authAdminPassword: PASSWORD,
    })
    if (!context.login) throw new Error('no login')
    const app = buildApp(context, { ways: [passwordSignIn(context.login)], accessOf: async () => UNLIMITED })
    onTestFinished(() => app.close())
    const signIn = (username: string, password: string) => {
      const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
      return app.inject({
        url: '/api/2.0/mlflow/experiments/get?experiment_id=0',
        headers: { authorization },
      })
    }
    return { context, signIn }
  }

  it.each(['admin', 'nobody'])(
    'slows down who guesses the password of %s, in the same words',
    async (username) => {
      const { signIn } = await lockedApp()
      const answers = []
      for (let i = 0; i < 7; i++) answers.push(await signIn(username, `wrong ${i}`))
      expect(answers.map(({ statusCode }) => statusCode)).toEqual([401, 401, 401, 401, 401, 429, 429])
      expect(answers[5]?.json()).toEqual({
        error_code: 'REQUEST_LIMIT_EXCEEDED',
        message: 'Too many failed attempts to sign in; try again later.',
      })
      expect(Number(answers[5]?.headers['retry-after'])).toBeGreaterThan(0)
      // The right one is no way to find out whether it was.
      expect((await signIn(username, PASSWORD)).statusCode).toBe(429)
    },
  )

  it('takes it for no guess when MLflow’s UI signs out, as it does for everybody in an office', async () => {
    const { signIn } = await lockedApp()
    for (let i = 0; i < 60; i++) {
      expect((await signIn(`mlflow-logged-out-${i}`, `mlflow-logged-out-${i}`)).statusCode).toBe(401)
    }
    expect((await signIn('admin', PASSWORD)).statusCode).toBe(200)
    for (let i = 0; i < 5; i++) await signIn('mlflow-logged-out-x', `guess ${i}`)
    expect((await signIn('mlflow-logged-out-x', 'guess')).statusCode).toBe(429)
  })

  it('takes no more guesses at once than in turn', async () => {
    const { signIn } = await lockedApp()
    const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => signIn('admin', `wrong ${i}`)))
    const told = answers.filter(({ statusCode }) => statusCode === 401)
    // The first waits are short: a slow machine lets some more in.
    expect(told.length).toBeLessThan(12)
  })

  it('records who has signed in, once, and who failed to', async () => {
    const { context, signIn } = await lockedApp()
    await signIn('admin', PASSWORD)
    await signIn('admin', PASSWORD)
    await signIn('admin', 'wrong')
    await context.login?.audit.flush()
    const entries = context.login ? await listAudit(context.login.db, {}, 10) : []
    expect(entries.toReversed()).toMatchObject([
      { action: 'sign-in', caller: 'admin', via: 'password', outcome: 'OK' },
      {
        action: 'GET /mlflow/experiments/get',
        caller: '',
        object: 'username=admin',
        outcome: 'UNAUTHENTICATED',
      },
    ])
  })

  it('records the name that was tried as one short line, and the password nowhere', async () => {
    const { context, signIn } = await lockedApp()
    const forged = `x\n{"caller" "admin"}\u001b[31m${'y'.repeat(2_000)}`
    await signIn(forged, 'a wrong password')
    for (let i = 0; i < 8; i++) await signIn('bo', 'a wrong password')
    await context.login?.audit.flush()
    const entries = context.login ? await listAudit(context.login.db, {}, 100) : []
    const objects = entries.map(({ object }) => object)
    // What is not even tried any more has no name: anybody may send as many of those as there are.
    const named = objects.filter((object) => object.startsWith('username='))
    expect(new Set(named)).toEqual(new Set(['username=bo', expect.stringMatching(/^username="x\\n\{/)]))
    expect(new Set(objects).size).toBe(3)
    expect(Math.max(...objects.map(({ length }) => length))).toBeLessThanOrEqual(255)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(objects.join('')).not.toMatch(/[\x00-\x1f]/)
    expect(JSON.stringify(entries)).not.toContain('a wrong password')
  })
})
