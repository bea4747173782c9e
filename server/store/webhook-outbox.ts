/** Deliveries that are owed. Whoever sends one claims it first, for as long as the attempt may take. */
import type { Selectable } from 'kysely'
import type { Db } from '../db/index.ts'
import type { Database } from '../db/schema/index.ts'

export type OwedDelivery = Selectable<Database['trackyard_webhook_outbox']>

export async function insertDeliveries(
  db: Db,
  deliveries: readonly Pick<OwedDelivery, 'delivery_id' | 'webhook_id' | 'payload'>[],
  now: number,
): Promise<void> {
  if (deliveries.length === 0) return
  await db
    .insertInto('trackyard_webhook_outbox')
    .values(deliveries.map((one) => ({ ...one, attempts: 0, next_attempt_time: now })))
    .execute()
}

/** Deliveries whose time has come, the longest waiting first, but none of these webhooks. */
export async function listDueDeliveries(
  db: Db,
  now: number,
  limit: number,
  exceptWebhooks: readonly string[],
): Promise<OwedDelivery[]> {
  let due = db.selectFrom('trackyard_webhook_outbox').selectAll().where('next_attempt_time', '<=', now)
  if (exceptWebhooks.length > 0) due = due.where('webhook_id', 'not in', exceptWebhooks)
  return due.orderBy('next_attempt_time').orderBy('delivery_id').limit(limit).execute()
}

/** Takes a delivery until a time. @returns false when another process has been faster */
export async function claimDelivery(
  db: Db,
  { delivery_id, attempts, next_attempt_time }: OwedDelivery,
  until: number,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('trackyard_webhook_outbox')
    .set({ attempts: attempts + 1, next_attempt_time: until })
    .where('delivery_id', '=', delivery_id)
    .where('attempts', '=', attempts)
    .where('next_attempt_time', '=', next_attempt_time)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

export async function rescheduleDelivery(
  db: Db,
  id: string,
  change: { attempts: number; next_attempt_time: number },
): Promise<void> {
  await db.updateTable('trackyard_webhook_outbox').set(change).where('delivery_id', '=', id).execute()
}

export async function deleteDelivery(db: Db, id: string): Promise<void> {
  await db.deleteFrom('trackyard_webhook_outbox').where('delivery_id', '=', id).execute()
}
