/** Options of backups, restore drills and the removal of what was deleted. */
import { z } from 'zod'
import { text, wholeNumber } from '../../constructs/option-types.ts'

const days = wholeNumber(1, 36_500, 'days')
const schedule = text(
  /^(cron|rate)\(.+\)$/,
  'must be a schedule of EventBridge Scheduler such as cron(0 4 ? * SUN *) or rate(7 days)',
)

const backup = z
  .strictObject({
    /** Backups by AWS Backup, beside those that the database makes of itself. @default true */
    enabled: z.boolean().default(true),
    /** Time of day in UTC. @default 02:30 */
    at: text(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time such as 02:30').optional(),
    /** Days to keep a backup. @default 35 */
    keepDays: days.default(35),
    /** Vault of another region that gets a copy of each backup, its key, and how long it keeps it. @default none */
    copyTo: z
      .strictObject({
        /** ARN of the vault. */
        vaultArn: text(
          /^arn:[\w-]+:backup:[a-z0-9-]+:\d{12}:backup-vault:[\w-]{2,50}$/,
          'must be the ARN of a vault',
        ),
        /** ARN of the key that the vault is encrypted with. */
        keyArn: text(/^arn:[\w-]+:kms:[a-z0-9-]+:\d{12}:key\/[\w-]+$/, 'must be the ARN of a KMS key'),
        /** Days to keep a copy. @default as long as a backup: keepDays beside it */
        keepDays: days.optional(),
      })
      .optional(),
    /**
     * Nobody removes a backup before `minDays`. With `changeableDays`, after so many days nobody can take the lock off
     * again, AWS neither. @default not locked
     */
    lock: z
      .strictObject({ minDays: days, changeableDays: wholeNumber(3, 36_500, 'days').optional() })
      .optional(),
  })
  .superRefine(({ lock, keepDays }, context) => {
    if (!lock || lock.minDays <= keepDays) return
    const message = `is more than keepDays (${keepDays}): no backup could be made`
    context.addIssue({ code: 'custom', path: ['lock', 'minDays'], message })
  })

const drill = z.strictObject({
  /** Restore the newest backups beside what runs, look at them, destroy them. It costs a restore of all artifacts. @default false */
  enabled: z.boolean().default(false),
  /** When, in UTC. @default cron(0 6 1 * ? *): the first of each month, 06:00 */
  schedule: schedule.optional(),
  /** Class of the restored database. @default db.t4g.medium */
  instanceClass: text(
    /^db\.[a-z0-9]+\.[a-z0-9]+$/,
    'must be an instance class such as db.t4g.medium',
  ).optional(),
})

const gc = z.strictObject({
  /** `off`; `list`: the log says what would go; `delete`: what was deleted is removed for good. @default off */
  mode: z.enum(['off', 'list', 'delete'], { error: 'must be off, list or delete' }).default('off'),
  /** When, in UTC. @default cron(0 4 ? * SUN *): Sundays, 04:00 */
  schedule: schedule.optional(),
  /** Only what was deleted so many days ago. @default 30 */
  olderThanDays: days.optional(),
})

export const keepingOptions = z
  .strictObject({
    /** Backups by AWS Backup of database and bucket. @default one a day, kept for 35 days */
    backup: backup.prefault({}),
    /** Restore drills. @default none */
    drill: drill.prefault({}),
    /** What becomes of what was deleted. @default it stays */
    gc: gc.prefault({}),
  })
  .superRefine(({ backup, drill }, context) => {
    if (!drill.enabled || backup.enabled) return
    const message = 'needs keeping.backup.enabled: there would be nothing to restore'
    context.addIssue({ code: 'custom', path: ['drill', 'enabled'], message })
  })

/** As the construct takes them: what is off is left out. */
export function keepingProps({ backup, drill, gc }: z.output<typeof keepingOptions>) {
  const { enabled: hasBackup, ...backupProps } = backup
  const { enabled: hasDrill, ...drillProps } = drill
  const { mode, ...gcProps } = gc
  return {
    backup: hasBackup ? backupProps : undefined,
    drill: hasDrill ? drillProps : undefined,
    gc: mode === 'off' ? undefined : { ...gcProps, delete: mode === 'delete' },
  }
}
