import type { FastifyInstance } from 'fastify'
import { sql } from 'kysely'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { makeToken } from '../../server/operations/token-text.ts'
import { listAudit } from '../../server/store/audit.ts'
import { lockedServer } from './locked-server.ts'
import { testApp } from './support.ts'

const TOKENS = '/api/2.0/trackyard/tokens'
const DAY_MS = 86_400_000

type Headers = Record<string, string>

// biome-ignore lint/suspicious/noExplicitAny: tests read answers of any shape
type Answer = { status: number; body: any }

async function ask(
  app: FastifyInstance,
  headers: Headers,
  method: 'GET' | 'POST' | 'DELETE',
  json: Record<string, unknown> = {},
  url = TOKENS,
): Promise<Answer> {
  const response = await app.inject(
    method === 'POST'
      ? {
          method,
          url,
          headers: { ...headers, 'content-type': 'application/json' },
          payload: JSON.stringify(json),
        }
      : { method, url, headers, query: json as Record<string, string> },
  )
  return { status: response.statusCode, body: response.json() }
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

/** Has a server read nothing again because of the time, however slow the machine is. */
function keepWhatIsKnown(): void {
  vi.useFakeTimers({ toFake: ['performance'] })
  onTestFinished(() => void vi.useRealTimers())
}

describe('an access token', () => {
  it('is shown once, and lets its owner in', async () => {
    const { app, user } = await lockedServer()
    const ann = await user('ann')
    const made = await ask(app, ann, 'POST', { name: 'ci', scope: 'write', expires_in: '30d' })
    expect(made).toMatchObject({
      status: 200,
      body: { token_info: { name: 'ci', username: 'ann', scope: 'write' } },
    })
    expect(made.body.token).toMatch(/^trackyard_[0-9a-f]{72}$/)
    const { creation_time, expiration_time } = made.body.token_info
    expect(expiration_time - creation_time).toBe(30 * DAY_MS)
    const entered = await ask(
      app,
      bearer(made.body.token),
      'POST',
      { name: 'e' },
      '/api/2.0/mlflow/experiments/create',
    )
    expect(entered.status).toBe(200)
    const listed = await ask(app, ann, 'GET')
    expect(listed.body.tokens).toEqual([{ ...made.body.token_info, last_used_time: expect.any(Number) }])
  })

  it('is in the audit log by its id at its first use', async () => {
    const { app, login, user } = await lockedServer()
    const made = await ask(app, await user('ann'), 'POST', { name: 'ci' })
    const { token, token_info } = made.body
    for (const _ of [1, 2]) await ask(app, bearer(token), 'GET', {}, '/api/2.0/mlflow/users/current')
    await login.audit.flush()
    expect(await listAudit(login.db, { object: `token_id=${token_info.token_id}` }, 10)).toMatchObject([
      { caller: 'ann', via: 'token', action: 'sign-in', outcome: 'OK' },
    ])
  })

  it('is in no table', async () => {
    const { app, user, login } = await lockedServer()
    const { body } = await ask(app, await user('ann'), 'POST', { name: 'ci' })
    await ask(app, bearer(body.token), 'GET')
    const { rows } = await sql`select * from trackyard_tokens`.execute(login.db)
    const dump = JSON.stringify(rows)
    expect(rows).toHaveLength(1)
    expect(dump).not.toContain(body.token)
    expect(dump).not.toContain(body.token.slice('trackyard_'.length, -8))
  })

  it('has the scope read and the default time where its maker says nothing', async () => {
    const { app, user } = await lockedServer({ tokenDays: 7 })
    const { body } = await ask(app, await user('ann'), 'POST', { name: 'ci' })
    expect(body.token_info.scope).toBe('read')
    expect(body.token_info.expiration_time - body.token_info.creation_time).toBe(7 * DAY_MS)
  })

  it('cannot be made from what makes no sense', async () => {
    const { app, user } = await lockedServer()
    const ann = await user('ann')
    for (const [json, message] of [
      [{}, 'name'],
      [{ name: 'a\nb' }, 'control character'],
      [{ name: 'a'.repeat(256) }, '255'],
      [{ name: 'a', scope: 'all' }, "'all' is no scope"],
      [{ name: 'a', expires_in: 'soon' }, 'is no age'],
      [{ name: 'a', expires_in: '0s' }, '366 days at most'],
      [{ name: 'a', expires_in: '367d' }, '366 days at most'],
      [{ name: 'a', experiment_ids: [] }, 'at least'],
      [{ name: 'a', experiment_ids: ['x'] }, "'x' is no id"],
      [{ name: 'a', model_names: Array.from({ length: 1_001 }, (_, i) => `m${i}`) }, 'at most 1000'],
    ] as const) {
      const { status, body } = await ask(app, ann, 'POST', json)
      expect([status, body.message]).toEqual([400, expect.stringContaining(message)])
    }
  })

  it('is refused when it has expired', async () => {
    const { app, user, context } = await lockedServer()
    const { body } = await ask(app, await user('ann'), 'POST', { name: 'ci', expires_in: '1h' })
    keepWhatIsKnown()
    const { expiration_time } = body.token_info
    Object.assign(context, { clock: () => expiration_time - 1 })
    for (const _ of [1, 2]) expect((await ask(app, bearer(body.token), 'GET')).status).toBe(403)
    Object.assign(context, { clock: () => expiration_time })
    const refused = await ask(app, bearer(body.token), 'GET')
    expect([refused.status, refused.body.message]).toEqual([401, expect.stringContaining('expired')])
  })

  it('is refused as soon as it is revoked', async () => {
    keepWhatIsKnown()
    const { app, user } = await lockedServer()
    const ann = await user('ann')
    const { body } = await ask(app, ann, 'POST', { name: 'ci' })
    // The first use is noted, and the second remembered.
    for (const _ of [1, 2]) expect((await ask(app, bearer(body.token), 'GET')).status).toBe(403)
    expect((await ask(app, ann, 'DELETE', { token_id: body.token_info.token_id })).status).toBe(200)
    expect((await ask(app, bearer(body.token), 'GET')).status).toBe(401)
    expect((await ask(app, ann, 'GET')).body.tokens).toBeUndefined()
    expect((await ask(app, ann, 'DELETE', { token_id: body.token_info.token_id })).status).toBe(404)
  })

  it('is refused within a second after another server has revoked it', async () => {
    const { app, user, login } = await lockedServer()
    const { body } = await ask(app, await user('ann'), 'POST', { name: 'ci' })
    await ask(app, bearer(body.token), 'GET')
    await login.db.deleteFrom('trackyard_tokens').execute()
    await expect.poll(async () => (await ask(app, bearer(body.token), 'GET')).status).toBe(401)
  })

  it('dies with its owner, whoever deletes that', async () => {
    const { app, user, login } = await lockedServer()
    const { body } = await ask(app, await user('ann'), 'POST', { name: 'ci' })
    await login.db.deleteFrom('users').where('username', '=', 'ann').execute()
    expect(await login.db.selectFrom('trackyard_tokens').select('token_id').execute()).toEqual([])
    await expect.poll(async () => (await ask(app, bearer(body.token), 'GET')).status).toBe(401)
  })

  it('is nothing that is made up, changed or cut', async () => {
    const { app, user } = await lockedServer()
    const { token } = (await ask(app, await user('ann'), 'POST', { name: 'ci' })).body
    const cut = [token.slice(0, -1), `${token}0`, token.toUpperCase(), `${token} x`]
    for (const text of [...cut, makeToken(), 'trackyard_', `trackyard_${'0'.repeat(72)}`, 'x', 'a.b.c', '']) {
      expect((await ask(app, bearer(text), 'GET')).status).toBe(401)
    }
    expect((await ask(app, bearer(token), 'GET')).status).toBe(403)
  })

  it('is refused in a URL, and so is whoever shows one there', async () => {
    const { app, user } = await lockedServer()
    const ann = await user('ann')
    const { body } = await ask(app, ann, 'POST', { name: 'ci', scope: 'admin' })
    for (const headers of [{}, ann, bearer(body.token)]) {
      const refused = await ask(app, headers, 'GET', { access_token: body.token })
      expect([refused.status, refused.body.message]).toEqual([401, expect.stringContaining('URL')])
      expect(refused.body.message).not.toContain(body.token)
    }
  })
})

describe('the scope of a token', () => {
  const CREATE = '/api/2.0/mlflow/runs/create'

  async function tokens(scopes: Record<string, Record<string, unknown>>) {
    const server = await lockedServer()
    const { app } = server
    const root = await server.user('root', true)
    const create = async (name: string) =>
      (await ask(app, root, 'POST', { name }, '/api/2.0/mlflow/experiments/create')).body.experiment_id
    const [inside, outside] = [await create('inside'), await create('outside')]
    const headers: Record<string, Headers> = {}
    for (const [name, scope] of Object.entries(scopes)) {
      const filled = scope.experiment_ids ? { ...scope, experiment_ids: [inside] } : scope
      headers[name] = bearer((await ask(app, root, 'POST', { name, ...filled })).body.token)
    }
    const status = async (
      name: string,
      method: 'GET' | 'POST',
      path: string,
      json: Record<string, unknown>,
    ) => (await ask(app, headers[name] ?? {}, method, json, `/api/2.0/mlflow/${path}`)).status
    return { ...server, inside, outside, status }
  }

  it('lets a token read that may read, and nothing else', async () => {
    const { status, inside } = await tokens({ reader: { scope: 'read' } })
    expect(await status('reader', 'GET', 'experiments/get', { experiment_id: inside })).toBe(200)
    expect(await status('reader', 'POST', 'runs/create', { experiment_id: inside })).toBe(403)
    expect(await status('reader', 'POST', 'experiments/create', { name: 'new' })).toBe(403)
    expect(await status('reader', 'POST', 'experiments/delete', { experiment_id: inside })).toBe(403)
  })

  it('keeps a token in its experiments', async () => {
    const { status, inside, outside } = await tokens({ ci: { scope: 'write', experiment_ids: true } })
    expect(await status('ci', 'POST', 'runs/create', { experiment_id: inside })).toBe(200)
    expect(await status('ci', 'POST', 'runs/create', { experiment_id: outside })).toBe(403)
    expect(await status('ci', 'GET', 'experiments/get', { experiment_id: outside })).toBe(403)
    expect(await status('ci', 'POST', 'registered-models/create', { name: 'm' })).toBe(403)
  })

  it('never gives more than its owner has', async () => {
    const { app, user, inside } = await tokens({})
    const { body } = await ask(app, await user('bob'), 'POST', { name: 'all', scope: 'admin' })
    const made = await ask(app, bearer(body.token), 'POST', { experiment_id: inside }, CREATE)
    expect(made.status).toBe(403)
    const collected = await ask(app, bearer(body.token), 'POST', {}, '/api/2.0/trackyard/gc')
    expect(collected.status).toBe(403)
  })
})

describe('tokens of others', () => {
  it('are an admin’s to make, list and revoke', async () => {
    const { app, user } = await lockedServer()
    const [ann, root] = [await user('ann'), await user('root', true)]
    const made = await ask(app, root, 'POST', { name: 'ci', username: 'ann' })
    expect(made.body.token_info.username).toBe('ann')
    await ask(app, root, 'POST', { name: 'mine' })
    const names = async (headers: Headers, json = {}) =>
      (await ask(app, headers, 'GET', json)).body.tokens.map(({ name }: { name: string }) => name).sort()
    expect(await names(root)).toEqual(['ci', 'mine'])
    expect(await names(root, { username: 'ann' })).toEqual(['ci'])
    expect(await names(ann)).toEqual(['ci'])
    expect((await ask(app, root, 'DELETE', { token_id: made.body.token_info.token_id })).status).toBe(200)
    expect((await ask(app, root, 'POST', { name: 'ci', username: 'nobody' })).status).toBe(404)
  })

  it('are nobody else’s', async () => {
    const { app, user } = await lockedServer()
    const [ann, bob] = [await user('ann'), await user('bob')]
    const { body } = await ask(app, ann, 'POST', { name: 'ci' })
    expect((await ask(app, bob, 'POST', { name: 'x', username: 'ann' })).status).toBe(403)
    expect((await ask(app, bob, 'GET', { username: 'ann' })).status).toBe(403)
    expect((await ask(app, bob, 'DELETE', { token_id: body.token_info.token_id })).status).toBe(403)
    expect((await ask(app, bob, 'GET')).body.tokens).toBeUndefined()
  })

  it('come in pages', async () => {
    const { app, user } = await lockedServer()
    const ann = await user('ann')
    for (const name of ['a', 'b', 'c']) await ask(app, ann, 'POST', { name })
    const first = await ask(app, ann, 'GET', { max_results: '2' })
    const second = await ask(app, ann, 'GET', { max_results: '2', page_token: first.body.next_page_token })
    const all = [...first.body.tokens, ...second.body.tokens]
    expect(all.map(({ name }) => name).sort()).toEqual(['a', 'b', 'c'])
    expect(second.body.next_page_token).toBeUndefined()
  })

  it('are a hundred at most, of those that have not expired', async () => {
    const { app, user, context } = await lockedServer()
    const ann = await user('ann')
    for (let i = 0; i < 100; i++) await ask(app, ann, 'POST', { name: `t${i}`, expires_in: '1h' })
    expect((await ask(app, ann, 'POST', { name: 'more' })).status).toBe(400)
    Object.assign(context, { clock: () => Date.now() + 3_600_000 })
    expect((await ask(app, ann, 'POST', { name: 'more' })).status).toBe(200)
    expect((await ask(app, ann, 'GET')).body.tokens).toHaveLength(1)
  })
})

describe('a token that makes a token', () => {
  it('may not where it is limited, and neither lists nor revokes any', async () => {
    const { app, user } = await lockedServer()
    const root = await user('root', true)
    for (const scope of [
      { scope: 'read' },
      { scope: 'write' },
      { scope: 'admin', experiment_ids: ['0'] },
      { scope: 'admin', model_names: ['m'] },
    ]) {
      const { body } = await ask(app, root, 'POST', { name: 'ci', ...scope })
      const headers = bearer(body.token)
      expect((await ask(app, headers, 'POST', { name: 'x' })).status).toBe(403)
      expect((await ask(app, headers, 'GET')).status).toBe(403)
      expect((await ask(app, headers, 'DELETE', { token_id: body.token_info.token_id })).status).toBe(403)
    }
  })

  it('may with the scope admin, for its owner', async () => {
    const { app, user } = await lockedServer()
    await user('bob')
    const { body } = await ask(app, await user('ann'), 'POST', { name: 'ci', scope: 'admin' })
    const headers = bearer(body.token)
    expect((await ask(app, headers, 'POST', { name: 'x' })).status).toBe(200)
    expect((await ask(app, headers, 'POST', { name: 'x', username: 'bob' })).status).toBe(403)
  })
})

it('there are no access tokens while no login is on', async () => {
  expect((await ask(await testApp(), {}, 'GET')).status).toBe(404)
})
