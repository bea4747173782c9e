/** Jobs that outlive the process that runs them: who holds one and until when, how far it is, and two tables of locks. */
import { sql } from 'kysely'
import { addColumnSql, createIndexSql } from '../ddl.ts'
import { dialectOf } from '../dialect.ts'
import { tablesSql } from '../schema-sql.ts'
import { bigintColumn, integerColumn, jsonColumn, nullable, table, textColumn, varchar } from '../table.ts'
import type { Migration } from './migration.ts'

const LEASES = table(
  'scheduler_leases',
  { lease_key: varchar(255), acquired_at: bigintColumn(), ttl_seconds: integerColumn() },
  { primaryKey: { name: 'scheduler_leases_pk', columns: ['lease_key'] } },
)

const LOCKS = table(
  'job_locks',
  { lock_key: varchar(255), job_id: varchar(36), acquired_at: bigintColumn() },
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

/** What `jobs` gains. */
const JOBS = table(
  'jobs',
  {
    executor_backend: nullable(varchar(255)),
    lease_expires_at: nullable(bigintColumn()),
    status_message: nullable(textColumn()),
    progress: nullable(jsonColumn()),
    progress_updated_at: nullable(bigintColumn()),
    token_hash: nullable(varchar(64)),
    scoped_permissions: nullable(jsonColumn()),
    next_attempt_at: nullable(bigintColumn()),
  },
  { primaryKey: { columns: ['id'] } },
)

const BY_LEASE = { name: 'index_jobs_status_lease_expires_at', columns: ['status', 'lease_expires_at'] }

const [PENDING, RUNNING, CANCELED] = [0, 1, 5]

export const jobExecutor: Migration = {
  from: '75868b020152',
  to: 'dc11669786a5',
  async up(tx) {
    const dialect = dialectOf(tx)
    const statements = [
      ...tablesSql(dialect, [LEASES, LOCKS]),
      ...Object.entries(JOBS.columns).map(([name, column]) => addColumnSql(dialect, JOBS, name, column)),
      createIndexSql(dialect, JOBS, BY_LEASE),
    ]
    for (const statement of statements) await sql.raw(statement).execute(tx)
    // Nobody holds a lease on them, so nobody would ever finish them.
    await tx
      .updateTable('jobs')
      .set({ status: CANCELED, last_update_time: Date.now() })
      .where('status', 'in', [PENDING, RUNNING])
      .execute()
  },
}
