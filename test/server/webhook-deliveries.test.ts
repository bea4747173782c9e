import { createHmac } from 'node:crypto'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { buildApp } from '../../server/app.ts'
import type { Config } from '../../server/config.ts'
import type { Context } from '../../server/context.ts'
import { startDeliveries } from '../../server/operations/webhook-deliveries.ts'
import { startTarget, type WebhookTarget } from '../support/webhook-target.ts'
import { call, testContext } from './support.ts'

const KEY = `${'kT9-'.repeat(10)}_a0=`
const ALL = Object.entries({
  REGISTERED_MODEL: ['CREATED'],
  MODEL_VERSION: ['CREATED'],
  MODEL_VERSION_TAG: ['SET', 'DELETED'],
  MODEL_VERSION_ALIAS: ['CREATED', 'DELETED'],
  PROMPT: ['CREATED'],
  PROMPT_VERSION: ['CREATED'],
  PROMPT_TAG: ['SET', 'DELETED'],
  PROMPT_VERSION_TAG: ['SET', 'DELETED'],
  PROMPT_ALIAS: ['CREATED', 'DELETED'],
}).flatMap(([entity, actions]) => actions.map((action) => ({ entity, action })))

/** A server that makes webhooks to `target`, whose deliveries begin when told. */
async function server(settings: Partial<Config> = {}) {
  const context = await testContext({ webhookAllowPrivateIps: true, ...settings })
  const app = buildApp(context)
  onTestFinished(() => app.close())
  const send = (method: 'POST' | 'DELETE' | 'PATCH', path: string, json: object) =>
    call(app, method, path, json)
  return {
    context,
    send,
    hook: async (target: WebhookTarget, more: object = {}) => {
      const { body } = await send('POST', 'webhooks', { name: 'h', url: target.url, events: ALL, ...more })
      return body.webhook.webhook_id as string
    },
    model: (name: string) => send('POST', 'registered-models/create', { name }),
    owed: () => context.db.selectFrom('trackyard_webhook_outbox').selectAll().execute(),
  }
}

function deliver(context: Context, overrides: Partial<Config> = {}) {
  const deliveries = startDeliveries({ ...context, config: { ...context.config, ...overrides } })
  onTestFinished(() => deliveries.stop(0))
  return deliveries
}

const arrived = (owed: () => Promise<unknown[]>) =>
  vi.waitFor(async () => expect(await owed()).toEqual([]), { timeout: 15_000, interval: 30 })

function bodies({ received }: WebhookTarget) {
  return received.map(({ body }) => {
    const { entity, action, data } = JSON.parse(body)
    return [`${entity}.${action}`, data]
  })
}

describe('a delivery', () => {
  it('tells of each change of a model, with what MLflow says of it', async () => {
    const target = await startTarget()
    const { context, send, hook, owed } = await server()
    await hook(target)
    const [name, tags] = ['m', [{ key: 'a', value: 'b' }]]
    await send('POST', 'registered-models/create', { name, tags, description: 'd' })
    await send('POST', 'model-versions/create', { name, source: 's3://bucket/x', tags })
    await send('POST', 'model-versions/set-tag', { name, version: '1', key: 'k', value: 'v' })
    await send('DELETE', 'model-versions/delete-tag', { name, version: '1', key: 'k' })
    await send('POST', 'registered-models/alias', { name, alias: 'best', version: '1' })
    await send('DELETE', 'registered-models/alias', { name, alias: 'best' })
    await send('POST', 'registered-models/set-tag', { name, key: 'no', value: 'event' })
    deliver(context)
    await arrived(owed)
    expect(bodies(target)).toEqual([
      ['registered_model.created', { name, tags: { a: 'b' }, description: 'd' }],
      [
        'model_version.created',
        { name, version: '1', source: 's3://bucket/x', run_id: null, tags: { a: 'b' }, description: null },
      ],
      ['model_version_tag.set', { name, version: '1', key: 'k', value: 'v' }],
      ['model_version_tag.deleted', { name, version: '1', key: 'k' }],
      ['model_version_alias.created', { name, alias: 'best', version: '1' }],
      ['model_version_alias.deleted', { name, alias: 'best' }],
    ])
  })

  it('tells of each change of a prompt', async () => {
    const target = await startTarget()
    const { context, send, hook, owed } = await server()
    await hook(target)
    const [name, is] = ['p', { key: 'mlflow.prompt.is_prompt', value: 'true' }]
    const text = { key: 'mlflow.prompt.text', value: 'Hello' }
    await send('POST', 'registered-models/create', { name, tags: [is, { key: 'a', value: 'b' }] })
    await send('POST', 'model-versions/create', { name, source: 'dummy-source', tags: [is, text] })
    await send('POST', 'registered-models/set-tag', { name, key: 'k', value: 'v' })
    await send('DELETE', 'registered-models/delete-tag', { name, key: 'k' })
    await send('POST', 'model-versions/set-tag', { name, version: '1', key: 'k', value: 'v' })
    await send('POST', 'registered-models/alias', { name, alias: 'best', version: '1' })
    deliver(context)
    await arrived(owed)
    expect(bodies(target)).toEqual([
      ['prompt.created', { name, tags: { a: 'b' }, description: '' }],
      ['prompt_version.created', { name, version: '1', template: 'Hello', tags: {}, description: null }],
      ['prompt_tag.set', { name, key: 'k', value: 'v' }],
      ['prompt_tag.deleted', { name, key: 'k' }],
      ['prompt_version_tag.set', { name, version: '1', key: 'k', value: 'v' }],
      ['prompt_alias.created', { name, alias: 'best', version: '1' }],
    ])
  })

  it('is signed', async () => {
    const target = await startTarget()
    const { context, hook, model, owed } = await server({ webhookSecretKey: KEY })
    await hook(target, { secret: 'geheim' })
    await model('m')
    deliver(context)
    await arrived(owed)
    const [{ headers, body } = { headers: {} as Record<string, string>, body: '' }] = target.received
    const signed = `${headers['x-mlflow-delivery-id']}.${headers['x-mlflow-timestamp']}.${body}`
    const signature = createHmac('sha256', 'geheim').update(signed).digest('base64')
    expect(headers['x-mlflow-signature']).toBe(`v1,${signature}`)
    expect(Math.abs(Date.now() / 1000 - Number(headers['x-mlflow-timestamp']))).toBeLessThan(60)
  })

  it('goes to webhooks of the event that are active, and to no other', async () => {
    const target = await startTarget()
    const { context, send, hook, model, owed } = await server()
    await hook(target, { events: [{ entity: 'PROMPT', action: 'CREATED' }] })
    await hook(target, { status: 'DISABLED' })
    const gone = await hook(target)
    await send('DELETE', `webhooks/${gone}`, {})
    await model('none')
    expect(await owed()).toEqual([])
    const late = await hook(target)
    await model('owed')
    await send('PATCH', `webhooks/${late}`, { status: 'DISABLED' })
    deliver(context)
    await arrived(owed)
    expect(target.received).toEqual([])
  })

  it('is not owed for a change that did not happen', async () => {
    const target = await startTarget()
    const { hook, model, send, owed } = await server()
    await hook(target)
    await model('m')
    await model('m')
    await send('POST', 'registered-models/alias', { name: 'm', alias: 'best', version: '7' })
    expect(await owed()).toHaveLength(1)
  })

  it.each([429, 500, 503])('is tried again after %i, with the same id', async (code) => {
    const target = await startTarget((response, count) =>
      response.writeHead(count === 1 ? code : 200, { 'retry-after': '0' }).end(),
    )
    const { context, hook, model, owed } = await server()
    await hook(target)
    await model('m')
    deliver(context)
    await arrived(owed)
    expect(target.received).toHaveLength(2)
    const [first, second] = target.received
    expect(second?.headers['x-mlflow-delivery-id']).toBe(first?.headers['x-mlflow-delivery-id'])
    expect(second?.body).toBe(first?.body)
  })

  it('is given up after the last retry', async () => {
    const target = await startTarget((response) => response.writeHead(503, { 'retry-after': '0' }).end())
    const { context, hook, model, owed } = await server({ webhookMaxRetries: 2 })
    await hook(target)
    await model('m')
    deliver(context)
    await arrived(owed)
    expect(target.received).toHaveLength(3)
  })

  it.each([302, 400, 404])('is not tried again after %i', async (code) => {
    const target = await startTarget((response) => response.writeHead(code, { location: '/' }).end())
    const { context, hook, model, owed } = await server()
    await hook(target)
    await model('m')
    deliver(context)
    await arrived(owed)
    expect(target.received).toHaveLength(1)
  })

  it('to a slow target holds up no other and no request', async () => {
    const slow = await startTarget(() => {})
    const target = await startTarget()
    const { context, hook, model, owed } = await server({ webhookWorkers: 2 })
    await hook(slow, { name: 'slow' })
    await hook(target)
    for (const name of ['a', 'b', 'c']) await model(name)
    deliver(context)
    await target.has(3)
    expect((await model('d')).status).toBe(200)
    await target.has(4)
    expect(slow.received).toHaveLength(1)
    await vi.waitFor(async () => expect(await owed()).toHaveLength(4), { timeout: 15_000, interval: 30 })
  })

  it('that is under way when the server ends is sent by the next one, with the same id', async () => {
    const target = await startTarget((response, count) => {
      if (count > 1) response.end()
    })
    const { context, hook, model, owed } = await server()
    await hook(target)
    await model('m')
    const first = deliver(context)
    await target.has(1)
    await first.stop(0)
    expect(await owed()).toHaveLength(1)
    deliver(context)
    await arrived(owed)
    const ids = target.received.map(({ headers }) => headers['x-mlflow-delivery-id'])
    expect(ids).toEqual([ids[0], ids[0]])
  })

  it('connects to nothing where the address is not public', async () => {
    const target = await startTarget()
    const { context, hook, model, owed } = await server()
    await hook(target, { url: target.url.replace('127.0.0.1', 'localhost') })
    await model('m')
    deliver(context, { webhookAllowPrivateIps: false, webhookMaxRetries: 0 })
    await arrived(owed)
    expect(target.connections()).toBe(0)
  })
})
