import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { describe, expect, it } from 'vitest'
import { ANYBODY } from '../../server/access/caller.ts'
import { buildApp } from '../../server/app.ts'
import { renameActivities } from '../../server/store/model-activities.ts'
import { renameRegisteredModel } from '../../server/store/registered-models.ts'
import { call, testApp, testContext } from './support.ts'

const PRODUCTION = { name: 'm', version: '1', stage: 'Production' }

/** A server with model `m` and two versions, to which `x-user` says who asks. */
async function withVersions(app?: FastifyInstance): Promise<FastifyInstance> {
  const server = app ?? (await testApp())
  server.addHook('onRequest', async (request) => {
    const user = request.headers['x-user']
    if (typeof user === 'string') request.caller = { ...ANYBODY, name: user }
  })
  await makeModel(server, 'm')
  return server
}

async function makeModel(app: FastifyInstance, name: string): Promise<void> {
  await call(app, 'POST', 'registered-models/create', { name })
  for (const source of ['s3://b/1', 's3://b/2']) {
    await call(app, 'POST', 'model-versions/create', { name, source })
  }
}

async function as(
  user: string,
  app: FastifyInstance,
  method: 'GET' | 'POST' | 'PATCH',
  path: string,
  json: object,
) {
  const url = `/api/2.0/mlflow/${path}`
  const headers = { 'content-type': 'application/json', 'x-user': user }
  const response = await app.inject(
    method === 'GET'
      ? { method, url, headers, query: json as Record<string, string> }
      : { method, url, headers, payload: JSON.stringify(json) },
  )
  return { status: response.statusCode, body: response.json() }
}

/** Databricks's clients send a deletion's fields in its query. */
async function remove(user: string, app: FastifyInstance, path: string, query: Record<string, string>) {
  const url = `/api/2.0/mlflow/${path}`
  const response = await app.inject({ method: 'DELETE', url, headers: { 'x-user': user }, query })
  return { status: response.statusCode, body: response.json() }
}

async function activities(app: FastifyInstance, more: object = {}) {
  const { body } = await call(app, 'GET', 'activities/list', { name: 'm', version: '1', ...more })
  return body.activities ?? []
}

async function openRequests(app: FastifyInstance, version = '1') {
  const { body } = await call(app, 'GET', 'transition-requests/list', { name: 'm', version })
  return body.requests ?? []
}

async function stageOf(app: FastifyInstance, version: string): Promise<string> {
  const { body } = await call(app, 'GET', 'model-versions/get', { name: 'm', version })
  return body.model_version.current_stage
}

describe('transition requests', () => {
  it('are kept with who, when, from where and to where, and listed while they are open', async () => {
    const app = await withVersions()
    const { status, body } = await as('ann', app, 'POST', 'transition-requests/create', {
      ...PRODUCTION,
      comment: 'tested',
    })
    expect(status).toBe(200)
    expect(body.request).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      activity_type: 'REQUESTED_TRANSITION',
      user_id: 'ann',
      creation_timestamp: expect.any(Number),
      last_updated_timestamp: body.request.creation_timestamp,
      comment: 'tested',
      from_stage: 'None',
      to_stage: 'Production',
      available_actions: [
        'APPROVE_TRANSITION_REQUEST',
        'REJECT_TRANSITION_REQUEST',
        'CANCEL_TRANSITION_REQUEST',
      ],
    })
    const seen = { ...body.request, available_actions: body.request.available_actions.slice(0, 2) }
    expect(await openRequests(app)).toEqual([seen])
    expect(await openRequests(app, '2')).toEqual([])
    expect(await stageOf(app, '1')).toBe('None')
  })

  it('come from nobody in particular as long as there is no login', async () => {
    const app = await withVersions()
    const { body } = await call(app, 'POST', 'transition-requests/create', PRODUCTION)
    expect(body.request.user_id).toBe('unknown')
  })

  it.each([
    ['an unknown model', { name: 'other' }, 404, 'RESOURCE_DOES_NOT_EXIST'],
    ['an unknown version', { version: '9' }, 404, 'RESOURCE_DOES_NOT_EXIST'],
    ['a version that is no number', { version: 'x' }, 400, 'INVALID_PARAMETER_VALUE'],
    ['an unknown stage', { stage: 'Live' }, 400, 'INVALID_PARAMETER_VALUE'],
    ['no stage', { stage: '' }, 400, 'INVALID_PARAMETER_VALUE'],
    ['a long comment', { comment: 'x'.repeat(10_001) }, 400, 'INVALID_PARAMETER_VALUE'],
  ])('are refused for %s', async (_what, wrong, status, code) => {
    const app = await withVersions()
    for (const path of ['create', 'approve', 'reject']) {
      const answer = await call(app, 'POST', `transition-requests/${path}`, { ...PRODUCTION, ...wrong })
      expect(answer, path).toMatchObject({ status, body: { error_code: code } })
    }
    expect(await activities(app)).toEqual([])
  })

  it('are refused for a deleted version', async () => {
    const app = await withVersions()
    await call(app, 'DELETE', 'model-versions/delete', { name: 'm', version: '1' })
    const { status } = await call(app, 'POST', 'transition-requests/create', PRODUCTION)
    expect(status).toBe(404)
  })

  it('are open once for each user and stage', async () => {
    const app = await withVersions()
    const create = (user: string, stage: string) =>
      as(user, app, 'POST', 'transition-requests/create', { ...PRODUCTION, stage })
    expect((await create('ann', 'Production')).status).toBe(200)
    expect(await create('ann', 'production')).toMatchObject({
      status: 400,
      body: { error_code: 'RESOURCE_ALREADY_EXISTS' },
    })
    expect((await create('ann', 'Staging')).status).toBe(200)
    expect((await create('bob', 'Production')).status).toBe(200)
    expect(await openRequests(app)).toHaveLength(3)
  })

  it('of one user at once for the same become one', async () => {
    const app = await withVersions()
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => as('ann', app, 'POST', 'transition-requests/create', PRODUCTION)),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(7).fill(400)])
    expect(await openRequests(app)).toHaveLength(1)
  })

  it('when approved, move the version and archive others, as a plain transition does', async () => {
    let now = 1_000
    const context = { ...(await testContext()), clock: () => now }
    const app = await withVersions(buildApp(context))
    await call(app, 'POST', 'model-versions/transition-stage', { ...PRODUCTION, version: '2' })
    await as('ann', app, 'POST', 'transition-requests/create', PRODUCTION)
    await as('cid', app, 'POST', 'transition-requests/create', PRODUCTION)
    await as('cid', app, 'POST', 'transition-requests/create', { ...PRODUCTION, stage: 'Archived' })
    now = 2_000
    const { status, body } = await as('bob', app, 'POST', 'transition-requests/approve', {
      ...PRODUCTION,
      stage: 'production',
      archive_existing_versions: true,
      comment: 'looks good',
    })
    expect(status).toBe(200)
    expect(body).toEqual({
      activity: {
        id: expect.any(String),
        activity_type: 'APPROVED_REQUEST',
        user_id: 'bob',
        creation_timestamp: 2_000,
        last_updated_timestamp: 2_000,
        comment: 'looks good',
        from_stage: 'None',
        to_stage: 'Production',
      },
    })
    const { body: model } = await call(app, 'GET', 'registered-models/get', { name: 'm' })
    expect(model.registered_model.last_updated_timestamp).toBe(2_000)
    expect(
      model.registered_model.latest_versions.map((one: Record<string, unknown>) => [
        one.version,
        one.current_stage,
        one.last_updated_timestamp,
      ]),
    ).toEqual([
      ['1', 'Production', 2_000],
      ['2', 'Archived', 2_000],
    ])
    expect((await openRequests(app)).map((one: { to_stage: string }) => one.to_stage)).toEqual(['Archived'])
  })

  it('stay open when the approval cannot be done', async () => {
    const app = await withVersions()
    const request = { ...PRODUCTION, stage: 'Archived' }
    await call(app, 'POST', 'transition-requests/create', request)
    const { status } = await call(app, 'POST', 'transition-requests/approve', {
      ...request,
      archive_existing_versions: true,
    })
    expect(status).toBe(400)
    expect(await openRequests(app)).toHaveLength(1)
    expect(await activities(app, { activity_type: 'APPROVED_REQUEST' })).toEqual([])
  })

  it('when rejected, leave the version where it is', async () => {
    const app = await withVersions()
    await as('ann', app, 'POST', 'transition-requests/create', PRODUCTION)
    const { body } = await as('bob', app, 'POST', 'transition-requests/reject', {
      ...PRODUCTION,
      comment: 'not yet',
    })
    expect(body.activity).toMatchObject({
      activity_type: 'REJECTED_REQUEST',
      user_id: 'bob',
      comment: 'not yet',
    })
    expect(await openRequests(app)).toEqual([])
    expect(await stageOf(app, '1')).toBe('None')
  })

  it('are approved or rejected only while they are open', async () => {
    const app = await withVersions()
    for (const path of ['approve', 'reject']) {
      const answer = await call(app, 'POST', `transition-requests/${path}`, PRODUCTION)
      expect(answer).toMatchObject({ status: 404, body: { error_code: 'RESOURCE_DOES_NOT_EXIST' } })
    }
  })

  it('are decided exactly once when many decide at once', async () => {
    const app = await withVersions()
    await as('ann', app, 'POST', 'transition-requests/create', PRODUCTION)
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        as(`user-${i}`, app, 'POST', `transition-requests/${i % 2 ? 'approve' : 'reject'}`, PRODUCTION),
      ),
    )
    const decided = answers.filter(({ status }) => status === 200)
    expect(decided).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 404)).toHaveLength(7)
    const type = decided[0]?.body.activity.activity_type
    expect(await stageOf(app, '1')).toBe(type === 'APPROVED_REQUEST' ? 'Production' : 'None')
    expect(await activities(app)).toHaveLength(2)
  })

  it('are taken back by who made them, and by nobody else', async () => {
    const app = await withVersions()
    await as('ann', app, 'POST', 'transition-requests/create', PRODUCTION)
    await as('bob', app, 'POST', 'transition-requests/create', PRODUCTION)
    const query = { ...PRODUCTION, creator: 'ann' }
    expect(await remove('bob', app, 'transition-requests/delete', query)).toMatchObject({
      status: 403,
      body: { error_code: 'PERMISSION_DENIED' },
    })
    const { body } = await remove('ann', app, 'transition-requests/delete', { ...query, comment: 'a bug' })
    expect(body.activity).toMatchObject({
      activity_type: 'CANCELLED_REQUEST',
      user_id: 'ann',
      comment: 'a bug',
      to_stage: 'Production',
    })
    expect((await openRequests(app)).map((one: { user_id: string }) => one.user_id)).toEqual(['bob'])
    expect((await remove('ann', app, 'transition-requests/delete', query)).status).toBe(404)
    expect((await as('ann', app, 'POST', 'transition-requests/create', PRODUCTION)).status).toBe(200)
  })
})

describe('comments', () => {
  it('are kept, changed and deleted by who wrote them', async () => {
    const app = await withVersions()
    const { body } = await as('ann', app, 'POST', 'comments/create', {
      name: 'm',
      version: '1',
      comment: 'größe 🧪',
    })
    const { id } = body.comment
    expect(body.comment).toEqual({
      id,
      activity_type: 'NEW_COMMENT',
      user_id: 'ann',
      creation_timestamp: expect.any(Number),
      last_updated_timestamp: body.comment.creation_timestamp,
      comment: 'größe 🧪',
      available_actions: ['EDIT_COMMENT', 'DELETE_COMMENT'],
    })
    const denied = { status: 403, body: { error_code: 'PERMISSION_DENIED' } }
    const edit = { id, comment: 'better' }
    expect(await as('bob', app, 'PATCH', 'comments/update', edit)).toMatchObject(denied)
    expect(await remove('bob', app, 'comments/delete', { id })).toMatchObject(denied)
    const { body: edited } = await as('ann', app, 'PATCH', 'comments/update', edit)
    expect(edited.comment).toMatchObject({ id, comment: 'better', user_id: 'ann' })
    expect(await activities(app)).toMatchObject([{ id, comment: 'better' }])
    expect(await remove('ann', app, 'comments/delete', { id })).toEqual({ status: 200, body: {} })
    expect(await activities(app)).toEqual([])
    expect((await remove('ann', app, 'comments/delete', { id })).status).toBe(404)
  })

  it.each([
    ['without a text', { comment: '' }, 400],
    ['that are long', { comment: 'x'.repeat(10_001) }, 400],
    ['on an unknown version', { version: '9' }, 404],
  ])('%s are refused', async (_what, wrong, status) => {
    const app = await withVersions()
    const request = { name: 'm', version: '1', comment: 'fine', ...wrong }
    expect((await call(app, 'POST', 'comments/create', request)).status).toBe(status)
    expect(await activities(app)).toEqual([])
  })

  it('are all that the calls for comments change', async () => {
    const app = await withVersions()
    const { body } = await call(app, 'POST', 'transition-requests/create', PRODUCTION)
    const { id } = body.request
    expect((await call(app, 'PATCH', 'comments/update', { id, comment: 'forged' })).status).toBe(404)
    expect((await remove('unknown', app, 'comments/delete', { id })).status).toBe(404)
    expect(await openRequests(app)).toHaveLength(1)
  })
})

describe('the activities of a version', () => {
  it('say in their order what was said and decided, page by page, and by type', async () => {
    const app = await withVersions()
    await as('ann', app, 'POST', 'transition-requests/create', PRODUCTION)
    await as('bob', app, 'POST', 'comments/create', { name: 'm', version: '1', comment: 'why?' })
    await as('bob', app, 'POST', 'transition-requests/reject', PRODUCTION)
    await as('ann', app, 'POST', 'transition-requests/create', PRODUCTION)
    await as('bob', app, 'POST', 'transition-requests/approve', PRODUCTION)
    const types = [
      'REQUESTED_TRANSITION',
      'NEW_COMMENT',
      'REJECTED_REQUEST',
      'REQUESTED_TRANSITION',
      'APPROVED_REQUEST',
    ]
    const typesOf = (some: { activity_type: string }[]) => some.map((one) => one.activity_type)
    expect(typesOf(await activities(app))).toEqual(types)
    expect(await activities(app, { activity_type: 'NEW_COMMENT' })).toMatchObject([{ comment: 'why?' }])
    const paged: string[] = []
    let token: string | undefined
    do {
      const query = { name: 'm', version: '1', max_results: '2', ...(token && { page_token: token }) }
      const { body } = await call(app, 'GET', 'activities/list', query)
      paged.push(...typesOf(body.activities))
      token = body.next_page_token
    } while (token)
    expect(paged).toEqual(types)
  })

  it('have plain transitions too, and what these archived', async () => {
    const app = await withVersions()
    const transition = { name: 'm', stage: 'Production', archive_existing_versions: true }
    await as('ann', app, 'POST', 'model-versions/transition-stage', { ...transition, version: '1' })
    await as('bob', app, 'POST', 'model-versions/transition-stage', { ...transition, version: '2' })
    expect(await activities(app)).toMatchObject([
      { activity_type: 'APPLIED_TRANSITION', user_id: 'ann', from_stage: 'None', to_stage: 'Production' },
      {
        activity_type: 'SYSTEM_TRANSITION',
        user_id: 'bob',
        from_stage: 'Production',
        to_stage: 'Archived',
        system_comment: 'Version 2 moved to Production',
      },
    ])
  })

  it('have every version that a transition archived, however many', async () => {
    const context = await testContext()
    const app = await withVersions(buildApp(context))
    const { creation_time } = await context.db
      .selectFrom('model_versions')
      .select('creation_time')
      .executeTakeFirstOrThrow()
    const more = Array.from({ length: 2_600 }, (_, i) => ({
      name: 'm',
      version: i + 3,
      creation_time,
      current_stage: 'Production',
    }))
    for (let start = 0; start < more.length; start += 500) {
      await context.db
        .insertInto('model_versions')
        .values(more.slice(start, start + 500))
        .execute()
    }
    const approval = { ...PRODUCTION, archive_existing_versions: true }
    await call(app, 'POST', 'transition-requests/create', PRODUCTION)
    expect((await call(app, 'POST', 'transition-requests/approve', approval)).status).toBe(200)
    expect(await activities(app, { version: '2602' })).toMatchObject([{ activity_type: 'SYSTEM_TRANSITION' }])
  })

  it.each([
    ['a type that is none', { activity_type: 'LIKE' }],
    ['a token of something else', { page_token: 'eyJvZmZzZXQiOiAyfQ==' }],
    ['a page of no rows', { max_results: '0' }],
    ['too long a page', { max_results: '1001' }],
  ])('are refused for %s', async (_what, wrong) => {
    const app = await withVersions()
    const query = { name: 'm', version: '1', ...wrong }
    expect(await call(app, 'GET', 'activities/list', query)).toMatchObject({
      status: 400,
      body: { error_code: 'INVALID_PARAMETER_VALUE' },
    })
  })

  it('follow a renamed model, and not the next one of its name', async () => {
    const app = await withVersions()
    await call(app, 'POST', 'transition-requests/create', PRODUCTION)
    await call(app, 'POST', 'registered-models/rename', { name: 'm', new_name: 'n' })
    await makeModel(app, 'm')
    expect(await activities(app)).toEqual([])
    expect(await activities(app, { name: 'n' })).toHaveLength(1)
    const approved = await call(app, 'POST', 'transition-requests/approve', { ...PRODUCTION, name: 'n' })
    expect(approved.status).toBe(200)
  })

  it('are refused for a model that is being renamed, rather than left behind', async () => {
    const context = await testContext()
    const app = await withVersions(buildApp(context))
    const [renamed, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const rename = context.db.transaction().execute(async (tx) => {
      await renameRegisteredModel(tx, 'm', 'n', 1)
      await renameActivities(tx, 'm', 'n')
      renamed.resolve()
      await release.promise
    })
    await Promise.race([renamed.promise, rename])
    const answers = Promise.all([
      call(app, 'POST', 'comments/create', { name: 'm', version: '1', comment: 'about m' }),
      call(app, 'POST', 'transition-requests/create', PRODUCTION),
    ])
    await Promise.race([answers, delay(300)])
    release.resolve()
    await rename
    expect((await answers).map(({ status }) => status)).toEqual([404, 404])
    expect(await activities(app, { name: 'n' })).toEqual([])
  })

  it('stay when a model is given the name that it has', async () => {
    const app = await withVersions()
    await call(app, 'POST', 'transition-requests/create', PRODUCTION)
    await call(app, 'POST', 'registered-models/rename', { name: 'm', new_name: 'm' })
    expect(await openRequests(app)).toHaveLength(1)
  })

  it('go with the version and with the model', async () => {
    const context = await testContext()
    const app = await withVersions(buildApp(context))
    for (const version of ['1', '2']) {
      await call(app, 'POST', 'comments/create', { name: 'm', version, comment: 'hello' })
    }
    const left = () => context.db.selectFrom('trackyard_model_activities').select('version').execute()
    await call(app, 'DELETE', 'model-versions/delete', { name: 'm', version: '1' })
    expect(await left()).toEqual([{ version: 2 }])
    await call(app, 'DELETE', 'registered-models/delete', { name: 'm' })
    expect(await left()).toEqual([])
  })
})
