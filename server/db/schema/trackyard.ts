/** What this server keeps beside MLflow's tables. Their names begin with `trackyard_`; MLflow knows nothing of them. */
import { bigintColumn, integerColumn, table, textColumn, varchar } from '../table.ts'

/** Deliveries that are owed: written with the change they tell of, deleted when they have arrived. */
export const webhookOutbox = table(
  'trackyard_webhook_outbox',
  {
    delivery_id: varchar(36),
    webhook_id: varchar(256),
    payload: textColumn(),
    attempts: integerColumn(),
    next_attempt_time: bigintColumn(),
  },
  {
    primaryKey: { name: 'trackyard_webhook_outbox_pk', columns: ['delivery_id'] },
    indexes: [{ name: 'trackyard_webhook_outbox_due', columns: ['next_attempt_time'] }],
  },
)
