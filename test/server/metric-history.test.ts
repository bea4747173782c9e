import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DatabaseSync } from 'node:sqlite'
import { text } from 'node:stream/consumers'
import type { FastifyInstance } from 'fastify'
import { sql } from 'kysely'
import { describe, expect, it, onTestFinished } from 'vitest'
import { buildApp } from '../../server/app.ts'
import type { Context } from '../../server/context.ts'
import { call, testApp, testContext } from './support.ts'

/** Long, so that few points are many bytes. */
const KEY = `a loss/${'x'.repeat(240)}`

/** Points as a client sends them, of every kind the database keeps in a way of its own, out of order. */
function points(count: number) {
  return Array.from({ length: count }, (_, at) => ({
    key: KEY,
    value: [at / 7, 'NaN', 'Infinity', '-Infinity', -0, 1e300, at][at % 7],
    timestamp: (at * 7919) % count,
    step: at === count - 1 ? '9007199254740993' : at % 10,
  }))
}

async function withHistory(app: FastifyInstance, count: number) {
  const { body } = await call(app, 'POST', 'runs/create', { experiment_id: '0' })
  const { run_id } = body.run.info
  const all = points(count)
  for (let start = 0; start < count; start += 1_000) {
    await call(app, 'POST', 'runs/log-batch', { run_id, metrics: all.slice(start, start + 1_000) })
  }
  return `/api/2.0/mlflow/metrics/get-history?run_id=${run_id}&metric_key=${encodeURIComponent(KEY)}`
}

describe('a whole history', () => {
  it.each([1, 999, 1_000, 1_001, 3_500])(
    'of %i points is, byte for byte, the page that holds it all',
    async (count) => {
      const app = await testApp()
      const url = await withHistory(app, count)
      const whole = await app.inject(url)
      expect(whole.headers['content-type']).toContain('application/json')
      expect(whole.body).toBe((await app.inject(`${url}&max_results=100000`)).body)
      expect(whole.body.match(/"step"/g)).toHaveLength(count)
      expect(whole.body).toContain('9007199254740993')
    },
  )

  it('holds up nobody, keeps nobody from seeing what is new, and is of one moment, however slowly it is read', async () => {
    const context = await testContext()
    const { app, url } = await servedHistory(context)
    const before = (await app.inject(url)).body
    const client = await slowClient(app, url)
    await call(app, 'POST', 'experiments/create', { name: 'meanwhile' })
    const found = await call(app, 'GET', 'experiments/get-by-name', { experiment_name: 'meanwhile' })
    expect(found.status).toBe(200)
    const run_id = new URL(url, 'http://x').searchParams.get('run_id')
    const late = { run_id, key: KEY, value: 12345.5, timestamp: 10 ** 9, step: 1 }
    expect((await call(app, 'POST', 'runs/log-metric', late)).status).toBe(200)
    expect(await client.rest()).toBe(before)
    expect((await app.inject(url)).body).toContain('12345.5')
  })
})

// On the other databases all rows are read before the first is sent.
if (process.env.TRACKYARD_TEST_BACKEND === undefined) {
  describe('on SQLite a history', () => {
    it('is read no further when its client has gone', async () => {
      const context = await testContext()
      const { app, url } = await servedHistory(context)
      const client = await slowClient(app, url)
      expect(await blockedCheckpoints(context)).toBe(1)
      client.leave()
      await expect.poll(() => blockedCheckpoints(context)).toBe(0)
    })
  })
}

/** A server with a socket, and a history larger than the buffers between it and a client. */
async function servedHistory(context: Context) {
  const app = buildApp(context)
  onTestFinished(async () => {
    app.server.closeAllConnections()
    await app.close()
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const url = await withHistory(app, 1_000)
  const source = context.db.selectFrom('metrics').select(['key', 'value', 'run_uuid', 'is_nan', 'timestamp'])
  await context.db
    .insertInto('metrics')
    .columns(['key', 'value', 'run_uuid', 'is_nan', 'timestamp', 'step'])
    .expression(
      source.select(sql<number>`n.n`.as('step')).crossJoin(
        sql<{
          n: number
        }>`(with recursive n(n) as (select 100 union all select n + 1 from n where n < 130) select n from n)`.as(
          'n',
        ),
      ),
    )
    .execute()
  return { app, url }
}

/** Asks for a page and reads its beginning only. */
async function slowClient(app: FastifyInstance, url: string) {
  const { port } = app.server.address() as AddressInfo
  const asked = request({ host: '127.0.0.1', port, path: url, agent: false }).end()
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  await once(response, 'readable')
  return { rest: () => text(response), leave: () => asked.destroy() }
}

/** 1 while someone reads an older state of a SQLite database than the last. */
async function blockedCheckpoints({ db, config }: Context): Promise<unknown> {
  await db.updateTable('experiments').set({ last_update_time: 1 }).execute()
  const other = new DatabaseSync(config.backendStoreUri.replace('sqlite:///', ''))
  const row = other.prepare('pragma wal_checkpoint(truncate)').get()
  other.close()
  return row?.busy
}
