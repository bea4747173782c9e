import { Duration, Token } from 'aws-cdk-lib'
import * as s3 from 'aws-cdk-lib/aws-s3'

/**
 * Nobody removes a version of an artifact, or changes it, for some days: what is deleted or replaced stays, unseen. AWS
 * takes Object Lock off no bucket again.
 */
export interface ObjectLock {
  /**
   * `governance`: who has `s3:BypassGovernanceRetention`, which no role here has, can still remove a version.
   * `compliance`: nobody can, the root of the account neither.
   */
  readonly mode: 'governance' | 'compliance'
  /** Days from the upload of a version on, at least 1. */
  readonly days: number
}

export function retentionOf({ mode, days }: ObjectLock): s3.ObjectLockRetention {
  const duration = Duration.days(days)
  return mode === 'compliance'
    ? s3.ObjectLockRetention.compliance(duration)
    : s3.ObjectLockRetention.governance(duration)
}

/**
 * Days to keep a replaced or deleted version: S3 removes none that is locked, however early a rule says so.
 * @throws when `noncurrentDays` promises that it would
 */
export function noncurrentDaysUnder(
  lock: ObjectLock | undefined,
  noncurrentDays: number | undefined,
): number {
  const least = lock?.days ?? 0
  const days = noncurrentDays ?? (Token.isUnresolved(least) ? least : Math.max(30, least))
  if (Token.isUnresolved(days) || Token.isUnresolved(least) || days >= least) return days
  throw new Error(
    `noncurrentDays is ${days}, and objectLock keeps each version for ${least} days: say ${least} at least`,
  )
}
