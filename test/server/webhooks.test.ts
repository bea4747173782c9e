import { describe, expect, it } from 'vitest'
import { buildApp } from '../../server/app.ts'
import { decryptFernet } from '../../server/webhooks/fernet.ts'
import { startPlainTarget, startTarget } from '../support/webhook-target.ts'
import { call, testApp, testContext } from './support.ts'

const KEY = `${'kT9-'.repeat(10)}_a0=`
const EVENTS = [{ entity: 'REGISTERED_MODEL', action: 'CREATED' }]
const HOOK = { name: 'hook', url: 'https://8.8.8.8/x', events: EVENTS }
const PRIVATE = { webhookAllowPrivateIps: true }

async function created(app: Awaited<ReturnType<typeof testApp>>, more: object = {}) {
  const { status, body } = await call(app, 'POST', 'webhooks', { ...HOOK, ...more })
  expect(body).toMatchObject({ webhook: {} })
  expect(status).toBe(200)
  return body.webhook
}

describe('a webhook', () => {
  it('is created, got, listed, changed and deleted', async () => {
    const app = await testApp()
    const { webhook_id: id, ...made } = await created(app, { description: 'd' })
    expect(made).toMatchObject({ ...HOOK, description: 'd', status: 'ACTIVE' })
    expect((await call(app, 'GET', `webhooks/${id}`)).body.webhook.name).toBe('hook')
    const change = { name: 'other', status: 'DISABLED', description: '' }
    const changed = await call(app, 'PATCH', `webhooks/${id}`, change)
    expect(changed.body.webhook).toMatchObject({ name: 'other', status: 'DISABLED', url: HOOK.url })
    expect(changed.body.webhook.description).toBeUndefined()
    expect((await call(app, 'GET', 'webhooks')).body.webhooks).toHaveLength(1)
    expect(await call(app, 'DELETE', `webhooks/${id}`)).toEqual({ status: 200, body: {} })
    expect((await call(app, 'GET', 'webhooks')).body).toEqual({})
    for (const method of ['GET', 'PATCH', 'DELETE'] as const) {
      expect((await call(app, method, `webhooks/${id}`)).status).toBe(404)
    }
  })

  it('is listed a page at a time, the newest first', async () => {
    const app = await testApp()
    for (const name of ['a', 'b', 'c']) await created(app, { name })
    const first = await call(app, 'GET', 'webhooks', { max_results: '2' })
    const second = await call(app, 'GET', 'webhooks', { page_token: first.body.next_page_token })
    const names = [...first.body.webhooks, ...second.body.webhooks].map(({ name }) => name)
    expect(names.toSorted()).toEqual(['a', 'b', 'c'])
    expect(second.body.next_page_token).toBeUndefined()
  })

  it('replaces its events', async () => {
    const app = await testApp()
    const { webhook_id: id } = await created(app)
    const events = [{ entity: 'PROMPT_TAG', action: 'SET' }]
    const { body } = await call(app, 'PATCH', `webhooks/${id}`, { events })
    expect(body.webhook.events).toEqual(events)
  })

  it.each([
    ['no such entity', { events: [{ entity: 'NOPE', action: 'CREATED' }] }],
    ['no action', { events: [{ entity: 'PROMPT' }] }],
    ['an action of another entity', { events: [{ entity: 'REGISTERED_MODEL', action: 'SET' }] }],
    ['an event twice', { events: [...EVENTS, ...EVENTS] }],
    ['no events', { events: [] }],
    ['a name with a slash', { name: 'a/b' }],
    ['a name of 64', { name: 'n'.repeat(64) }],
    ['a URL of 501', { url: `https://8.8.8.8/${'x'.repeat(485)}` }],
    ['a description of 1001', { description: 'd'.repeat(1001) }],
    ['a secret, without a key to keep it', { secret: 's' }],
  ])('is refused with %s', async (_what, more) => {
    const app = await testApp()
    expect((await call(app, 'POST', 'webhooks', { ...HOOK, ...more })).status).toBe(400)
    expect((await call(app, 'GET', 'webhooks')).body).toEqual({})
  })

  it('keeps its secret encrypted and shows it nowhere', async () => {
    const context = await testContext({ webhookSecretKey: KEY })
    const app = buildApp(context)
    const { webhook_id: id, ...shown } = await created(app, { secret: 'geheim' })
    expect(JSON.stringify(shown)).not.toContain('geheim')
    const stored = () => context.db.selectFrom('webhooks').select('secret').executeTakeFirstOrThrow()
    expect(decryptFernet(KEY, (await stored()).secret ?? '')).toBe('geheim')
    await call(app, 'PATCH', `webhooks/${id}`, { name: 'n' })
    expect(decryptFernet(KEY, (await stored()).secret ?? '')).toBe('geheim')
    await call(app, 'PATCH', `webhooks/${id}`, { secret: '' })
    expect((await stored()).secret).toBeNull()
    expect((await call(app, 'PATCH', `webhooks/${id}`, { secret: 'x'.repeat(688) })).status).toBe(400)
    await app.close()
  })
})

describe('a webhook to what only this server reaches (A24, A25)', () => {
  it.each([
    'http://8.8.8.8/',
    'file:///etc/passwd',
    'gopher://8.8.8.8/',
    'HTTPS+UNIX://x',
    '//8.8.8.8/',
    'https:8.8.8.8',
    'https:///8.8.8.8/',
    'https://',
    'https://127.0.0.1/',
    'https://10.0.0.1/',
    'https://192.168.1.1/',
    'https://169.254.169.254/latest/meta-data',
    'https://localhost/',
    'https://LOCALHOST./',
    'https://2130706433/',
    'https://0177.0.0.1/',
    'https://0x7f000001/',
    'https://127.1/',
    'https://127.0.0.1./',
    'https://①②⑦.0.0.1/',
    'https://0.0.0.0/',
    'https://[::]/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[64:ff9b::7f00:1]/',
    'https://[2002:7f00:1::]/',
    'https://a@127.0.0.1/',
    'https://a@8.8.8.8/',
    'https://a:b@8.8.8.8/',
    'https://8.8.8.8/@x',
    'https://8.8.8.8@127.0.0.1/',
    'https://8.8.8.8\\@127.0.0.1/',
    'https://8.8.8.8 .127.0.0.1/',
    'https://8.8.8.8\t/',
    'https://8.8.8.8:99999/',
    'https://nowhere.invalid/',
  ])('is refused: %s', async (url) => {
    const app = await testApp()
    expect((await call(app, 'POST', 'webhooks', { ...HOOK, url })).status).toBe(400)
    const { webhook_id: id } = await created(app)
    expect((await call(app, 'PATCH', `webhooks/${id}`, { url })).status).toBe(400)
    expect((await call(app, 'GET', `webhooks/${id}`)).body.webhook.url).toBe(HOOK.url)
  })

  it.each(['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]'])(
    'connects to nothing when its address stopped being public: %s',
    async (host) => {
      const target = await startTarget()
      const context = await testContext()
      const app = buildApp(context)
      const { webhook_id: id } = await created(app)
      const url = target.url.replace('127.0.0.1', host)
      await context.db.updateTable('webhooks').set({ url }).execute()
      const { status, body } = await call(app, 'POST', `webhooks/${id}/test`)
      expect(status).toBe(200)
      expect(body.result).toMatchObject({
        success: false,
        error_message: expect.stringMatching(/not public/),
      })
      expect(target.connections()).toBe(0)
      await app.close()
    },
  )
})

describe('the test of a webhook', () => {
  it('sends an example of its first event', async () => {
    const target = await startTarget()
    const app = await testApp(PRIVATE)
    const { webhook_id: id } = await created(app, { url: target.url })
    const { body } = await call(app, 'POST', `webhooks/${id}/test`)
    expect(body).toEqual({ result: { success: true, response_status: 200 } })
    const [{ headers, body: sent } = { headers: {}, body: '' }] = target.received
    expect(JSON.parse(sent)).toMatchObject({
      entity: 'registered_model',
      action: 'created',
      data: { name: 'example_model' },
    })
    expect(headers['x-mlflow-delivery-id']).toMatch(/^[0-9a-f-]{36}$/)
    expect(headers['x-mlflow-signature']).toBeUndefined()
  })

  it('sends an example of the event that is asked for', async () => {
    const target = await startTarget()
    const app = await testApp(PRIVATE)
    const { webhook_id: id } = await created(app, { url: target.url })
    const event = { entity: 'PROMPT_VERSION', action: 'CREATED' }
    await call(app, 'POST', `webhooks/${id}/test`, { event })
    expect(JSON.parse(target.received[0]?.body ?? '')).toMatchObject({
      entity: 'prompt_version',
      data: { template: 'Hello {{name}}!' },
    })
  })

  it.each([302, 307, 308])('follows no redirect (%i) and reflects no body (A26)', async (code) => {
    const inside = await startPlainTarget()
    const target = await startTarget((response) =>
      response.writeHead(code, { location: inside.url }).end('what was inside'),
    )
    const app = await testApp({ ...PRIVATE, webhookAllowedSchemes: ['https', 'http'] })
    const { webhook_id: id } = await created(app, { url: target.url })
    const { body } = await call(app, 'POST', `webhooks/${id}/test`)
    expect(body.result).toMatchObject({ success: false, response_status: code })
    expect(JSON.stringify(body)).not.toContain('inside')
    expect(inside.connections()).toBe(0)
    expect(target.received).toHaveLength(1)
  })

  it('reflects the body of no other answer', async () => {
    const target = await startTarget((response) => response.writeHead(403).end('a secret page'))
    const app = await testApp(PRIVATE)
    const { webhook_id: id } = await created(app, { url: target.url })
    const { body } = await call(app, 'POST', `webhooks/${id}/test`)
    expect(body.result).toMatchObject({ success: false, response_status: 403 })
    expect(JSON.stringify(body)).not.toContain('secret')
  })

  it('ends when the target does not', async () => {
    const target = await startTarget(() => {})
    const app = await testApp({ ...PRIVATE, webhookTimeoutSeconds: 1 })
    const { webhook_id: id } = await created(app, { url: target.url })
    const { body } = await call(app, 'POST', `webhooks/${id}/test`)
    expect(body.result.error_message).toMatch(/in time/)
  })

  it('fails when the certificate is not one to trust', async () => {
    const target = await startTarget((response) => response.end(), 'not trusted')
    const app = await testApp(PRIVATE)
    const { webhook_id: id } = await created(app, { url: target.url })
    const { body } = await call(app, 'POST', `webhooks/${id}/test`)
    expect(body.result).toMatchObject({ success: false, error_message: expect.stringMatching(/CERT/) })
    expect(target.received).toEqual([])
  })

  it('sends nothing unsigned when the secret cannot be read', async () => {
    const target = await startTarget()
    const context = await testContext({ ...PRIVATE, webhookSecretKey: KEY })
    const app = buildApp(context)
    const { webhook_id: id } = await created(app, { url: target.url, secret: 's' })
    const other = buildApp({ ...context, config: { ...context.config, webhookSecretKey: '' } })
    const { body } = await call(other, 'POST', `webhooks/${id}/test`)
    expect(body.result).toMatchObject({ success: false, error_message: expect.stringMatching(/another key/) })
    expect(target.connections()).toBe(0)
    await Promise.all([app.close(), other.close()])
  })
})
