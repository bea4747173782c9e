import { z } from 'zod'
import { text } from '../../constructs/option-types.ts'

export const PROFILE_NAMES = ['lean', 'standard', 'regulated'] as const

const tagName = text(/^(?!aws:)[\w\s.:/=+@-]{1,128}$/, 'must be 1 to 128 letters, digits, spaces and .:/=+@-')
// A number is a text that looked like one on a command line.
const tagValue = z.coerce
  .string()
  .regex(/^[\w\s.:/=+@-]{0,256}$/, { error: 'must be at most 256 letters, digits, spaces and .:/=+@-' })

/** Where the stack goes, and what an organisation wants of all that is in it. */
export const deploymentOptions = {
  /**
   * Which defaults the other options have. `lean`: the least that serves a small company; `standard`: survives the loss
   * of a zone; `regulated`: one server more, and keeps backups and logs longer, backups under a lock. @default standard
   */
  profile: z
    .enum(PROFILE_NAMES, {
      error: `must be ${PROFILE_NAMES.slice(0, -1).join(', ')} or ${PROFILE_NAMES.at(-1)}`,
    })
    .default('standard'),
  /** Account to deploy to, 12 digits. @default the one of the credentials that deploy */
  account: z.coerce
    .string()
    .regex(/^\d{12}$/, { message: 'must be 12 digits' })
    .optional(),
  /** Region to deploy to. @default the one of the credentials that deploy */
  region: text(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be a region such as eu-central-1').optional(),
  /** Name of the stack in AWS: a second one in the same account and region needs its own. @default EnterpriseStack */
  stackName: text(
    /^[A-Za-z][A-Za-z0-9-]{0,127}$/,
    'must be letters, digits and -, a letter first',
  ).optional(),
  /** Tags of the stack and of everything in it that has tags. @default none */
  tags: z
    .record(tagName, tagValue)
    .refine((tags) => Object.keys(tags).length <= 40, { error: 'must be at most 40 tags' })
    .default({}),
  /** Policy that bounds the permissions of every role of the stack. @default none */
  permissionsBoundaryArn: text(
    /^arn:[\w-]+:iam::(\d{12}|aws):policy\/\S+$/,
    'must be the ARN of a policy',
  ).optional(),
  /**
   * Module with the organisation's own defaults, whose `propertyInjectors` CDK applies to every construct of their class;
   * its path is seen from the folder of cdk.json. @default none
   */
  blueprint: text(/\.m?[jt]s$/, 'must be the path of a module, such as ./blueprint.ts').optional(),
}
