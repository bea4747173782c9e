import type { FastifyInstance } from 'fastify'
import { beforeEach, describe, expect, it } from 'vitest'
import { findRuns, logRuns, type RunFixture } from './search-data.ts'
import { call, testApp } from './support.ts'

const RUNS: readonly RunFixture[] = [
  {
    name: 'Ada',
    start: 400,
    end: 900,
    user: 'ann',
    metrics: { loss: 0.5, 'train.acc': 1, 'a b': -2, '1st': 1 },
    params: { optimizer: 'Adam', 'opt.name': 'x', 'a b': "it's" },
    tags: { stage: 'Prod', order: '1', 'mlflow.source.name': 'train.py' },
    dataset: { name: 'iris', digest: 'd1', context: 'train' },
  },
  {
    name: 'bob',
    start: 300,
    user: 'bob',
    metrics: { loss: 1, 'a b': 7 },
    params: { optimizer: 'adam' },
    tags: { stage: 'prod' },
    dataset: { name: 'Iris', digest: 'd2', context: 'eval' },
  },
  { name: 'cy', start: 200, end: 800, metrics: { loss: 'NaN' }, params: { optimizer: 'SGD_1' } },
  { name: 'dee', start: 200, metrics: { loss: 'Infinity' }, tags: { stage: '' } },
  { name: 'gone', start: 100, metrics: { loss: 0.5 }, deleted: true },
]

let app: FastifyInstance
let ids: Map<string, string>

beforeEach(async () => {
  app = await testApp()
  ids = await logRuns(app, RUNS)
})

const ALL = ['Ada', 'bob', 'cy', 'dee']

const FILTERS: [filter: string, found: string[]][] = [
  ['', ALL],
  ['metrics.loss > 0.5', ['bob', 'dee']],
  ['metric.loss >= .5', ['Ada', 'bob', 'dee']],
  ['metrics.loss = 1.', ['bob']],
  ['metrics.loss=1e0', ['bob']],
  ['metrics.loss < 1', ['Ada']],
  ['metrics.loss <= 1', ['Ada', 'bob']],
  ['metrics.loss != 1', ['Ada', 'cy', 'dee']],
  ['metrics.loss = 0', []],
  ['metrics.`a b` < -1.5', ['Ada']],
  ['metrics."a b" > 1', ['bob']],
  ['metrics.train.acc = 1', ['Ada']],
  ['metrics.1st = 1', ['Ada']],
  ["params.optimizer = 'Adam'", ['Ada']],
  ['params.optimizer = "adam"', ['bob']],
  ["param.optimizer != 'Adam'", ['bob', 'cy']],
  ["parameter.optimizer LIKE 'A%'", ['Ada']],
  ["parameters.optimizer ilike 'a%'", ['Ada', 'bob']],
  ["params.optimizer LIKE 'SGD_1'", ['cy']],
  ["params.`opt.name` = 'x'", ['Ada']],
  ["params.opt.name = 'x'", ['Ada']],
  ["params.'a b' = \"it's\"", ['Ada']],
  ['params.optimizer IS NULL', ['dee']],
  ['params.optimizer is not null', ['Ada', 'bob', 'cy']],
  ["tags.stage = 'prod'", ['bob']],
  ["tags.stage = ''", ['dee']],
  ["tag.stage ILIKE 'PROD'", ['Ada', 'bob']],
  ['tags.stage IS NULL', ['cy']],
  ["tags.order = '1'", ['Ada']],
  ["tags.mlflow.source.name LIKE '%.py'", ['Ada']],
  ["status = 'FINISHED'", ['Ada', 'cy']],
  ["attributes.status != 'FINISHED'", ['bob', 'dee']],
  ["attr.user_id = 'ann'", ['Ada']],
  ["run.run_name = 'bob'", ['bob']],
  ["attributes.`Run name` ILIKE 'ada'", ['Ada']],
  ["tags.mlflow.runName = 'bob'", ['bob']],
  ['start_time >= 300', ['Ada', 'bob']],
  ['start_time > 299.5', ['Ada', 'bob']],
  ['attributes.created < 250.5', ['cy', 'dee']],
  ['start_time = 300.5', []],
  ['end_time > 1', ['Ada', 'cy']],
  ["dataset.name = 'iris'", ['Ada']],
  ["datasets.name ILIKE 'iris'", ['Ada', 'bob']],
  ["dataset.digest IN ('d1', 'd2')", ['Ada', 'bob']],
  ["dataset.context = 'eval'", ['bob']],
  ["dataset.context NOT IN ('eval')", ['Ada']],
  ["metrics.loss > 0 AND params.optimizer = 'Adam' and tags.stage LIKE 'P%'", ['Ada']],
  ['metrics.loss >= 0.5 AND metrics.loss <= 1', ['Ada', 'bob']],
  ['metrics.loss > 0.5\n\tAND\nstart_time > 250', ['bob']],
]

describe('runs/search', () => {
  it('finds what each filter describes', async () => {
    for (const [filter, found] of FILTERS) {
      expect({ filter, found: (await findRuns(app, { filter })).toSorted() }).toEqual({ filter, found })
    }
  })

  it('finds runs in a list of ids, and those outside of it', async () => {
    const list = `('${ids.get('Ada')}', "${ids.get('cy')}")`
    expect(await findRuns(app, { filter: `run_id IN ${list}` })).toEqual(['Ada', 'cy'])
    expect((await findRuns(app, { filter: `attributes.run_id NOT IN ${list}` })).toSorted()).toEqual([
      'bob',
      'dee',
    ])
  })

  it('finds live runs unless deleted ones are asked for', async () => {
    expect(await findRuns(app, { run_view_type: 'DELETED_ONLY' })).toEqual(['gone'])
    expect(await findRuns(app, { run_view_type: 'ALL' })).toHaveLength(5)
    expect(await findRuns(app, { run_view_type: 2 })).toEqual(['gone'])
  })

  it('searches the experiments it is given and no others', async () => {
    expect(await findRuns(app, { experiment_ids: [] })).toEqual([])
    expect(await findRuns(app, { experiment_ids: ['1', '7'] })).toEqual([])
    const many = Array.from({ length: 50_000 }, (_, id) => `${id}`)
    expect(await findRuns(app, { experiment_ids: many })).toHaveLength(4)
  })

  it('gives a run with all it logged', async () => {
    const filter = "run_name = 'Ada'"
    const { body } = await call(app, 'POST', 'runs/search', { experiment_ids: ['0'], filter })
    const got = await call(app, 'GET', 'runs/get', { run_id: ids.get('Ada') })
    expect(body.runs).toEqual([got.body.run])
  })
})

describe('the order of runs/search', () => {
  it.each([
    [[], ['Ada', 'bob', 'cy|dee', 'cy|dee']],
    [['metrics.loss'], ['Ada', 'bob', 'dee', 'cy']],
    [['metrics.loss DESC'], ['dee', 'bob', 'Ada', 'cy']],
    [['metrics.`a b` desc'], ['bob', 'Ada', 'cy|dee', 'cy|dee']],
    [['metrics."a b"'], ['Ada', 'bob', 'cy|dee', 'cy|dee']],
    [['params.optimizer DESC'], ['bob', 'cy', 'Ada', 'dee']],
    [['tags.stage'], ['dee', 'Ada', 'bob', 'cy']],
    [['end_time'], ['cy', 'Ada', 'bob', 'dee']],
    [['end_time DESC'], ['Ada', 'cy', 'bob', 'dee']],
    [
      ['attributes.start_time ASC', 'metrics.loss'],
      ['dee', 'cy', 'bob', 'Ada'],
    ],
    [
      ['created', 'run_name DESC'],
      ['dee', 'cy', 'bob', 'Ada'],
    ],
    [
      ['status', 'attribute.run_name DESC'],
      ['cy', 'Ada', 'dee', 'bob'],
    ],
  ])('%j', async (order_by, expected) => {
    const found = await findRuns(app, { order_by })
    expect(found.map((name, at) => (expected[at]?.split('|').includes(name) ? expected[at] : name))).toEqual(
      expected,
    )
  })

  it('breaks ties by run id', async () => {
    const tied = ['cy', 'dee'].toSorted((a, b) => ((ids.get(a) ?? '') < (ids.get(b) ?? '') ? -1 : 1))
    expect((await findRuns(app, {})).slice(2)).toEqual(tied)
  })

  it('is kept from page to page', async () => {
    const search = { experiment_ids: ['0'], order_by: ['metrics.loss'], max_results: 3 }
    const first = await call(app, 'POST', 'runs/search', search)
    expect(Buffer.from(first.body.next_page_token, 'base64').toString()).toBe('{"offset": 3}')
    const page_token = first.body.next_page_token
    const second = await call(app, 'POST', 'runs/search', { ...search, page_token })
    expect(second.body.runs.map((run: { info: { run_name: string } }) => run.info.run_name)).toEqual(['cy'])
    expect(second.body).not.toHaveProperty('next_page_token')
  })
})
