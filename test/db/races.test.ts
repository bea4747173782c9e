import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { buildApp } from '../../server/app.ts'
import { closeContext, openContext } from '../../server/context.ts'
import { call, testContext } from '../server/support.ts'
import { type DatabaseServer, databaseServers } from '../support/databases.ts'

// The first test waits for the server and its schema.
vi.setConfig({ testTimeout: 60_000 })

const CLIENTS = Array.from({ length: 32 }, (_, client) => client)

interface Servers {
  readonly uri: string
  /** The server a client talks to: one of two on one database. */
  of(client: number): FastifyInstance
}

async function twoServers(database: DatabaseServer): Promise<Servers> {
  const uri = await database.migrated()
  const apps = [await testContext({ backendStoreUri: uri }), await testContext({ backendStoreUri: uri })].map(
    (context) => buildApp(context),
  )
  onTestFinished(async () => {
    for (const app of apps) await app.close()
  })
  return { uri, of: (client) => apps[client % apps.length] as FastifyInstance }
}

async function newRun(app: FastifyInstance): Promise<string> {
  return (await call(app, 'POST', 'runs/create', { experiment_id: '0' })).body.run.info.run_id
}

describe.each(databaseServers())('on $name', (database) => {
  const { query } = database

  it('two servers that start at once on an empty database make it once', async () => {
    const uri = await database.empty()
    const config = (await testContext()).config
    const said: string[] = []
    const log = pino({ level: 'info' }, { write: (line: string) => said.push(JSON.parse(line).msg) })
    const contexts = await Promise.all(
      CLIENTS.slice(0, 4).map(() => openContext({ ...config, backendStoreUri: uri }, log)),
    )
    await Promise.all(contexts.map(closeContext))
    expect(said).toEqual(['created the database schema'])
    expect(await query(uri, 'select experiment_id, name from experiments')).toEqual([
      { experiment_id: 0, name: 'Default' },
    ])
  })

  it('32 clients create one experiment: one is told it has, the others that it exists', async () => {
    const { uri, of } = await twoServers(database)
    const answers = await Promise.all(
      CLIENTS.map((client) => call(of(client), 'POST', 'experiments/create', { name: 'one' })),
    )
    const codes = answers.map(({ status, body }) => body.error_code ?? status).sort()
    expect(codes).toEqual([200, ...CLIENTS.slice(1).map(() => 'RESOURCE_ALREADY_EXISTS')])
    const refused = answers.find(({ status }) => status === 400)
    expect(refused?.body.message).toBe('Experiment(name=one) already exists.')
    expect(await query(uri, "select name from experiments where name = 'one'")).toHaveLength(1)
  })

  it('32 clients register one model: one is told it has, the others that it exists', async () => {
    const { of } = await twoServers(database)
    const answers = await Promise.all(
      CLIENTS.map((client) => call(of(client), 'POST', 'registered-models/create', { name: 'm' })),
    )
    const messages = answers.map(({ body }) => body.message ?? 'made').sort()
    expect(messages).toEqual([
      ...CLIENTS.slice(1).map(() => 'Registered Model (name=m) already exists.'),
      'made',
    ])
  })

  it('32 clients add versions to one model: each gets a number of its own', async () => {
    const { of } = await twoServers(database)
    const run_id = await newRun(of(0))
    await call(of(0), 'POST', 'registered-models/create', { name: 'm' })
    const source = `runs:/${run_id}/model`
    const answers = await Promise.all(
      CLIENTS.map((client) =>
        call(of(client), 'POST', 'model-versions/create', { name: 'm', source, run_id }),
      ),
    )
    const numbers = answers.map(({ body }) => Number(body.model_version?.version)).sort((a, b) => a - b)
    expect(numbers).toEqual(CLIENTS.map((client) => client + 1))
  })

  it('a model is renamed among clients that add to it: what was taken has the new name, the rest is refused', async () => {
    const { of } = await twoServers(database)
    const add = async (client: number) => {
      const of_m = {
        name: 'm',
        source: 's3://b/m',
        version: '1',
        alias: `a${client}`,
        key: `k${client}`,
        value: 'v',
      }
      const path = ['model-versions/create', 'registered-models/alias', 'registered-models/set-tag'][
        client % 3
      ]
      return call(of(client), 'POST', path as string, of_m)
    }
    await call(of(0), 'POST', 'registered-models/create', { name: 'm' })
    await add(0)
    const answers = CLIENTS.map(add)
    const renamed = await call(of(1), 'POST', 'registered-models/rename', { name: 'm', new_name: 'n' })
    expect(renamed.status).toBe(200)
    const statuses = (await Promise.all(answers)).map(({ status }) => status)
    expect(statuses.filter((status) => ![200, 404].includes(status))).toEqual([])
    const taken = (kind: number) =>
      statuses.filter((status, client) => status === 200 && client % 3 === kind).length
    const { registered_model } = (await call(of(0), 'GET', 'registered-models/get', { name: 'n' })).body
    expect(registered_model.latest_versions[0].version).toBe(String(taken(0) + 1))
    expect(registered_model.aliases ?? []).toHaveLength(taken(1))
    expect(registered_model.tags ?? []).toHaveLength(taken(2))
    expect((await call(of(0), 'GET', 'registered-models/get', { name: 'm' })).status).toBe(404)
  })

  it('32 clients log one new metric: every point is kept, and the latest is the greatest', async () => {
    const { uri, of } = await twoServers(database)
    const run_id = await newRun(of(0))
    const answers = await Promise.all(
      CLIENTS.map((step) =>
        call(of(step), 'POST', 'runs/log-metric', { run_id, key: 'm', value: step, timestamp: 1, step }),
      ),
    )
    expect(answers.map(({ status }) => status)).toEqual(CLIENTS.map(() => 200))
    expect(await query(uri, 'select step from metrics')).toHaveLength(32)
    expect(await query(uri, 'select value from latest_metrics')).toEqual([{ value: 31 }])
  })

  it('writers of the same 1000 keys in opposite orders all succeed, and double nothing', async () => {
    const { uri, of } = await twoServers(database)
    const run_id = await newRun(of(0))
    const keys = Array.from({ length: 1000 }, (_, at) => `k${at}`)
    const batch = (step: number) => ({
      run_id,
      metrics: (step % 2 ? keys : keys.toReversed()).map((key) => ({ key, value: step, timestamp: 1, step })),
    })
    const send = (client: number, step: number) => call(of(client), 'POST', 'runs/log-batch', batch(step))
    const answers = await Promise.all([0, 1, 2, 3, 2, 3].map((step, client) => send(client, step)))
    expect(answers.map(({ status, body }) => body.message ?? status)).toEqual(answers.map(() => 200))
    expect(await query(uri, 'select step from metrics')).toHaveLength(4000)
    expect(await query(uri, 'select distinct value from latest_metrics')).toEqual([{ value: 3 }])
  })

  it('writers of one parameter with different values: one holds, the others are refused', async () => {
    const { uri, of } = await twoServers(database)
    const run_id = await newRun(of(0))
    const answers = await Promise.all(
      CLIENTS.map((client) =>
        call(of(client), 'POST', 'runs/log-parameter', { run_id, key: 'p', value: String(client) }),
      ),
    )
    const [held] = await query(uri, 'select value from params')
    const taken = answers.flatMap(({ status }, client) => (status === 200 ? [String(client)] : []))
    expect(taken).toEqual([held?.value])
    expect(answers.filter(({ status }) => status === 400)).toHaveLength(31)
  })

  it('clients that log one dataset to many runs share its row', async () => {
    const { uri, of } = await twoServers(database)
    const dataset = { name: 'd', digest: '1', source_type: 'local', source: '{}' }
    const runs = await Promise.all(CLIENTS.slice(0, 12).map((client) => newRun(of(client))))
    const answers = await Promise.all(
      runs.map((run_id, client) =>
        call(of(client), 'POST', 'runs/log-inputs', { run_id, datasets: [{ dataset }] }),
      ),
    )
    expect(answers.map(({ status }) => status)).toEqual(runs.map(() => 200))
    expect(await query(uri, 'select distinct source_id from inputs')).toHaveLength(1)
    expect(await query(uri, 'select input_uuid from inputs')).toHaveLength(12)
  })
})
