import type { Insertable, Selectable, Updateable } from 'kysely'
import type { Db } from '../db/index.ts'
import type { Database } from '../db/schema/index.ts'
import { notFound } from '../errors.ts'
import { byId, inChunks } from './chunks.ts'
import { WORKSPACE } from './experiments.ts'

type WebhookRow = Selectable<Database['webhooks']>
type EventRow = Pick<Selectable<Database['webhook_events']>, 'entity' | 'action'>

export interface Webhook extends WebhookRow {
  readonly events: readonly EventRow[]
}

/** @throws ApiError RESOURCE_DOES_NOT_EXIST */
export async function getWebhook(db: Db, id: string): Promise<Webhook> {
  const found = await findWebhook(db, id)
  if (!found) throw notFound(`Webhook with ID ${id} not found.`)
  return found
}

export async function findWebhook(db: Db, id: string): Promise<Webhook | undefined> {
  const [found] = await withEvents(db, await rows(db).where('webhook_id', '=', id).execute())
  return found
}

/** The newest first. */
export async function listWebhooks(db: Db, limit: number, offset: number): Promise<Webhook[]> {
  const some = rows(db).orderBy('creation_timestamp', 'desc').orderBy('webhook_id')
  return withEvents(db, await some.limit(limit).offset(offset).execute())
}

export async function insertWebhook(
  db: Db,
  webhook: Omit<Insertable<Database['webhooks']>, 'workspace'>,
  events: readonly EventRow[],
): Promise<void> {
  await db
    .insertInto('webhooks')
    .values({ ...webhook, workspace: WORKSPACE })
    .execute()
  await insertEvents(db, webhook.webhook_id, events)
}

export async function updateWebhook(
  db: Db,
  id: string,
  change: Updateable<Database['webhooks']>,
  events?: readonly EventRow[],
): Promise<void> {
  await db.updateTable('webhooks').set(change).where('webhook_id', '=', id).execute()
  if (!events) return
  await db.deleteFrom('webhook_events').where('webhook_id', '=', id).execute()
  await insertEvents(db, id, events)
}

/** The active webhooks of one of these events. */
export async function listSubscribers(
  db: Db,
  entities: readonly string[],
  action: string,
): Promise<{ webhook_id: string; entity: string }[]> {
  return db
    .selectFrom('webhook_events as event')
    .innerJoin('webhooks as webhook', 'webhook.webhook_id', 'event.webhook_id')
    .select(['event.webhook_id', 'event.entity'])
    .where('event.entity', 'in', entities)
    .where('event.action', '=', action)
    .where('webhook.workspace', '=', WORKSPACE)
    .where('webhook.status', '=', 'ACTIVE')
    .where('webhook.deleted_timestamp', 'is', null)
    .execute()
}

function rows(db: Db) {
  return db
    .selectFrom('webhooks')
    .selectAll()
    .where('workspace', '=', WORKSPACE)
    .where('deleted_timestamp', 'is', null)
}

async function insertEvents(db: Db, webhook_id: string, events: readonly EventRow[]): Promise<void> {
  await db
    .insertInto('webhook_events')
    .values(events.map(({ entity, action }) => ({ webhook_id, entity, action })))
    .execute()
}

async function withEvents(db: Db, webhooks: readonly WebhookRow[]): Promise<Webhook[]> {
  const ids = webhooks.map(({ webhook_id }) => webhook_id)
  const events = await inChunks(ids, (some) =>
    db
      .selectFrom('webhook_events')
      .selectAll()
      .where('webhook_id', 'in', some)
      .orderBy('webhook_id')
      .orderBy('entity')
      .orderBy('action')
      .execute(),
  )
  const eventsOf = byId(events, (event) => event.webhook_id)
  return webhooks.map((webhook) => ({ ...webhook, events: eventsOf(webhook.webhook_id) }))
}
