import type { FastifyInstance } from 'fastify'
import { beforeEach, describe, expect, it } from 'vitest'
import { post } from './search-data.ts'
import { call, testApp } from './support.ts'

let app: FastifyInstance
let runId: string

interface ModelFixture {
  readonly name: string
  readonly type?: string
  readonly params?: { key: string; value: string }[]
  readonly tags?: { key: string; value: string }[]
  readonly metrics?: {
    key: string
    value: number
    timestamp: number
    dataset_name?: string
    dataset_digest?: string
  }[]
}

const MODELS: readonly ModelFixture[] = [
  {
    name: 'forest',
    type: 'sklearn',
    params: [{ key: 'depth', value: '3' }],
    tags: [{ key: 'stage', value: 'Prod' }],
    metrics: [
      { key: 'acc', value: 0.9, timestamp: 1, dataset_name: 'iris', dataset_digest: 'd1' },
      { key: 'acc', value: 0.4, timestamp: 2, dataset_name: 'mnist', dataset_digest: 'd2' },
    ],
  },
  {
    name: 'Forest_2',
    type: 'sklearn',
    params: [{ key: 'depth', value: '30' }],
    metrics: [{ key: 'acc', value: 0.6, timestamp: 1, dataset_name: 'iris', dataset_digest: 'd2' }],
  },
  { name: 'agent', tags: [{ key: 'stage', value: 'prod' }] },
]

beforeEach(async () => {
  app = await testApp()
  runId = (await post(app, 'runs/create', { experiment_id: '0' })).run.info.run_id
  for (const model of MODELS) await logModel(model)
})

async function logModel({ name, type, params, tags, metrics = [] }: ModelFixture): Promise<void> {
  const { model } = await post(app, 'logged-models', {
    experiment_id: '0',
    name,
    model_type: type,
    params,
    tags,
  })
  for (const metric of metrics) {
    await post(app, 'runs/log-metric', { run_id: runId, model_id: model.info.model_id, step: 0, ...metric })
  }
}

async function find(search: object): Promise<string[]> {
  const { status, body } = await call(app, 'POST', 'logged-models/search', {
    experiment_ids: ['0'],
    ...search,
  })
  if (status !== 200) throw new Error(JSON.stringify(body))
  return (body.models ?? []).map((one: { info: { name: string } }) => one.info.name)
}

describe('logged-models/search', () => {
  it('finds what each filter describes', async () => {
    const filters: [string, string[]][] = [
      ['', ['Forest_2', 'agent', 'forest']],
      ["name = 'forest'", ['forest']],
      ['name = forest', ['forest']],
      ['`name` = "forest"', []],
      ["attributes.name ILIKE 'forest%'", ['Forest_2', 'forest']],
      ["name in ('agent', 'forest')", ['agent', 'forest']],
      ["model_type = 'sklearn'", ['Forest_2', 'forest']],
      ["model_type NOT IN ('sklearn', 'x')", ['agent']],
      ["status = 'PENDING'", ['Forest_2', 'agent', 'forest']],
      ["attributes.status = 'READY'", []],
      ['creation_timestamp > 0 AND creation_time < 1e30', ['Forest_2', 'agent', 'forest']],
      ['last_updated_timestamp < 5', []],
      ["params.depth = '3'", ['forest']],
      ['params.depth = 30', ['Forest_2']],
      ["params.depth LIKE '3%'", ['Forest_2', 'forest']],
      ["tags.stage = 'prod'", ['agent']],
      ["tags.stage IN ('Prod')", ['forest']],
      ['metrics.acc > 0.5', ['Forest_2', 'forest']],
      ['metrics.acc > 0.5 AND metrics.acc < 0.5', ['forest']],
      ['metrics.acc < inf', ['Forest_2', 'forest']],
      ['metrics.acc != nan', []],
    ]
    for (const [filter, found] of filters) {
      expect({ filter, found: (await find({ filter })).toSorted() }).toEqual({ filter, found })
    }
  })

  it('counts metrics on the datasets that are asked for', async () => {
    const iris = { dataset_name: 'iris' }
    expect((await find({ datasets: [iris] })).toSorted()).toEqual(['Forest_2', 'forest'])
    expect(await find({ datasets: [{ ...iris, dataset_digest: 'd1' }] })).toEqual(['forest'])
    expect(await find({ datasets: [iris], filter: 'metrics.acc < 0.5' })).toEqual([])
    const either = [iris, { dataset_name: 'mnist' }]
    expect(await find({ datasets: either, filter: 'metrics.acc < 0.5' })).toEqual(['forest'])
  })

  it('orders by attributes and by the latest metric, on one dataset where one is named', async () => {
    const by = (field_name: string, order = {}) => find({ order_by: [{ field_name, ...order }] })
    expect(await by('name')).toEqual(['Forest_2', 'agent', 'forest'])
    expect(await by('name', { ascending: false })).toEqual(['forest', 'agent', 'Forest_2'])
    expect(await by('metrics.acc')).toEqual(['forest', 'Forest_2', 'agent'])
    expect(await by('metrics.acc', { ascending: false })).toEqual(['Forest_2', 'forest', 'agent'])
    expect(await by('metrics.acc', { dataset_name: 'iris' })).toEqual(['Forest_2', 'forest', 'agent'])
    expect(await by('metrics.acc', { dataset_digest: 'd2' })).toEqual(['forest', 'Forest_2', 'agent'])
  })

  it('refuses what MLflow has no meaning for', async () => {
    const filters = [
      "nope = 'x'",
      "attributes.nope = 'x'",
      "foo.bar = 'x'",
      "metrics.acc > 'x'",
      "metrics.acc LIKE '1'",
      "tags.stage = ('a')",
      "params.depth > '1'",
      'tags.stage IS NULL',
      "name = 'a' OR name = 'b'",
      'name = true',
    ].map((filter) => ({ filter }))
    const orders = ['nope', 'params.depth', 'tags', ''].map((field_name) => ({ order_by: [{ field_name }] }))
    for (const search of [...filters, ...orders]) {
      const { status } = await call(app, 'POST', 'logged-models/search', { experiment_ids: ['0'], ...search })
      expect({ search, status }).toEqual({ search, status: 400 })
    }
  })

  it('pages, and refuses the token of another search', async () => {
    const search = { experiment_ids: ['0'], max_results: 2, order_by: [{ field_name: 'name' }] }
    const { body } = await call(app, 'POST', 'logged-models/search', search)
    expect(await find({ ...search, page_token: body.next_page_token })).toEqual(['forest'])
    const others = [{ filter: "name = 'forest'" }, { order_by: [] }, { experiment_ids: ['0', '1'] }]
    for (const page_token of [body.next_page_token, 'zz', 'W10=', 'e30=']) {
      for (const other of others) {
        const { status } = await call(app, 'POST', 'logged-models/search', {
          ...search,
          ...other,
          page_token,
        })
        expect({ page_token, other, status }).toEqual({ page_token, other, status: 400 })
      }
    }
  })

  it("takes MLflow's own token", async () => {
    const token = {
      experiment_ids: ['0'],
      filter_string: null,
      order_by: [{ field_name: 'name', ascending: true, dataset_name: null, dataset_digest: null }],
      offset: 1,
    }
    const page_token = Buffer.from(JSON.stringify(token, null, 1)).toString('base64')
    expect(await find({ order_by: [{ field_name: 'name' }], page_token })).toEqual(['agent', 'forest'])
  })
})
