/** What this server keeps beside MLflow's tables. Their names begin with `trackyard_`; MLflow knows nothing of them. */
import { bigintColumn, integerColumn, nullable, table, textColumn, varchar, withDefault } from '../table.ts'

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

/** What was said and decided about versions of models. `version_creation_time` tells a version from one before it. */
export const modelActivities = table(
  'trackyard_model_activities',
  {
    id: varchar(36),
    workspace: withDefault(varchar(63), "'default'"),
    name: varchar(256),
    version: integerColumn(),
    version_creation_time: bigintColumn(),
    activity_type: varchar(32),
    user_id: varchar(256),
    comment: nullable(textColumn()),
    from_stage: nullable(varchar(20)),
    to_stage: nullable(varchar(20)),
    system_comment: nullable(varchar(500)),
    /** Of a request: the activity that ended it, and empty while it is open. NULL for all else. */
    decision_id: nullable(varchar(36)),
    creation_time: bigintColumn(),
    last_updated_time: bigintColumn(),
  },
  {
    primaryKey: { name: 'trackyard_model_activities_pk', columns: ['id'] },
    unique: [
      {
        // Nobody has two open requests for the same.
        name: 'trackyard_model_activities_open',
        columns: [
          'workspace',
          'name',
          'version',
          'version_creation_time',
          'to_stage',
          'user_id',
          'decision_id',
        ],
      },
    ],
  },
)

/** Artifacts that are still to be deleted: written as what they belonged to goes, deleted when they are gone. */
export const garbage = table(
  'trackyard_garbage',
  {
    /** Of the run, logged model or trace they belonged to. */
    owner_id: varchar(64),
    artifact_uri: textColumn(),
  },
  { primaryKey: { name: 'trackyard_garbage_pk', columns: ['owner_id'] } },
)
