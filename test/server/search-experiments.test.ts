import type { FastifyInstance } from 'fastify'
import { beforeEach, describe, expect, it } from 'vitest'
import { post } from './search-data.ts'
import { call, testApp } from './support.ts'

let app: FastifyInstance

/** Ids 1 to 3 after Default's 0; the last is deleted. */
beforeEach(async () => {
  app = await testApp()
  await post(app, 'experiments/create', {
    name: 'Vision',
    tags: [
      { key: 'team', value: 'A' },
      { key: 'a b', value: 'x' },
    ],
  })
  await post(app, 'experiments/create', { name: 'vision-2', tags: [{ key: 'team', value: 'a' }] })
  await post(app, 'experiments/create', { name: 'old' })
  await post(app, 'experiments/delete', { experiment_id: '3' })
})

async function find(search: object): Promise<string[]> {
  const { status, body } = await call(app, 'POST', 'experiments/search', { max_results: 10, ...search })
  if (status !== 200) throw new Error(JSON.stringify(body))
  return (body.experiments ?? []).map((one: { name: string }) => one.name)
}

describe('experiments/search', () => {
  it('finds what each filter describes', async () => {
    const filters: [string, string[]][] = [
      ['', ['Default', 'Vision', 'vision-2']],
      ["name = 'Vision'", ['Vision']],
      ["attribute.name != 'Vision'", ['Default', 'vision-2']],
      ["name LIKE 'v%'", ['vision-2']],
      ["name ILIKE 'V%'", ['Vision', 'vision-2']],
      ["tags.team = 'a'", ['vision-2']],
      ["tag.team ILIKE 'a'", ['Vision', 'vision-2']],
      ["tags.`a b` LIKE 'x'", ['Vision']],
      ['tags.`mlflow.experiment.isGateway` IS NULL', ['Default', 'Vision', 'vision-2']],
      ['tags.team is not null', ['Vision', 'vision-2']],
      ["experiment_id = '1'", ['Vision']],
      ["experiment_id != '1'", ['Default', 'vision-2']],
      ["experiment_id IN ('0', '2', '9')", ['Default', 'vision-2']],
      ["experiment_id NOT IN ('0', '2')", ['Vision']],
      ['creation_time > 0 AND last_update_time > 0', ['Default', 'Vision', 'vision-2']],
      ['creation_time < 0', []],
    ]
    for (const [filter, found] of filters) {
      expect({ filter, found: (await find({ filter })).toSorted() }).toEqual({ filter, found })
    }
  })

  it('refuses filters and orders MLflow has no meaning for', async () => {
    const filters = [
      "attributes.name = 'x'",
      "name IN ('x')",
      "name like 'x'",
      "experiment_id in ('1')",
      "experiment_id LIKE '1'",
      "experiment_id = 'abc'",
      'creation_time > 1.5',
      "creation_time > '1'",
      "metrics.m = '1'",
      'name IS NULL',
      "name = 'a' OR name = 'b'",
    ]
    const orders = ['tags.team', 'nope', 'name DESC x', 'attributes.name']
    for (const search of [
      ...filters.map((filter) => ({ filter })),
      ...orders.map((one) => ({ order_by: [one] })),
    ]) {
      const { status, body } = await call(app, 'POST', 'experiments/search', { max_results: 5, ...search })
      expect({ search, status, code: body.error_code }).toEqual({
        search,
        status: 400,
        code: 'INVALID_PARAMETER_VALUE',
      })
    }
  })

  it('orders by what it is told, and by id from the last where that ties', async () => {
    expect(await find({ order_by: ['name'] })).toEqual(['Default', 'Vision', 'vision-2'])
    expect(await find({ order_by: ['attribute.name DESC'] })).toEqual(['vision-2', 'Vision', 'Default'])
    expect(await find({ order_by: ['experiment_id'] })).toEqual(['Default', 'Vision', 'vision-2'])
  })

  it('finds deleted ones where they are asked for', async () => {
    expect(await find({ view_type: 'DELETED_ONLY' })).toEqual(['old'])
    expect(await find({ view_type: 'ALL' })).toHaveLength(4)
  })

  it('gives tags, and pages', async () => {
    const first = await call(app, 'GET', 'experiments/search', { max_results: '2', order_by: 'name' })
    expect(new Set(first.body.experiments[1].tags)).toEqual(
      new Set([
        { key: 'team', value: 'A' },
        { key: 'a b', value: 'x' },
      ]),
    )
    const query = { max_results: '2', order_by: 'name', page_token: first.body.next_page_token }
    const second = await call(app, 'GET', 'experiments/search', query)
    expect(second.body.experiments.map((one: { name: string }) => one.name)).toEqual(['vision-2'])
    expect(second.body).not.toHaveProperty('next_page_token')
  })

  it('must be told how many to give, and 50000 at most', async () => {
    for (const search of [{}, { max_results: 0 }, { max_results: -1 }, { max_results: 50_001 }]) {
      expect((await call(app, 'POST', 'experiments/search', search)).status).toBe(400)
    }
  })

  it('takes the view type of a query string by number', async () => {
    const { body } = await call(app, 'GET', 'experiments/search', { max_results: '5', view_type: '2' })
    expect(body.experiments).toHaveLength(1)
  })
})
