/** The stack with each set of options that promises are made for. */
import { Template } from 'aws-cdk-lib/assertions'
import { acknowledgeFindings } from '../../stacks/acknowledge-findings.ts'
import type { EnterpriseStack } from '../../stacks/enterprise-stack.ts'
import { EDGE, enterpriseStack } from './enterprise-synth.ts'
import { COPY_VAULT, givenKey, TOKEN_SECRET, TOPIC } from './optional-features.ts'

/** To stage the sources of an image takes longer than all the rest; one profile does it. */
const image = 'trackyard:1.2.3'

/** Settings by the profile's name. */
export const PROFILES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  standard: {},
  lean: { profile: 'lean', image },
  regulated: { profile: 'regulated', image },
  // And with what no profile has of itself.
  'internet-facing': {
    image,
    database: { proxy: {}, upgrade: true },
    edge: { ...EDGE, internetFacing: true, clients: ['0.0.0.0/0'] },
    watching: {
      topicArn: TOPIC,
      topicKeyArn: givenKey('topic'),
      canary: {
        tokenSecretArn: TOKEN_SECRET,
        tokenKeyArn: givenKey('token'),
      },
    },
    keeping: {
      backup: {
        copyTo: {
          vaultArn: COPY_VAULT,
          keyArn: givenKey('vault', 'eu-west-1'),
        },
      },
      drill: { enabled: true },
      gc: { mode: 'delete' },
    },
  },
}

/** As `cdk synth` makes it; not yet synthesized. */
export function acknowledgedStackOf(profile: string, outdir?: string): EnterpriseStack {
  const stack = enterpriseStack(PROFILES[profile], outdir)
  acknowledgeFindings(stack)
  return stack
}

/** The template that `cdk synth` writes, as far as it is resources. */
export function templateTextOf(profile: string): string {
  return JSON.stringify(Template.fromStack(acknowledgedStackOf(profile)).toJSON())
}

/** CDK ends every logical id in one. */
export function withoutHashes(text: string): string {
  return text.replaceAll(/(?<=[A-Za-z]\w*)[0-9A-F]{8}\b/g, '')
}
