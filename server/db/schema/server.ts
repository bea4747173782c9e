/** What the server itself keeps. */
import {
  bigintColumn,
  doubleColumn,
  integerColumn,
  jsonColumn,
  nullable,
  onMysql,
  table,
  textColumn,
  varchar,
  withDefault,
} from '../table.ts'

export const workspaces = table(
  'workspaces',
  {
    name: varchar(63),
    description: nullable(textColumn()),
    default_artifact_root: nullable(textColumn()),
    trace_archival_location: nullable(textColumn()),
    trace_archival_retention: nullable(varchar(32)),
  },
  {
    primaryKey: { name: 'workspaces_pk', columns: ['name'] },
  },
)

export const webhooks = table(
  'webhooks',
  {
    webhook_id: varchar(256),
    name: varchar(256),
    description: nullable(varchar(1000)),
    url: varchar(500),
    status: withDefault(varchar(20), "'ACTIVE'"),
    secret: nullable(varchar(1000)),
    creation_timestamp: nullable(bigintColumn()),
    last_updated_timestamp: nullable(bigintColumn()),
    deleted_timestamp: nullable(bigintColumn()),
    workspace: withDefault(varchar(63), "'default'"),
  },
  {
    primaryKey: { name: 'webhook_pk', columns: ['webhook_id'] },
    indexes: [
      { name: 'idx_webhooks_status', columns: ['status'] },
      { name: 'idx_webhooks_name', columns: ['name'] },
      { name: 'idx_webhooks_workspace', columns: ['workspace'] },
    ],
  },
)

export const webhookEvents = table(
  'webhook_events',
  {
    webhook_id: varchar(256),
    entity: varchar(50),
    action: varchar(50),
  },
  {
    primaryKey: { name: 'webhook_event_pk', columns: ['webhook_id', 'entity', 'action'] },
    foreignKeys: [
      {
        columns: ['webhook_id'],
        references: { table: 'webhooks', columns: ['webhook_id'] },
        onDelete: 'cascade',
      },
    ],
    indexes: [
      { name: 'idx_webhook_events_entity', columns: ['entity'] },
      { name: 'idx_webhook_events_action', columns: ['action'] },
      { name: 'idx_webhook_events_entity_action', columns: ['entity', 'action'] },
    ],
  },
)

export const jobs = table(
  'jobs',
  {
    id: varchar(36),
    creation_time: bigintColumn(),
    job_name: onMysql({ nullable: true }, varchar(500)),
    params: textColumn(),
    timeout: nullable(doubleColumn()),
    status: integerColumn(),
    result: nullable(textColumn()),
    retry_count: integerColumn(),
    last_update_time: bigintColumn(),
    workspace: withDefault(varchar(63), "'default'"),
    status_details: nullable(jsonColumn()),
    creator: nullable(varchar(255)),
    executor_backend: nullable(varchar(255)),
    lease_expires_at: nullable(bigintColumn()),
    status_message: nullable(textColumn()),
    progress: nullable(jsonColumn()),
    progress_updated_at: nullable(bigintColumn()),
    token_hash: nullable(varchar(64)),
    scoped_permissions: nullable(jsonColumn()),
    next_attempt_at: nullable(bigintColumn()),
  },
  {
    primaryKey: { name: 'jobs_pk', columns: ['id'] },
    indexes: [
      {
        name: 'index_jobs_name_status_creation_time',
        columns: ['job_name', 'workspace', 'status', 'creation_time'],
      },
      { name: 'index_jobs_status_lease_expires_at', columns: ['status', 'lease_expires_at'] },
    ],
  },
)

export const jobLocks = table(
  'job_locks',
  {
    lock_key: varchar(255),
    job_id: varchar(36),
    acquired_at: bigintColumn(),
  },
  {
    primaryKey: { name: 'job_locks_pk', columns: ['lock_key'] },
    foreignKeys: [
      {
        name: 'fk_job_locks_job_id',
        columns: ['job_id'],
        references: { table: 'jobs', columns: ['id'] },
        onDelete: 'cascade',
      },
    ],
    indexes: [{ name: 'index_job_locks_job_id', columns: ['job_id'] }],
  },
)

export const schedulerLeases = table(
  'scheduler_leases',
  {
    lease_key: varchar(255),
    acquired_at: bigintColumn(),
    ttl_seconds: integerColumn(),
  },
  {
    primaryKey: { name: 'scheduler_leases_pk', columns: ['lease_key'] },
  },
)
