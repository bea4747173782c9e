import { createHmac } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { runScript } from '../clients/scripts.ts'
import { temporaryFolder } from '../server/support.ts'
import { mlflowEnvironment, startMlflowServer, startTrackyard } from '../support/mlflow.ts'
import type { RunningServer } from '../support/server-process.ts'
import { type Received, startTarget, type WebhookTarget } from '../support/webhook-target.ts'

const KEY = `${'kT9-'.repeat(10)}_a0=`
const SECRET = 'geheim'
const EVENTS = [{ entity: 'REGISTERED_MODEL', action: 'CREATED' }]
const mlflow = await mlflowEnvironment()

describe('a server with webhooks', { timeout: 90_000 }, () => {
  it('sends a delivery that was under way when it was killed, with the same id', async () => {
    const target = await startTarget((response, count) => {
      if (count > 1) response.end()
    })
    const folder = await temporaryFolder()
    const first = await start(folder, target)
    await makeHook(first, target)
    await call(first, 'registered-models/create', { name: 'm' })
    await target.has(1)
    await first.stop('SIGKILL')
    await start(folder, target)
    await target.has(2)
    const [before, after] = target.received
    expect(idOf(after)).toBe(idOf(before))
    expect(after?.body).toBe(before?.body)
  })

  it('ends in an orderly way while a target does not answer, and sends the delivery later', async () => {
    const target = await startTarget((response, count) => {
      if (count > 1) response.end()
    })
    const folder = await temporaryFolder()
    const first = await start(folder, target, {
      MLFLOW_WEBHOOK_REQUEST_TIMEOUT: '300',
      TRACKYARD_DRAIN_SECONDS: '1',
    })
    await makeHook(first, target)
    await call(first, 'registered-models/create', { name: 'm' })
    await target.has(1)
    await first.stop()
    await start(folder, target)
    await target.has(2)
    expect(idOf(target.received[1])).toBe(idOf(target.received[0]))
  })

  it.skipIf(!mlflow)('serves the stock client', async () => {
    const target = await startTarget((response) => response.end('not to be told'))
    const server = await start(await temporaryFolder(), target)
    const told = await runScript(mlflow as NonNullable<typeof mlflow>, 'webhooks.py', {
      url: server.url,
      args: [target.url, SECRET, 'made-by-python'],
    })
    expect(told).toEqual({
      listed: ['client-hook'],
      got: 'made by the client',
      statuses: ['ACTIVE', 'DISABLED', 'ACTIVE'],
      events: ['registered_model.created'],
      tested: [true, 200, null],
    })
    await target.has(2)
    expect(target.received.map(isSigned)).toEqual([true, true])
    expect(JSON.parse(target.received[1]?.body ?? '')).toMatchObject({
      entity: 'registered_model',
      action: 'created',
      data: { name: 'made-by-python', tags: { a: 'b' } },
    })
  })

  it.skipIf(!mlflow)('reads the secrets that MLflow wrote, and MLflow reads its', async () => {
    const target = await startTarget()
    const folder = await temporaryFolder()
    await mkdir(folder, { recursive: true })
    const theirs = () =>
      startMlflowServer(mlflow as NonNullable<typeof mlflow>, { folder, environment: settings(target) })
    await during(await theirs(), (server) => makeHook(server, target))
    await during(await start(folder, target), async (server) => {
      await makeHook(server, target)
      await call(server, 'registered-models/create', { name: 'm' })
      await target.has(2)
    })
    expect(target.received.map(isSigned)).toEqual([true, true])
    await during(await theirs(), async (server) => {
      expect(await call(server, 'webhooks')).toMatchObject({ webhooks: [{ name: 'h' }, { name: 'h' }] })
    })
  })
})

function settings({ certificate }: WebhookTarget): Record<string, string> {
  return {
    NODE_EXTRA_CA_CERTS: certificate,
    MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS: 'true',
    MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY: KEY,
    MLFLOW_WEBHOOK_REQUEST_TIMEOUT: '1',
  }
}

async function start(folder: string, target: WebhookTarget, more: Record<string, string> = {}) {
  const server = await startTrackyard({ folder, environment: { ...settings(target), ...more } })
  onTestFinished(() => server.stop())
  return server
}

async function during(server: RunningServer, use: (server: RunningServer) => Promise<unknown>) {
  try {
    await use(server)
  } finally {
    await server.stop()
  }
}

async function makeHook(server: RunningServer, { url }: WebhookTarget): Promise<void> {
  await call(server, 'webhooks', { name: 'h', url, events: EVENTS, secret: SECRET })
}

async function call({ url }: RunningServer, path: string, json?: object) {
  const response = await fetch(`${url}/api/2.0/mlflow/${path}`, {
    ...(json && {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(json),
    }),
  })
  expect(response.status).toBe(200)
  return response.json()
}

function idOf(received: Received | undefined) {
  return received?.headers['x-mlflow-delivery-id']
}

function isSigned({ headers, body }: Received): boolean {
  const content = `${headers['x-mlflow-delivery-id']}.${headers['x-mlflow-timestamp']}.${body}`
  const signature = createHmac('sha256', SECRET).update(content).digest('base64')
  return headers['x-mlflow-signature'] === `v1,${signature}`
}
