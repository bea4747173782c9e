import { z } from 'zod'
import { text, wholeNumber } from '../../constructs/option-types.ts'

const secretArn = text(
  /^arn:[\w-]+:secretsmanager:[\w-]+:\d{12}:secret:\S+-\w{6}$/,
  'must be the whole ARN of a secret',
)
const keyArn = text(/^arn:[\w-]+:kms:[\w-]+:\d{12}:key\/\S+$/, 'must be the ARN of a key')
const topicArn = text(/^arn:[\w-]+:sns:[\w-]+:\d{12}:[\w-]+$/, 'must be the ARN of a topic')
const positive = (unit: string) => z.number().positive({ error: `must be a number above 0, in ${unit}` })

/** Who is told of what, and when. */
export const watchingOptions = z
  .strictObject({
    /** Addresses of e-mail that alarms go to; each must follow the link in a first letter. @default none */
    emails: z.array(z.email({ error: 'must be an address of e-mail' })).default([]),
    /**
     * A topic to use in place of a new one. It must take messages of CloudWatch, AWS Budgets and AWS Backup, and so must
     * its key, which therefore is one of KMS that you made.
     * @default a new one, encrypted
     */
    topicArn: topicArn.optional(),
    /** Key of that topic: the restore drill gets the right to publish with it. @default none: it is not encrypted */
    topicKeyArn: keyArn.optional(),
    /** Time within which 95 of 100 requests should be answered, in seconds. @default 2 */
    responseSeconds: positive('seconds').default(2),
    /** Share of requests that the servers may fail, in percent. @default 1 */
    errorPercent: positive('percent').max(100, { error: 'must be at most 100 percent' }).default(1),
    /** Requests within five minutes that are refused, since nobody knows who asks, before it is an alarm. @default 300 */
    refusals: wholeNumber(1, 1_000_000).default(300),
    /** Connections to the database before it is an alarm; four fifths of what it takes is a good number. @default 400 */
    connections: wholeNumber(1, 10_000).default(400),
    /** Storage of the database that must be free, in GiB. @default 5 */
    freeStorageGiB: positive('GiB').default(5),
    /** What a month may cost, in US dollars; of the whole account, where there is no `costTag`. @default no budget */
    monthlyBudgetUsd: positive('US dollars').optional(),
    /** Tag by which the budget knows the stack's cost; it must be active in Billing. @default none */
    costTag: z.strictObject({ name: z.string().min(1), value: z.string().min(1) }).optional(),
    /** Logs a run and an artifact every few minutes and reads them back. @default none: it needs a token */
    canary: z
      .strictObject({
        /**
         * Secret in Secrets Manager that is nothing but the token: make one with the scope `write` for a user without
         * other rights, `trackyard tokens create canary --user canary --scope write --expires 366d`.
         */
        tokenSecretArn: secretArn,
        /** Key that the secret is encrypted with. @default Secrets Manager's own */
        tokenKeyArn: keyArn.optional(),
        /** How often, in minutes; a divisor of 60. @default 5 */
        everyMinutes: wholeNumber(2, 60, 'minutes')
          .refine((minutes) => 60 % minutes === 0, { error: 'must divide 60 minutes' })
          .default(5),
      })
      .optional(),
  })
  .superRefine(({ emails, topicArn, topicKeyArn, monthlyBudgetUsd, costTag }, context) => {
    const refuse = (name: string, message: string) =>
      context.addIssue({ code: 'custom', path: [name], message })
    if (topicArn && emails.length > 0) refuse('emails', 'a topic of yours has its subscribers: leave one out')
    if (topicKeyArn && !topicArn) refuse('topicKeyArn', 'is the key of a topic of yours: set topicArn')
    if (costTag && monthlyBudgetUsd === undefined)
      refuse('costTag', 'says what a budget counts: set monthlyBudgetUsd')
  })

export type WatchingOptions = z.output<typeof watchingOptions>
