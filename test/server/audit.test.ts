import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import { accessOf, UNLIMITED } from '../../server/access/access.ts'
import { buildApp } from '../../server/app.ts'
import type { Gate } from '../../server/auth/authenticate.ts'
import { ApiError } from '../../server/errors.ts'
import { type AuditEvent, AuditLog } from '../../server/operations/audit.ts'
import { entryId, insertAudit, listAudit } from '../../server/store/audit.ts'
import { temporaryFolder, testContext, testDatabase } from './support.ts'

/** The user is whom a header names; of these, `ada` administers the server and the others read. */
const GATE: Gate = {
  ways: [
    async (_context, { headers }) => {
      const username = String(headers['x-user'] ?? '')
      if (username === 'expired') throw new ApiError('UNAUTHENTICATED', 'The token has expired.')
      return username === '' ? undefined : { username, via: 'token' }
    },
  ],
  async accessOf({ username }) {
    return username === 'ada' ? UNLIMITED : accessOf({ isAdmin: false, grants: [] }, 'READ')
  },
}

async function loginContext() {
  const uri = await testDatabase(await temporaryFolder())
  const context = await testContext({
    backendStoreUri: uri,
    login: ['basic'],
    authDatabaseUri: uri,
    authAdminPassword: 'a long enough password',
  })
  const { login } = context
  if (!login) throw new Error('no login')
  return { context, login }
}

async function auditedApp() {
  const { context, login } = await loginContext()
  // Who makes an experiment is granted it, and so has to be a user.
  await login.db.insertInto('users').values({ username: 'ada', password_hash: '!', is_admin: true }).execute()
  const app = buildApp(context, GATE)
  onTestFinished(() => app.close())
  const entries = async () => {
    await login.audit.flush()
    return (await listAudit(login.db, {}, 100)).toReversed()
  }
  return { app, entries, login }
}

function send(
  app: FastifyInstance,
  user: string,
  method: 'GET' | 'POST' | 'PUT',
  url: string,
  payload?: object | string,
) {
  const type = typeof payload === 'string' ? 'application/octet-stream' : 'application/json'
  return app.inject({
    method,
    url: url.startsWith('/') ? url : `/api/2.0/mlflow/${url}`,
    headers: { ...(user && { 'x-user': user }), ...(payload !== undefined && { 'content-type': type }) },
    payload: typeof payload === 'object' ? JSON.stringify(payload) : payload,
  })
}

describe('a write', () => {
  it('is recorded: who did what to which object, when, from where, with what credential and outcome', async () => {
    const { app, entries } = await auditedApp()
    const before = Date.now()
    await send(app, 'ada', 'POST', 'experiments/create', { name: 'secret plans' })
    const { run } = (await send(app, 'ada', 'POST', 'runs/create', { experiment_id: '1' })).json()
    await send(app, 'ada', 'POST', 'runs/delete', { run_id: run.info.run_id })
    const all = await entries()
    expect(all).toMatchObject([
      { action: 'POST /mlflow/experiments/create', object: 'experiment_id=1', detail: 'name="secret plans"' },
      { action: 'POST /mlflow/runs/create', object: `run_id=${run.info.run_id}` },
      { action: 'POST /mlflow/runs/delete', object: `run_id=${run.info.run_id}`, detail: '' },
    ])
    for (const one of all) {
      expect(one).toMatchObject({
        caller: 'ada',
        via: 'token',
        status: 200,
        outcome: 'OK',
        address: '127.0.0.1',
        user_agent: 'lightMyRequest',
        repeats: 1,
      })
      expect(Number(one.first_time)).toBeGreaterThanOrEqual(before)
    }
  })

  it('that fails is recorded with its error', async () => {
    const { app, entries } = await auditedApp()
    await send(app, 'ada', 'POST', 'runs/delete', { runId: 'nosuch' })
    await send(app, 'ada', 'POST', 'runs/delete', {})
    expect(await entries()).toMatchObject([
      { status: 404, outcome: 'RESOURCE_DOES_NOT_EXIST' },
      { status: 400, outcome: 'INVALID_PARAMETER_VALUE' },
    ])
  })

  it('of a file, or of spans, is recorded too', async () => {
    const { app, entries } = await auditedApp()
    await send(app, 'ada', 'PUT', '/api/2.0/mlflow-artifacts/artifacts/0/notes/a.txt', 'text')
    expect(await entries()).toMatchObject([
      { action: 'PUT /mlflow-artifacts/artifacts/*', object: 'path=0/notes/a.txt', outcome: 'OK' },
    ])
  })

  it('leaves nothing of what it carried', async () => {
    const { app, entries } = await auditedApp()
    const { run } = (await send(app, 'ada', 'POST', 'runs/create', { experiment_id: '0' })).json()
    const { run_id } = run.info
    await send(app, 'ada', 'POST', `runs/set-tag?token=hidden-1`, { run_id, key: 'k', value: 'hidden-2' })
    await send(app, 'ada', 'POST', 'runs/log-batch', { run_id, params: [{ key: 'p', value: 'hidden-3' }] })
    await send(app, 'ada', 'POST', 'users/create', { username: 'bo', password: 'hidden-4' })
    expect(JSON.stringify(await entries())).not.toContain('hidden')
  })

  it('is one line, whatever its names hold', async () => {
    const { app, entries } = await auditedApp()
    const name = 'x\n{"level":30,"caller":"ada"}\r\u001b[31m\u2028"'
    await send(app, 'ada', 'POST', 'registered-models/create', { name })
    const [entry] = await entries()
    expect(entry?.object).toBe('name="x\\n{\\"level\\":30,\\"caller\\":\\"ada\\"}\\r\\u001b[31m?\\""')
  })
})

it('an entry whose insert was not answered is inserted again, and is there once', async () => {
  const { app, entries, login } = await auditedApp()
  await send(app, 'ada', 'POST', 'experiments/create', { name: 'x' })
  const written = await entries()
  await insertAudit(login.db, written)
  expect(await entries()).toEqual(written)
})

it('an entry of the same millisecond as another comes after it', () => {
  const ids = Array.from({ length: 1000 }, () => entryId(1_700_000_000_000))
  expect(ids.toSorted()).toEqual(ids)
})

describe('a read', () => {
  it('is not recorded, unless it is refused', async () => {
    const { app, entries } = await auditedApp()
    await send(app, 'bo', 'GET', 'experiments/get?experiment_id=0')
    await send(app, 'bo', 'POST', 'runs/search', { experiment_ids: ['0'] })
    await send(app, 'bo', 'POST', '/graphql', { query: '{ test { output } }' })
    expect(await entries()).toEqual([])
    await send(app, 'bo', 'GET', '/api/2.0/trackyard/audit')
    expect(await entries()).toMatchObject([
      { caller: 'bo', action: 'GET /trackyard/audit', status: 403, outcome: 'PERMISSION_DENIED' },
    ])
  })
})

it('an answer under login is kept by nobody', async () => {
  const { app } = await auditedApp()
  const { headers } = await send(app, 'bo', 'GET', 'experiments/get?experiment_id=0')
  expect(headers['cache-control']).toBe('no-store')
})

describe('a refusal', () => {
  it('is recorded of who is nobody, of a bad credential, and of who may not', async () => {
    const { app, entries } = await auditedApp()
    await send(app, '', 'GET', 'experiments/get?experiment_id=0')
    await send(app, 'expired', 'POST', 'runs/create', { experiment_id: '0' })
    await send(app, 'bo', 'POST', 'experiments/delete', { experiment_id: '0' })
    expect(await entries()).toMatchObject([
      {
        caller: '',
        via: 'nothing',
        action: 'GET /mlflow/experiments/get',
        status: 401,
        outcome: 'UNAUTHENTICATED',
      },
      { caller: '', action: 'POST /mlflow/runs/create', status: 401 },
      { caller: 'bo', object: 'experiment_id=0', status: 403, outcome: 'PERMISSION_DENIED' },
    ])
  })

  it('of a path that is not there has no name of its own', async () => {
    const { app, entries } = await auditedApp()
    await send(app, '', 'GET', '/made-up/path')
    expect(await entries()).toMatchObject([{ action: 'GET *', status: 401 }])
  })
})

describe('what comes by the thousand', () => {
  it('is one entry at once and one for the rest of the minute', async () => {
    const { app, entries, login } = await auditedApp()
    const { run } = (await send(app, 'ada', 'POST', 'runs/create', { experiment_id: '0' })).json()
    const { run_id } = run.info
    for (let step = 0; step < 20; step++) {
      await send(app, 'ada', 'POST', 'runs/log-metric', {
        run_id,
        key: 'm',
        value: step,
        timestamp: step,
        step,
      })
    }
    const logged = { action: 'POST /mlflow/runs/log-metric', object: `run_id=${run_id}` }
    expect(await entries()).toMatchObject([{}, { ...logged, repeats: 1 }])
    await login.audit.close()
    expect(await entries()).toMatchObject([{}, { ...logged, repeats: 1 }, { ...logged, repeats: 19 }])
  })

  it('names its run however a client spells it, its model, and nothing else', async () => {
    const { app, entries } = await auditedApp()
    const { run } = (await send(app, 'ada', 'POST', 'runs/create', { experiment_id: '0' })).json()
    const { run_id } = run.info
    const metric = { key: 'm', value: 1, timestamp: 1, step: 1, name: 'secret' }
    for (const named of [{ run_uuid: run_id }, { runId: run_id }, { run_id, model_id: 'm-1' }])
      await send(app, 'ada', 'POST', 'runs/log-metric', { ...metric, ...named })
    await send(app, 'ada', 'POST', 'runs/log-batch', 'not JSON')
    const logged = (await entries()).slice(1).map(({ object, detail }) => [object, detail])
    expect(logged).toEqual([
      [`run_id=${run_id}`, ''],
      [`run_id=${run_id}`, 'model_id=m-1'],
      ['', ''],
    ])
  })
})

const EVENT: AuditEvent = {
  caller: 'ada',
  via: 'password',
  action: 'POST /mlflow/runs/delete',
  object: 'run_id=a',
  detail: '',
  status: 200,
  outcome: 'OK',
  address: '127.0.0.1',
  userAgent: 'test',
}

describe('the log', () => {
  const silent = pino({ level: 'silent' })

  it('writes by itself, soon', async () => {
    const { login } = await loginContext()
    login.audit.record(EVENT)
    await expect.poll(() => listAudit(login.db, {}, 10)).toHaveLength(1)
  })

  it('writes what is left when it closes', async () => {
    const { login } = await loginContext()
    for (let i = 0; i < 450; i++) login.audit.record({ ...EVENT, object: `run_id=${i}` })
    await login.audit.close()
    expect(await listAudit(login.db, {}, 1_000)).toHaveLength(450)
  })

  it('keeps entries while their database is away, and says so once', async () => {
    const { login } = await loginContext()
    const lines: string[] = []
    const log = pino({ level: 'error' }, { write: (line) => lines.push(line) })
    const audit = new AuditLog(login.db, log, { retentionDays: 0 })
    await login.db.schema.alterTable('trackyard_audit').renameTo('away').execute()
    audit.record(EVENT)
    await audit.flush()
    await audit.flush()
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['audit entries wait for their database'])
    await login.db.schema.alterTable('away').renameTo('trackyard_audit').execute()
    await audit.close()
    expect(await listAudit(login.db, {}, 10)).toHaveLength(1)
  })

  it('has every entry as a line too, also when the database has not', async () => {
    const { login } = await loginContext()
    const lines: string[] = []
    const log = pino({ level: 'info' }, { write: (line) => lines.push(line) })
    const audit = new AuditLog(login.db, log, { retentionDays: 0 })
    audit.record({ ...EVENT, caller: 'x\n{"msg":"forged"}' })
    await audit.close()
    expect(lines).toHaveLength(1)
    const { msg, audit: entry } = JSON.parse(lines[0] ?? '')
    expect([msg, entry.caller, entry.object]).toEqual(['audit', 'x?{"msg":"forged"}', 'run_id=a'])
  })

  it('forgets what is older than the setting says, in steps', async () => {
    const { login } = await loginContext()
    const [now, day] = [Date.now(), 86_400_000]
    const rows = Array.from({ length: 250 }, (_, at) => ({
      ...{
        entry_id: entryId(at < 240 ? now - 10 * day : now - day),
        first_time: 0,
        last_time: 0,
        repeats: 1,
      },
      ...{ caller: 'ada', via: 'password', action: 'a', object: '', detail: '', status: 200, outcome: 'OK' },
      ...{ address: '', user_agent: '' },
    }))
    await login.db.insertInto('trackyard_audit').values(rows).execute()
    const audit = new AuditLog(login.db, silent, { retentionDays: 5 })
    onTestFinished(() => audit.close())
    await expect.poll(() => listAudit(login.db, {}, 1_000)).toHaveLength(10)
  })
})

describe('GET /api/2.0/trackyard/audit', () => {
  const AUDIT = '/api/2.0/trackyard/audit'

  it('gives entries to admins, newest first, in pages', async () => {
    const { app, entries } = await auditedApp()
    for (const name of ['a', 'b', 'c']) {
      await send(app, 'ada', 'POST', 'experiments/create', { name })
      await delay(2)
    }
    await entries()
    const first = (await send(app, 'ada', 'GET', `${AUDIT}?max_results=2`)).json()
    expect(first.entries.map((one: { detail: string }) => one.detail)).toEqual(['name=c', 'name=b'])
    expect(first.entries[0]).toMatchObject({
      caller: 'ada',
      signed_in_with: 'token',
      outcome: 'OK',
      repeats: 1,
    })
    const rest = (
      await send(app, 'ada', 'GET', `${AUDIT}?max_results=2&page_token=${first.next_page_token}`)
    ).json()
    expect(rest.entries.map((one: { detail: string }) => one.detail)).toEqual(['name=a'])
    expect(rest).not.toHaveProperty('next_page_token')
  })

  it('finds by caller, action, object, outcome and time', async () => {
    const { app, login } = await auditedApp()
    login.audit.record(EVENT)
    await delay(5)
    const between = Date.now()
    await delay(5)
    login.audit.record({
      ...EVENT,
      caller: 'bo',
      action: 'sign-in',
      object: '',
      status: 401,
      outcome: 'UNAUTHENTICATED',
    })
    await login.audit.flush()
    const found = async (query: string) => {
      const { entries = [] } = (await send(app, 'ada', 'GET', `${AUDIT}?${query}`)).json()
      return entries.map((one: { caller: string }) => one.caller)
    }
    expect(await found('caller=ada')).toEqual(['ada'])
    expect(await found('action=sign-in')).toEqual(['bo'])
    expect(await found('object=run_id%3Da')).toEqual(['ada'])
    expect(await found('outcome=UNAUTHENTICATED')).toEqual(['bo'])
    expect(await found(`since=${between}`)).toEqual(['bo'])
    expect(await found(`until=${between}`)).toEqual(['ada'])
    expect(await found('caller=ada&outcome=UNAUTHENTICATED')).toEqual([])
  })

  it.each(['max_results=0', 'max_results=1001', 'since=x', 'page_token=x', 'page_token=%27%20or%201'])(
    'refuses %s',
    async (query) => {
      const { app } = await auditedApp()
      expect((await send(app, 'ada', 'GET', `${AUDIT}?${query}`)).statusCode).toBe(400)
    },
  )

  it.each(['POST', 'PUT', 'DELETE', 'PATCH'] as const)(
    'has no %s: nothing changes an entry',
    async (method) => {
      const { app } = await auditedApp()
      const { statusCode } = await app.inject({ method, url: AUDIT, headers: { 'x-user': 'ada' } })
      expect(statusCode).toBe(405)
    },
  )

  it('is not there while no login is on', async () => {
    const app = buildApp(await testContext())
    onTestFinished(() => app.close())
    expect((await app.inject(AUDIT)).statusCode).toBe(404)
  })
})
