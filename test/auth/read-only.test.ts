/**
 * A server that only reads, beside one that writes on the same database. What must be refused follows from the
 * permission of each route, so a new route is tested when it is there.
 */
import { existsSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import type { RouteOptions } from 'fastify'
import { describe, expect, it } from 'vitest'
import { buildApp } from '../../server/app.ts'
import { isRead } from '../../server/auth/permission.ts'
import type { Context } from '../../server/context.ts'
import { OWN_TABLES, TABLES } from '../../server/db/schema/index.ts'
import { LOGIN_TABLES, OWN_LOGIN_TABLES } from '../../server/db/schema/login-index.ts'
import { createToken } from '../../server/operations/access-tokens.ts'
import { signedIn } from '../../server/operations/signed-in.ts'
import { findSessionUser, startSession } from '../../server/store/sessions.ts'
import { getUser } from '../../server/store/users.ts'
import { ADMIN_PASSWORD, loginContext } from '../server/login-support.ts'
import { call, temporaryFolder, testContext } from '../server/support.ts'
import { exchanges, permissionOf } from './exchanges.ts'
import { requestTo } from './requests.ts'
import { Browser, ME, signOnServer } from './sign-on-support.ts'
import { lockedApp } from './support.ts'
import { makeWorld } from './world.ts'

const ONLY_READS = 'This server only reads (TRACKYARD_READ_ONLY): '
const ADMIN = { 'x-test-user': 'user' }

describe('a server that only reads', { timeout: 60_000 }, () => {
  it('refuses every route that writes, and answers every other as one that writes does', async () => {
    const { context } = await loginContext({ uiDir: await temporaryFolder() })
    const world = await makeWorld(buildApp({ ...context, login: undefined }))
    const writing = lockedApp(context, { user: { isAdmin: true } })
    const reading = lockedApp(await readOnlyBeside(context), { user: { isAdmin: true } })
    await reading.ready()
    const before = await everything(context)
    const [surprises, reads]: [string[], (() => Promise<void>)[]] = [[], []]
    let refused = 0
    for (const { route, method, name } of exchanges(reading)) {
      const request = requestTo(route, method, world, world[name])
      const asked = { ...request, headers: { ...request.headers, ...ADMIN } }
      const answer = await reading.inject(asked)
      const said = `${method} ${route.url}: ${answer.statusCode} ${answer.body.slice(0, 200)}`
      const isRefused = answer.statusCode === 403 && answer.body.includes(ONLY_READS)
      if (isRefused !== isWrite(route, method)) surprises.push(said)
      if (isRefused) refused++
      else
        reads.push(async () => {
          const { statusCode } = await writing.inject(asked)
          if (statusCode !== answer.statusCode) surprises.push(`${said}, and ${statusCode} where it writes`)
        })
    }
    expect(await everything(context)).toEqual(before)
    for (const read of reads) await read()
    expect(surprises).toEqual([])
    expect(refused).toBeGreaterThan(150)
    expect(reads.length).toBeGreaterThan(100)
  })

  it('uploads no artifact, and serves those that are there', async () => {
    const artifactsDestination = await temporaryFolder()
    const context = await testContext({ artifactsDestination })
    const url = '/api/2.0/mlflow-artifacts/artifacts/a.txt'
    const put = { method: 'PUT', url, payload: 'four' } as const
    expect((await buildApp(context).inject(put)).statusCode).toBe(200)
    const app = buildApp(await readOnlyBeside(context))
    expect((await app.inject({ ...put, payload: 'other' })).json()).toEqual({
      error_code: 'PERMISSION_DENIED',
      message: `${ONLY_READS}nothing was changed. Ask a server that writes, or have its operator start this one without that setting.`,
    })
    expect((await app.inject({ method: 'DELETE', url })).statusCode).toBe(403)
    expect((await app.inject(url)).body).toBe('four')
    expect(await readdir(artifactsDestination)).toEqual(['.artifact.uploading.trackyard', 'a.txt'])
    await rm(artifactsDestination, { recursive: true })
    await expect(readOnlyBeside(context)).rejects.toThrow('it must be a folder this server can read')
    expect(existsSync(artifactsDestination)).toBe(false)
  })

  it('keeps to itself whether it only reads, for who is not signed in', async () => {
    const { context } = await loginContext()
    const app = buildApp(await readOnlyBeside(context))
    const { status, body } = await call(app, 'POST', 'experiments/create', { name: 'new' })
    expect([status, body.error_code]).toEqual([401, 'UNAUTHENTICATED'])
  })
})

describe('who signs in where only reads are served', { timeout: 60_000 }, () => {
  it('comes by password and by token, and neither leaves a trace', async () => {
    const { context, login } = await loginContext()
    const scope = { most: 'read', experiments: undefined, models: undefined } as const
    const limits = { tokenDays: 1, tokenMaxDays: 1 }
    const wanted = { username: 'admin', name: 'ci', scope }
    const { token } = await createToken(login.db, wanted, limits, Date.now())
    const before = await everything(context)
    const reading = await readOnlyBeside(context)
    const app = buildApp(reading)
    const basic = `Basic ${Buffer.from(`admin:${ADMIN_PASSWORD}`).toString('base64')}`
    for (const authorization of [basic, `Bearer ${token}`, `Bearer ${token}`]) {
      const headers = { authorization }
      const url = '/api/2.0/mlflow/experiments/get?experiment_id=0'
      expect((await app.inject({ url, headers })).statusCode).toBe(200)
      const post = { url: '/api/2.0/mlflow/runs/create', method: 'POST', headers, payload: {} } as const
      expect((await app.inject(post)).body).toContain(ONLY_READS)
    }
    await reading.login?.audit.flush()
    expect(await everything(context)).toEqual(before)
  })

  it('goes on with a session, which is not noted as in use', async () => {
    const { context, login } = await loginContext()
    const user = await getUser(login.db, 'admin')
    const [now, later] = [Date.now(), Date.now() + 600_000]
    const session = { user, attempt: 'a', expiryTime: now + 3_600_000, sealedIdToken: null }
    const id = await startSession(login.db, session, now)
    const before = await everything(context)
    const db = (await readOnlyBeside(context)).login?.db
    const when = { now: later, idleMs: 3_600_000 }
    expect(db && (await findSessionUser(db, id, { ...when, readOnly: true }))).toBe('admin')
    expect(await everything(context)).toEqual(before)
    await findSessionUser(login.db, id, when)
    expect(await everything(context)).not.toEqual(before)
  })

  it('neither signs in nor out with a browser, and is told so on a page', async () => {
    const { context } = await signOnServer()
    const reading = await readOnlyBeside(context)
    const before = await everything(context)
    const browser = new Browser(buildApp(reading))
    for (const path of ['sign-in', 'callback?state=x', 'sign-out']) {
      const { statusCode, headers, body } = await browser.get(`/auth/${path}`)
      expect([statusCode, headers['content-type']]).toEqual([403, 'text/html; charset=utf-8'])
      expect(body).toContain('no session begins or ends here')
    }
    expect(await everything(context)).toEqual(before)
  })

  it('has no session any more where MLflow’s UI has left it', async () => {
    const { app, context } = await signOnServer()
    const browser = new Browser(app)
    await browser.signIn()
    const reading = new Browser(buildApp(await readOnlyBeside(context)), browser.jar)
    expect((await reading.get(ME)).statusCode).toBe(200)
    browser.jar.forget('mlflow_user')
    expect((await reading.get(ME)).statusCode).toBe(401)
  })

  it('is refused where it would have to be made a user, or given other roles', async () => {
    const groupRoles = [{ group: 'ops', role: 'ops' }]
    const { context, login } = await loginContext({ groupRoles })
    await signedIn(login, { username: 'ann', groups: ['ops'] })
    const reading = await readOnlyBeside(context)
    const there = (username: string, groups: string[]) =>
      reading.login && signedIn(reading.login, { username, groups })
    expect((await there('ann', ['ops']))?.username).toBe('ann')
    await expect(there('ann', [])).rejects.toThrow(`${ONLY_READS}the groups of ann are others`)
    await expect(there('bob', ['ops'])).rejects.toThrow(`${ONLY_READS}it cannot make bob a user`)
  })
})

/** Not by the server's own answer, but by what a permission says: all that is no read, and no question in a body. */
function isWrite(route: RouteOptions, method: string): boolean {
  const asks = /\/graphql$|\/ui-telemetry$/.test(route.url)
  return !(['GET', 'HEAD'].includes(method) || asks || isRead(permissionOf(route)))
}

function readOnlyBeside({ config }: Context): Promise<Context> {
  return testContext({ ...config, readOnly: true })
}

/** Each row of each table; the audit log as it is once all is written. */
async function everything({ db, login }: Context): Promise<Record<string, unknown[]>> {
  await login?.audit.flush()
  const tables = [...TABLES, ...OWN_TABLES, ...(login ? [...LOGIN_TABLES, ...OWN_LOGIN_TABLES] : [])]
  const rows: Record<string, unknown[]> = {}
  for (const { name } of tables) {
    rows[name] = await db
      .selectFrom(name as 'runs')
      .selectAll()
      .execute()
  }
  return rows
}
