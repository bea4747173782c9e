import { describe, expect, it } from 'vitest'
import { buildApp } from '../../server/app.ts'
import { call, testApp, testContext } from './support.ts'

const UI = '/ajax-api/3.0/mlflow'

describe("what MLflow's UI asks for on every page", () => {
  it('says there is no assistant, no telemetry and no gateway', async () => {
    const app = await testApp()
    expect((await call(app, 'GET', `${UI}/assistant/config`)).body).toEqual({
      providers: {},
      projects: {},
      remote_access_allowed: false,
    })
    expect((await call(app, 'GET', `${UI}/assistant/providers`)).body).toMatchObject({
      providers: [],
      resolved: null,
    })
    expect((await call(app, 'GET', `${UI}/ui-telemetry`)).body).toEqual({
      disable_ui_events: [],
      disable_ui_telemetry: true,
      ui_rollout_percentage: 0,
    })
    expect(await call(app, 'POST', `${UI}/ui-telemetry`, { records: [{ a: 1 }] })).toEqual({
      status: 200,
      body: { status: 'disabled' },
    })
    const proxy = await call(app, 'GET', '/ajax-api/2.0/mlflow/gateway-proxy', {
      gateway_path: 'api/2.0/endpoints/',
    })
    expect(proxy.body).toEqual({ endpoints: [] })
  })

  it('answers 404 for the current user, which tells the UI that there is no login', async () => {
    const app = await testApp()
    expect((await call(app, 'GET', '/ajax-api/2.0/mlflow/users/current')).status).toBe(404)
  })
})

const searches: [string, 'GET' | 'POST', string, Record<string, unknown>, object][] = [
  ['issues', 'POST', `${UI}/issues/search`, { experiment_id: '0' }, { next_page_token: '' }],
  ['scorers', 'GET', `${UI}/scorers/list`, { experiment_id: '0' }, {}],
  ['label_schemas', 'GET', `${UI}/label-schemas/list`, { experiment_id: '0' }, { next_page_token: '' }],
  ['review_queues', 'GET', `${UI}/review-queues/list`, { experiment_id: '0' }, { next_page_token: '' }],
  ['datasets', 'POST', `${UI}/datasets/search`, { experiment_ids: ['0'] }, {}],
  ['datasets', 'POST', `${UI}/datasets/search`, {}, {}],
]

describe('a search in what is not served yet', () => {
  it.each(searches)(
    'of %s answers nothing where there is nothing: %s %s',
    async (_, method, url, request, nothing) => {
      const app = await testApp()
      expect(await call(app, method, url, request)).toEqual({ status: 200, body: nothing })
    },
  )

  it.each(searches)('of %s says so where the database has some: %s %s', async (_, method, url, request) => {
    const context = await testContext()
    const app = buildApp(context)
    await insertOfEach(context.db)
    const { status, body } = await call(app, method, url, request)
    expect([status, body.error_code]).toEqual([501, 'NOT_IMPLEMENTED'])
    expect(body.message).toMatch(/does not show them yet/)
  })

  it('answers only for the experiments that are asked for', async () => {
    const context = await testContext()
    const app = buildApp(context)
    await insertOfEach(context.db)
    const other = await call(app, 'GET', `${UI}/scorers/list`, { experiment_id: '1' })
    expect(other).toEqual({ status: 200, body: {} })
  })
})

/** One row of each resource, in experiment 0. */
async function insertOfEach(db: Awaited<ReturnType<typeof testContext>>['db']): Promise<void> {
  const experiment_id = 0
  await db
    .insertInto('issues')
    .values({
      issue_id: 'i',
      experiment_id,
      name: 'n',
      description: '',
      status: 'pending',
      created_timestamp: 1,
      last_updated_timestamp: 1,
    })
    .execute()
  await db.insertInto('scorers').values({ experiment_id, scorer_name: 's', scorer_id: 's' }).execute()
  await db
    .insertInto('label_schemas')
    .values({
      schema_id: 'l',
      experiment_id,
      name: 'n',
      type: 'FEEDBACK',
      input_type: 'text',
      input_config: '{}',
      created_time: 1,
      last_update_time: 1,
    })
    .execute()
  await db
    .insertInto('review_queues')
    .values({
      queue_id: 'q',
      experiment_id,
      name: 'n',
      queue_type: 'USER',
      creation_time_ms: 1,
      last_update_time_ms: 1,
      name_key: 'n',
    })
    .execute()
  await db.insertInto('evaluation_datasets').values({ dataset_id: 'd', name: 'd' }).execute()
  await db
    .insertInto('entity_associations')
    .values({
      association_id: 'a',
      source_type: 'evaluation_dataset',
      source_id: 'd',
      destination_type: 'experiment',
      destination_id: '0',
    })
    .execute()
}
