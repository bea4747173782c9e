/** Options of where artifacts are. */
import { z } from 'zod'
import { text, wholeNumber } from '../../constructs/option-types.ts'

const days = wholeNumber(1, 36_500, 'days')
const keyArn = text(/^arn:[\w-]+:kms:[a-z0-9-]+:\d{12}:key\/[\w-]+$/, 'must be the ARN of a KMS key')
const bucketArn = text(/^arn:[\w-]+:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the ARN of a bucket')

/** A bucket that is there, and that somebody else looks after. */
const existing = z.strictObject({
  /** ARN of the bucket; AWS Backup takes only one that is versioned. */
  bucketArn,
  /** Key that it is encrypted with, where that is one of KMS. @default none: S3's own */
  keyArn: keyArn.optional(),
  /** What the keys of artifacts begin with, without slashes at the ends. @default none: the whole bucket is theirs */
  prefix: text(/^[\w.-]+(\/[\w.-]+)*$/, 'must not begin or end with a slash').optional(),
  /** It has Object Lock and a default retention: uploads go through the servers. @default false */
  hasObjectLock: z.boolean().optional(),
})

/** Nobody removes or changes a version of an artifact for so many days; uploads go through the servers. */
const objectLock = z.strictObject({
  /** `governance`: not without the right `s3:BypassGovernanceRetention`; `compliance`: not the account's root either. */
  mode: z.enum(['governance', 'compliance'], { error: 'must be governance or compliance' }),
  /** Days from the upload of a version on. */
  days,
})

export const artifactsOptions = z
  .strictObject({
    /** Days to keep a replaced or deleted artifact. @default 30, or those of objectLock where these are more */
    noncurrentDays: days.optional(),
    /** Days after which S3 may move an artifact to a cheaper tier that is read at once. @default never */
    tierAfterDays: days.optional(),
    /** Days to keep the log of who asked for what. @default 365 */
    accessLogDays: days.optional(),
    /** Object Lock with a default retention, which a bucket keeps once it has it. @default none */
    objectLock: objectLock.optional(),
    /**
     * A versioned bucket that gets a copy of each artifact, and a key of its region; with `objectLock` one that has Object
     * Lock too. @default none
     */
    replica: z.strictObject({ bucketArn, keyArn }).optional(),
    /** A bucket to use instead of a new one; all else here is said where it is made. @default a new one */
    existing: existing.optional(),
  })
  .superRefine(({ existing, ...others }, context) => {
    const { noncurrentDays, objectLock } = others
    if (objectLock && noncurrentDays !== undefined && noncurrentDays < objectLock.days) {
      const message = `is less than objectLock.days (${objectLock.days}): S3 would keep each version longer`
      context.addIssue({ code: 'custom', path: ['noncurrentDays'], message })
    }
    if (!existing) return
    for (const name of Object.keys(others)) {
      const message = 'is not for an existing bucket: say it where that is made'
      context.addIssue({ code: 'custom', path: [name], message })
    }
  })

export type ArtifactsOptions = z.output<typeof artifactsOptions>
