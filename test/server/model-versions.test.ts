import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { describe, expect, it } from 'vitest'
import { buildApp } from '../../server/app.ts'
import { DELETED_STAGE, updateModelVersion } from '../../server/store/model-versions.ts'
import { call, testApp, testContext } from './support.ts'

async function withModel(): Promise<FastifyInstance> {
  const app = await testApp()
  await call(app, 'POST', 'registered-models/create', { name: 'm' })
  return app
}

async function createVersion(app: FastifyInstance, more: object = {}) {
  const request = { name: 'm', source: 's3://b/p', ...more }
  return (await call(app, 'POST', 'model-versions/create', request)).body.model_version
}

async function getVersion(app: FastifyInstance, version: string) {
  return (await call(app, 'GET', 'model-versions/get', { name: 'm', version })).body.model_version
}

async function moveTo(app: FastifyInstance, version: string, stage: string, archive = false) {
  return call(app, 'POST', 'model-versions/transition-stage', {
    name: 'm',
    version,
    stage,
    archive_existing_versions: archive,
  })
}

describe('model versions', () => {
  it('creates a version that is ready, with the fields MLflow sets although they are empty', async () => {
    const app = await withModel()
    const created = await createVersion(app)
    expect(created).toEqual({
      name: 'm',
      version: '1',
      creation_timestamp: expect.any(Number),
      last_updated_timestamp: created.creation_timestamp,
      current_stage: 'None',
      description: '',
      source: 's3://b/p',
      run_id: '',
      status: 'READY',
      run_link: '',
    })
    expect(await getVersion(app, '1')).toEqual(created)
  })

  it('gives no number twice, not even that of a deleted version', async () => {
    const app = await withModel()
    await createVersion(app)
    await createVersion(app)
    await call(app, 'DELETE', 'model-versions/delete', { name: 'm', version: '2' })
    expect((await createVersion(app)).version).toBe('3')
  })

  it('gives versions created at once numbers of their own', async () => {
    const app = await withModel()
    const versions = await Promise.all(Array.from({ length: 20 }, () => createVersion(app)))
    expect(new Set(versions.map((one) => one.version)).size).toBe(20)
  })

  it('keeps of a deleted version a row that says nothing, and its tags', async () => {
    const context = await testContext()
    const app = buildApp(context)
    await call(app, 'POST', 'registered-models/create', { name: 'm' })
    await createVersion(app, { description: 'd', run_link: 'http://l', tags: [{ key: 'k', value: 'v' }] })
    await call(app, 'POST', 'registered-models/alias', { name: 'm', alias: 'a', version: '1' })
    await call(app, 'DELETE', 'model-versions/delete', { name: 'm', version: '1' })
    expect(await context.db.selectFrom('model_versions').selectAll().executeTakeFirst()).toMatchObject({
      current_stage: 'Deleted_Internal',
      description: null,
      source: 'REDACTED-SOURCE-PATH',
      run_id: 'REDACTED-RUN-ID',
      run_link: 'REDACTED-RUN-LINK',
    })
    expect(await context.db.selectFrom('model_version_tags').selectAll().execute()).toHaveLength(1)
    for (const [path, query] of [
      ['model-versions/get', { version: '1' }],
      ['model-versions/get-download-uri', { version: '1' }],
    ] as const) {
      expect((await call(app, 'GET', path, { name: 'm', ...query })).status).toBe(404)
    }
    const alias = await call(app, 'GET', 'registered-models/alias', { name: 'm', alias: 'a' })
    expect(alias.status).toBe(400)
    expect((await call(app, 'GET', 'model-versions/search')).body).toEqual({})
  })

  it.each([
    ['abc', 400],
    ['1.0', 400],
    ['99', 404],
    ['-1', 404],
    ['99999999999', 404],
    [' 1 ', 200],
  ])('answers for version %j with %i', async (version, status) => {
    const app = await withModel()
    await createVersion(app)
    expect((await call(app, 'GET', 'model-versions/get', { name: 'm', version })).status).toBe(status)
  })

  it('tells an empty description from one that is left out', async () => {
    const app = await withModel()
    await createVersion(app, { description: 'd' })
    const update = (more: object) =>
      call(app, 'PATCH', 'model-versions/update', { name: 'm', version: '1', ...more })
    expect((await update({ description: '' })).body.model_version.description).toBe('')
    expect((await update({})).body.model_version).not.toHaveProperty('description')
  })

  it('sets, replaces and deletes tags', async () => {
    const app = await withModel()
    await createVersion(app)
    const tag = { name: 'm', version: '1', key: 'k' }
    for (const value of ['1', '2']) await call(app, 'POST', 'model-versions/set-tag', { ...tag, value })
    expect((await getVersion(app, '1')).tags).toEqual([{ key: 'k', value: '2' }])
    await call(app, 'DELETE', 'model-versions/delete-tag', tag)
    expect(await getVersion(app, '1')).not.toHaveProperty('tags')
  })

  it.each([
    ['source', 's3://b/'.padEnd(501, 'x')],
    ['description', 'x'.repeat(5001)],
    ['run_link', 'x'.repeat(501)],
    ['run_id', 'x'.repeat(33)],
  ])('refuses a %s that its column does not hold', async (field, value) => {
    const app = await withModel()
    const request = { name: 'm', source: 's3://b/p', [field]: value }
    const { status, body } = await call(app, 'POST', 'model-versions/create', request)
    expect(status).toBe(400)
    expect(body.message).toContain(`'${field}' exceeds the maximum length`)
  })
})

describe('stages', () => {
  it.each([
    ['production', 'Production'],
    ['STAGING', 'Staging'],
    ['archived', 'Archived'],
    ['none', 'None'],
  ])('takes %s for %s', async (asked, stage) => {
    const app = await withModel()
    await createVersion(app)
    expect((await moveTo(app, '1', asked)).body.model_version.current_stage).toBe(stage)
  })

  it.each(['Foo', 'Deleted_Internal'])('refuses %s', async (stage) => {
    const app = await withModel()
    await createVersion(app)
    expect((await moveTo(app, '1', stage)).status).toBe(400)
  })

  it('archives the versions that are in the stage when asked to', async () => {
    const app = await withModel()
    for (const _ of [1, 2, 3]) await createVersion(app)
    await moveTo(app, '1', 'Production')
    await moveTo(app, '2', 'Staging')
    await moveTo(app, '3', 'production', true)
    const stages = await Promise.all(['1', '2', '3'].map((one) => getVersion(app, one)))
    expect(stages.map((one) => one.current_stage)).toEqual(['Archived', 'Staging', 'Production'])
  })

  it('answers 400 when asked to archive for a stage that is not in use', async () => {
    const app = await withModel()
    await createVersion(app)
    const { status, body } = await moveTo(app, '1', 'None', true)
    expect([status, body.error_code]).toEqual([400, 'INVALID_PARAMETER_VALUE'])
  })

  it('archives nothing when the version does not exist', async () => {
    const app = await withModel()
    await createVersion(app)
    await moveTo(app, '1', 'Production')
    expect((await moveTo(app, '9', 'Production', true)).status).toBe(404)
    expect((await getVersion(app, '1')).current_stage).toBe('Production')
  })

  it('brings no version back that is being deleted', async () => {
    const context = await testContext()
    const app = buildApp(context)
    await call(app, 'POST', 'registered-models/create', { name: 'm' })
    await createVersion(app)
    const [deleted, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const deletion = context.db.transaction().execute(async (tx) => {
      await updateModelVersion(tx, 'm', 1, { current_stage: DELETED_STAGE })
      deleted.resolve()
      await release.promise
    })
    await deleted.promise
    const moved = moveTo(app, '1', 'Staging')
    await Promise.race([moved, delay(300)])
    release.resolve()
    await deletion
    expect((await moved).status).toBe(404)
  })

  it('gives the newest version of each stage, by GET and by POST', async () => {
    const app = await withModel()
    for (const _ of [1, 2, 3, 4]) await createVersion(app)
    await moveTo(app, '2', 'Production')
    await moveTo(app, '3', 'Production')
    await call(app, 'POST', 'registered-models/alias', { name: 'm', alias: 'a', version: '3' })
    const all = await call(app, 'GET', 'registered-models/get-latest-versions', { name: 'm' })
    const versions = all.body.model_versions.map((one: { version: string }) => one.version)
    expect(versions).toEqual(['4', '3'])
    const some = await call(app, 'POST', 'registered-models/get-latest-versions', {
      name: 'm',
      stages: ['production', 'Staging'],
    })
    expect(some.body.model_versions).toMatchObject([{ version: '3', aliases: ['a'] }])
  })
})

describe('the time of the last change', () => {
  it('moves with versions and stages, of the model too; not with tags and aliases', async () => {
    let now = 1_000
    const app = buildApp({ ...(await testContext()), clock: () => now })
    const times = async () => {
      const model = await call(app, 'GET', 'registered-models/get', { name: 'm' })
      const version = await getVersion(app, '1')
      return [model.body.registered_model.last_updated_timestamp, version.last_updated_timestamp]
    }
    const timesAfter = async (time: number, change: () => Promise<unknown>) => {
      now = time
      await change()
      return times()
    }
    await call(app, 'POST', 'registered-models/create', { name: 'm' })
    expect(await timesAfter(2_000, () => createVersion(app))).toEqual([2_000, 2_000])
    const tag = { name: 'm', version: '1', key: 'k', value: 'v' }
    expect(await timesAfter(3_000, () => call(app, 'POST', 'model-versions/set-tag', tag))).toEqual([
      2_000, 2_000,
    ])
    const alias = { name: 'm', version: '1', alias: 'a' }
    expect(await timesAfter(4_000, () => call(app, 'POST', 'registered-models/alias', alias))).toEqual([
      2_000, 2_000,
    ])
    const update = { name: 'm', version: '1', description: 'd' }
    expect(await timesAfter(5_000, () => call(app, 'PATCH', 'model-versions/update', update))).toEqual([
      2_000, 5_000,
    ])
    expect(await timesAfter(6_000, () => moveTo(app, '1', 'Staging'))).toEqual([6_000, 6_000])
    expect(await timesAfter(7_000, () => createVersion(app))).toEqual([7_000, 6_000])
    const rename = { name: 'm', new_name: 'm' }
    expect(await timesAfter(8_000, () => call(app, 'POST', 'registered-models/rename', rename))).toEqual([
      8_000, 8_000,
    ])
  })
})
