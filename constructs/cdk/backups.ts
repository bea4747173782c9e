import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import * as backup from 'aws-cdk-lib/aws-backup'
import * as events from 'aws-cdk-lib/aws-events'
import type * as kms from 'aws-cdk-lib/aws-kms'
import type * as sns from 'aws-cdk-lib/aws-sns'
import { Construct } from 'constructs'
import { allow, backupRole, type Kept } from './backup-roles.ts'
import { deploymentName } from './deployment-name.ts'

export interface BackupsProps extends Kept {
  /** Encrypts the vault. */
  readonly encryptionKey: kms.IKey
  /** Is told when a backup or a copy fails. */
  readonly topic: sns.ITopic
  /**
   * Time of day in UTC, such as 02:30.
   * @default 02:30
   */
  readonly at?: string | undefined
  /**
   * Days to keep a backup.
   * @default 35
   */
  readonly keepDays?: number | undefined
  /**
   * Vault of another region, that gets a copy of each backup, and its key.
   * @default none
   */
  readonly copyTo?:
    | { readonly vaultArn: string; readonly keyArn: string; readonly keepDays?: number | undefined }
    | undefined
  /**
   * Nobody shortens the life of a backup to less than `minDays`. With `changeableDays` (3 at least) nobody at all can
   * take the lock off again after so many days, AWS neither; without, who has the right can.
   * @default not locked
   */
  readonly lock?: { readonly minDays: number; readonly changeableDays?: number | undefined } | undefined
}

/** A backup of database and artifacts each day, in a vault of its own that stays when its stack goes. */
export class Backups extends Construct {
  readonly vault: backup.BackupVault

  constructor(scope: Construct, id: string, props: BackupsProps) {
    super(scope, id)
    const { keepDays = 35, lock, copyTo, at = '02:30' } = props
    if (lock && lock.minDays > keepDays) {
      throw new Error(`lock.minDays is ${lock.minDays}, and backups are kept for ${keepDays} days only`)
    }
    this.vault = new backup.BackupVault(this, 'Vault', {
      backupVaultName: deploymentName(this, { maxLength: 50 }),
      encryptionKey: props.encryptionKey,
      removalPolicy: RemovalPolicy.RETAIN,
      notificationTopic: props.topic,
      notificationEvents: [
        backup.BackupVaultEvents.BACKUP_JOB_FAILED,
        backup.BackupVaultEvents.BACKUP_JOB_EXPIRED,
        backup.BackupVaultEvents.COPY_JOB_FAILED,
        backup.BackupVaultEvents.S3_BACKUP_OBJECT_FAILED,
      ],
      ...(lock && { lockConfiguration: lockOf(lock) }),
    })
    const [hour, minute] = at.split(':')
    const plan = new backup.BackupPlan(this, 'Plan', {
      backupVault: this.vault,
      backupPlanRules: [
        new backup.BackupPlanRule({
          ruleName: 'daily',
          scheduleExpression: events.Schedule.cron({
            hour: String(Number(hour)),
            minute: String(Number(minute)),
          }),
          startWindow: Duration.hours(1),
          completionWindow: Duration.hours(24),
          deleteAfter: Duration.days(keepDays),
          ...(copyTo && {
            copyActions: [
              {
                destinationBackupVault: backup.BackupVault.fromBackupVaultArn(
                  this,
                  'Copies',
                  copyTo.vaultArn,
                ),
                deleteAfter: Duration.days(copyTo.keepDays ?? keepDays),
              },
            ],
          }),
        }),
      ],
    })
    this.select(plan, props)
  }

  private select(plan: backup.BackupPlan, { copyTo, ...kept }: BackupsProps): void {
    const role = backupRole(this, 'Role', kept)
    allow(role, [this.vault.backupVaultArn], ['backup:DescribeBackupVault', 'backup:CopyIntoBackupVault'])
    allow(role, [kept.encryptionKey.keyArn], ['kms:Decrypt', 'kms:DescribeKey', 'kms:GenerateDataKey'])
    if (copyTo) {
      allow(role, [copyTo.vaultArn], ['backup:CopyIntoBackupVault'])
      allow(role, [copyTo.keyArn], ['kms:DescribeKey', 'kms:GenerateDataKey'])
      allow(role, [copyTo.keyArn], ['kms:CreateGrant'], { Bool: { 'kms:GrantIsForAWSResource': 'true' } })
    }
    plan.addSelection('Selection', {
      role,
      disableDefaultBackupPolicy: true,
      resources: [
        backup.BackupResource.fromArn(kept.databaseArn),
        backup.BackupResource.fromArn(kept.bucket.bucketArn),
      ],
    })
  }
}

function lockOf({ minDays, changeableDays }: NonNullable<BackupsProps['lock']>): backup.LockConfiguration {
  return {
    minRetention: Duration.days(minDays),
    ...(changeableDays !== undefined && { changeableFor: Duration.days(changeableDays) }),
  }
}
