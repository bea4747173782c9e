import type { FastifyInstance } from 'fastify'
import { describe, expect, it } from 'vitest'
import { call, testApp } from './support.ts'

const IS_PROMPT = { key: 'mlflow.prompt.is_prompt', value: 'true' }

async function createModel(app: FastifyInstance, name: string, more: object = {}) {
  expect((await call(app, 'POST', 'registered-models/create', { name, ...more })).status).toBe(200)
}

async function createVersion(app: FastifyInstance, name: string): Promise<string> {
  const { body } = await call(app, 'POST', 'model-versions/create', { name, source: 's3://b/p' })
  return body.model_version.version
}

async function getModel(app: FastifyInstance, name: string) {
  return (await call(app, 'GET', 'registered-models/get', { name })).body.registered_model
}

describe('registered models', () => {
  it('creates a model; of tags that share a key the last one holds', async () => {
    const app = await testApp()
    const { body } = await call(app, 'POST', 'registered-models/create', {
      name: 'm',
      tags: [
        { key: 'a', value: '1' },
        { key: 'a', value: '2' },
      ],
    })
    expect(body.registered_model).toEqual({
      name: 'm',
      creation_timestamp: expect.any(Number),
      last_updated_timestamp: body.registered_model.creation_timestamp,
      tags: [{ key: 'a', value: '2' }],
    })
    expect(await getModel(app, 'm')).toEqual(body.registered_model)
  })

  it.each([
    ['m', [], 'Registered Model (name=m) already exists.'],
    ['p', [IS_PROMPT], 'Prompt (name=p) already exists.'],
    ['m', [IS_PROMPT], expect.stringContaining('already taken by a registered model')],
    ['p', [], expect.stringContaining('already taken by a prompt')],
  ])('refuses the name %s a second time', async (name, tags, message) => {
    const app = await testApp()
    await createModel(app, 'm')
    await createModel(app, 'p', { tags: [IS_PROMPT] })
    const { status, body } = await call(app, 'POST', 'registered-models/create', { name, tags })
    expect(status).toBe(400)
    expect(body).toEqual({ error_code: 'RESOURCE_ALREADY_EXISTS', message })
  })

  it('refuses names that are empty, too long or look like paths', async () => {
    const app = await testApp()
    for (const name of ['', '  ', '.', '..', '..x', 'a/b', 'a:b', '../../pwn', 'x'.repeat(257)]) {
      const { status, body } = await call(app, 'POST', 'registered-models/create', { name })
      expect([status, body.error_code], name).toEqual([400, 'INVALID_PARAMETER_VALUE'])
    }
  })

  it('keeps names apart that are equal when decoded', async () => {
    const app = await testApp()
    const [once, twice] = ['x%2f', 'x%252f']
    await createModel(app, once, { description: 'once' })
    await createModel(app, twice, { description: 'twice' })
    expect((await getModel(app, once)).description).toBe('once')
    expect((await getModel(app, twice)).description).toBe('twice')
    await createVersion(app, once)
    expect((await call(app, 'GET', 'model-versions/get', { name: twice, version: '1' })).status).toBe(404)
    await call(app, 'DELETE', 'registered-models/delete', { name: once })
    expect(await getModel(app, twice)).toMatchObject({ name: twice })
  })

  it('renames a model together with its versions, tags and aliases', async () => {
    const app = await testApp()
    await createModel(app, 'old', { tags: [{ key: 'k', value: 'v' }] })
    for (const version of ['1', '2']) {
      await createVersion(app, 'old')
      await call(app, 'POST', 'model-versions/set-tag', { name: 'old', version, key: 'k', value: version })
    }
    await call(app, 'POST', 'registered-models/alias', { name: 'old', alias: 'a', version: '1' })
    const before = await getModel(app, 'old')
    const { body } = await call(app, 'POST', 'registered-models/rename', { name: 'old', new_name: 'new' })
    expect(body.registered_model).toMatchObject({
      name: 'new',
      creation_timestamp: before.creation_timestamp,
      tags: [{ key: 'k', value: 'v' }],
      aliases: [{ alias: 'a', version: '1' }],
      latest_versions: [{ name: 'new', version: '2', tags: [{ key: 'k', value: '2' }] }],
    })
    const first = await call(app, 'GET', 'model-versions/get', { name: 'new', version: '1' })
    expect(first.body.model_version).toMatchObject({ aliases: ['a'], tags: [{ key: 'k', value: '1' }] })
    expect(await createVersion(app, 'new')).toBe('3')
    expect((await call(app, 'GET', 'registered-models/get', { name: 'old' })).status).toBe(404)
  })

  it('refuses to rename a model to a name that is taken', async () => {
    const app = await testApp()
    await createModel(app, 'a')
    await createModel(app, 'b')
    const { status, body } = await call(app, 'POST', 'registered-models/rename', { name: 'a', new_name: 'b' })
    expect([status, body.error_code]).toEqual([400, 'RESOURCE_ALREADY_EXISTS'])
  })

  it('deletes a model for good, so that numbers start again under its name', async () => {
    const app = await testApp()
    await createModel(app, 'm', { tags: [{ key: 'k', value: 'v' }] })
    await createVersion(app, 'm')
    await createVersion(app, 'm')
    await call(app, 'POST', 'model-versions/set-tag', { name: 'm', version: '1', key: 'k', value: 'v' })
    await call(app, 'POST', 'registered-models/alias', { name: 'm', alias: 'a', version: '1' })
    expect((await call(app, 'DELETE', 'registered-models/delete', { name: 'm' })).status).toBe(200)
    expect((await call(app, 'DELETE', 'registered-models/delete', { name: 'm' })).status).toBe(404)
    await createModel(app, 'm')
    expect(await createVersion(app, 'm')).toBe('1')
    expect(await getModel(app, 'm')).not.toHaveProperty('aliases')
  })

  it('drops the description when an update leaves it out', async () => {
    const app = await testApp()
    await createModel(app, 'm', { description: 'd' })
    const { body } = await call(app, 'PATCH', 'registered-models/update', { name: 'm' })
    expect(body.registered_model).not.toHaveProperty('description')
  })

  it('sets a tag, sets it again and deletes it, which may be done twice', async () => {
    const app = await testApp()
    await createModel(app, 'm')
    for (const value of ['1', '2']) {
      await call(app, 'POST', 'registered-models/set-tag', { name: 'm', key: 'k', value })
    }
    expect((await getModel(app, 'm')).tags).toEqual([{ key: 'k', value: '2' }])
    for (const _ of [1, 2]) {
      const { status } = await call(app, 'DELETE', 'registered-models/delete-tag', { name: 'm', key: 'k' })
      expect(status).toBe(200)
    }
    expect(await getModel(app, 'm')).not.toHaveProperty('tags')
  })

  it.each(['a//b', '../x', 'a*b'])('refuses the tag key %s', async (key) => {
    const app = await testApp()
    await createModel(app, 'm')
    const { status } = await call(app, 'POST', 'registered-models/set-tag', { name: 'm', key, value: 'v' })
    expect(status).toBe(400)
  })

  it.each([0, -1, 1001])('refuses to list %i models', async (max_results) => {
    const app = await testApp()
    const { status } = await call(app, 'GET', 'registered-models/search', { max_results: `${max_results}` })
    expect(status).toBe(400)
  })

  it('pages through models with their versions and tags', async () => {
    const app = await testApp()
    for (const name of ['a', 'b', 'c']) {
      await createModel(app, name, { tags: [{ key: 'name', value: name }] })
      await createVersion(app, name)
    }
    const first = await call(app, 'GET', 'registered-models/search', { max_results: '2' })
    const second = await call(app, 'GET', 'registered-models/search', {
      max_results: '2',
      page_token: first.body.next_page_token,
    })
    const models = [...first.body.registered_models, ...second.body.registered_models]
    expect(second.body).not.toHaveProperty('next_page_token')
    expect(models.map((model) => [model.name, model.tags[0].value, model.latest_versions[0].name])).toEqual([
      ['a', 'a', 'a'],
      ['b', 'b', 'b'],
      ['c', 'c', 'c'],
    ])
  })
})

describe('prompts', () => {
  it('are left out of searches for models unless the filter asks for them', async () => {
    const app = await testApp()
    await createModel(app, 'm')
    await createModel(app, 'p', { tags: [IS_PROMPT] })
    const names = async (filter: string) => {
      const { body } = await call(app, 'GET', 'registered-models/search', { filter })
      return body.registered_models.map((model: { name: string }) => model.name)
    }
    expect(await names('')).toEqual(['m'])
    expect(await names("tags.`mlflow.prompt.is_prompt` = 'true'")).toEqual(['p'])
  })
})

describe('aliases', () => {
  it('moves to the version it is set to last', async () => {
    const app = await testApp()
    await createModel(app, 'm')
    await createVersion(app, 'm')
    await createVersion(app, 'm')
    for (const version of ['1', '2']) {
      await call(app, 'POST', 'registered-models/alias', { name: 'm', alias: 'champion', version })
    }
    const { body } = await call(app, 'GET', 'registered-models/alias', { name: 'm', alias: 'champion' })
    expect(body.model_version).toMatchObject({ version: '2', aliases: ['champion'] })
    const first = await call(app, 'GET', 'model-versions/get', { name: 'm', version: '1' })
    expect(first.body.model_version).not.toHaveProperty('aliases')
  })

  it('has latest for the newest version of all stages', async () => {
    const app = await testApp()
    await createModel(app, 'm')
    await createVersion(app, 'm')
    const newest = await createVersion(app, 'm')
    const stage = { name: 'm', version: '1', stage: 'Production' }
    await call(app, 'POST', 'model-versions/transition-stage', stage)
    const { body } = await call(app, 'GET', 'registered-models/alias', { name: 'm', alias: 'Latest' })
    expect(body.model_version.version).toBe(newest)
  })

  it.each(['latest', 'LATEST', 'v1', 'V22', 'a b', 'a/b', 'x'.repeat(256)])('cannot be %s', async (alias) => {
    const app = await testApp()
    await createModel(app, 'm')
    await createVersion(app, 'm')
    const { status } = await call(app, 'POST', 'registered-models/alias', { name: 'm', alias, version: '1' })
    expect(status).toBe(400)
  })

  it('answers 400 for one that does not exist, and deletes it all the same', async () => {
    const app = await testApp()
    await createModel(app, 'm')
    const asked = await call(app, 'GET', 'registered-models/alias', { name: 'm', alias: 'none' })
    expect([asked.status, asked.body.error_code]).toEqual([400, 'INVALID_PARAMETER_VALUE'])
    const deleted = await call(app, 'DELETE', 'registered-models/alias', { name: 'm', alias: 'none' })
    expect(deleted).toEqual({ status: 200, body: {} })
  })
})
