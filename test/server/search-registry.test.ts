import type { FastifyInstance } from 'fastify'
import { beforeEach, describe, expect, it } from 'vitest'
import { post } from './search-data.ts'
import { call, testApp } from './support.ts'

const PROMPT = { key: 'mlflow.prompt.is_prompt', value: 'true' }

let app: FastifyInstance

beforeEach(async () => {
  app = await testApp({ allowedArtifactRoots: ['s3://bucket'] })
  const models = [
    { name: 'churn', tags: [{ key: 'stage', value: 'Prod' }] },
    { name: 'Churn_2', tags: [{ key: 'stage', value: 'prod' }] },
    { name: 'bare' },
    { name: 'greeting', tags: [PROMPT] },
  ]
  for (const model of models) await post(app, 'registered-models/create', model)
  const versions = [
    { name: 'churn', source: 's3://bucket/1', tags: [{ key: 'acc', value: 'low' }] },
    { name: 'churn', source: 's3://bucket/2', tags: [{ key: 'acc', value: 'High' }] },
    { name: 'Churn_2', source: 's3://bucket/3' },
    { name: 'greeting', source: 'dummy-source', tags: [PROMPT] },
    { name: 'bare', source: 's3://bucket/4' },
  ]
  for (const version of versions) await post(app, 'model-versions/create', version)
  await call(app, 'DELETE', 'model-versions/delete', { name: 'bare', version: '1' })
})

async function find(
  resource: 'registered-models' | 'model-versions',
  search: Record<string, string | string[]>,
) {
  const { status, body } = await call(app, 'GET', `${resource}/search`, search)
  if (status !== 200) return body.error_code
  const found: { name: string; version: string }[] = body[resource.replace('-', '_')] ?? []
  return found.map(({ name, version }) => (resource === 'model-versions' ? `${name}/${version}` : name))
}

describe('registered-models/search', () => {
  it('finds what each filter describes, in order of names', async () => {
    const filters: [string, string[]][] = [
      ['', ['Churn_2', 'bare', 'churn']],
      ["name = 'churn'", ['churn']],
      ["attribute.name != 'churn'", ['Churn_2', 'bare']],
      ["name LIKE 'C%'", ['Churn_2']],
      ["name ilike 'c%'", ['Churn_2', 'churn']],
      ["name IN ('bare', 'churn', 'greeting')", ['bare', 'churn']],
      ["name NOT IN ('bare')", ['Churn_2', 'churn']],
      ["tags.stage = 'prod'", ['Churn_2']],
      ["tag.stage ILIKE 'prod' AND name LIKE 'c%'", ['churn']],
      ["tags.`mlflow.prompt.is_prompt` = 'true'", ['greeting']],
      ["tags.mlflow.prompt.is_prompt != 'False'", ['greeting']],
      ["tags.`mlflow.prompt.is_prompt` = 'false'", ['Churn_2', 'bare', 'churn']],
      ["tags.`mlflow.prompt.is_prompt` != 'true' AND name ILIKE 'c%'", ['Churn_2', 'churn']],
    ]
    for (const [filter, found] of filters) {
      expect({ filter, found: await find('registered-models', { filter }) }).toEqual({ filter, found })
    }
  })

  it('orders by name and by the time of the last change', async () => {
    await call(app, 'PATCH', 'registered-models/update', { name: 'bare', description: 'changed last' })
    expect(await find('registered-models', { order_by: 'name DESC' })).toEqual(['churn', 'bare', 'Churn_2'])
    const latest = await find('registered-models', { order_by: ['timestamp DESC', 'name'] })
    expect(latest).toHaveLength(3)
    expect(await find('registered-models', { order_by: 'last_updated_timestamp DESC' })).toEqual(latest)
  })

  it('refuses what MLflow has no meaning for', async () => {
    const filters = [
      "version = '1'",
      "`name` = 'x'",
      "attributes.name = 'x'",
      'name = churn',
      'tags.stage IS NULL',
      "tags.stage IN ('x')",
      "name > 'a'",
    ]
    const orders = ['attribute.name', 'tags.stage', 'creation_timestamp', '`name`']
    for (const filter of filters) {
      expect([filter, await find('registered-models', { filter })]).toEqual([
        filter,
        'INVALID_PARAMETER_VALUE',
      ])
    }
    for (const order_by of [...orders, ['timestamp', 'last_updated_timestamp'], Array(31).fill('name')]) {
      expect(await find('registered-models', { order_by })).toBe('INVALID_PARAMETER_VALUE')
    }
  })
})

describe('model-versions/search', () => {
  it('finds what each filter describes, deleted ones never', async () => {
    const filters: [string, string[]][] = [
      ['', ['Churn_2/1', 'churn/1', 'churn/2']],
      ["name = 'churn'", ['churn/1', 'churn/2']],
      ["name IN ('churn', 'bare')", ['churn/1', 'churn/2']],
      ["source_path LIKE '%/2'", ['churn/2']],
      ['version_number > 1', ['churn/2']],
      ["version_number = '2'", ['churn/2']],
      ['version_number <= 1', ['Churn_2/1', 'churn/1']],
      ["tags.acc = 'High'", ['churn/2']],
      ["tags.acc ILIKE 'high' AND name = 'churn'", ['churn/2']],
      ["run_id = 'none'", []],
      ["tags.`mlflow.prompt.is_prompt` = 'true'", ['greeting/1']],
    ]
    for (const [filter, expected] of filters) {
      const found = await find('model-versions', { filter, order_by: ['name', 'version_number'] })
      expect({ filter, found }).toEqual({ filter, found: expected })
    }
  })

  it('orders by names and numbers, the highest first where names alone decide', async () => {
    expect(await find('model-versions', { order_by: 'name DESC' })).toEqual([
      'churn/2',
      'churn/1',
      'Churn_2/1',
    ])
    expect(await find('model-versions', { order_by: 'version_number DESC' })).toEqual([
      'churn/2',
      'Churn_2/1',
      'churn/1',
    ])
  })

  it('pages', async () => {
    const query = { order_by: ['name'], max_results: '2' }
    const { body } = await call(app, 'GET', 'model-versions/search', query)
    expect(body.model_versions).toHaveLength(2)
    const rest = await find('model-versions', { ...query, page_token: body.next_page_token })
    expect(rest).toEqual(['churn/1'])
  })

  it('refuses what MLflow has no meaning for', async () => {
    const filters = [
      "current_stage = 'None'",
      'version_number > 1.5',
      "version_number = 'abc'",
      "version_number IN ('1')",
      "version_number LIKE '1'",
      'name = 5',
      "source_path IN ('a')",
      'run_id IS NULL',
    ]
    for (const filter of filters) {
      expect([filter, await find('model-versions', { filter })]).toEqual([filter, 'INVALID_PARAMETER_VALUE'])
    }
    for (const order_by of ['run_id', 'tags.acc', ['name', 'attribute.name']]) {
      expect(await find('model-versions', { order_by })).toBe('INVALID_PARAMETER_VALUE')
    }
  })
})
