/** The stack with each set of options that promises are made for. */
import { App } from 'aws-cdk-lib'
import cdkJson from '../../cdk.json' with { type: 'json' }
import { acknowledgeFindings } from '../../stacks/acknowledge-findings.ts'
import { readEnterpriseOptions } from '../../stacks/enterprise-options.ts'
import { EnterpriseStack } from '../../stacks/enterprise-stack.ts'
import { EDGE } from './enterprise-synth.ts'

const AN_IMAGE = { 'trackyard:image': 'trackyard:1.2.3' }

/** CDK context by the profile's name. */
export const PROFILES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  default: { 'trackyard:edge': JSON.stringify(EDGE) },
  'internet-facing': {
    ...AN_IMAGE,
    'trackyard:edge': JSON.stringify({ ...EDGE, internetFacing: true, clients: ['0.0.0.0/0'] }),
  },
}

/** Not yet synthesized, and with nothing acknowledged. */
export function stackOf(profile: string, outdir?: string): EnterpriseStack {
  const app = new App({
    context: { ...cdkJson.context, ...PROFILES[profile] },
    analyticsReporting: false,
    ...(outdir && { outdir }),
  })
  const options = readEnterpriseOptions(app.node.getAllContext())
  return new EnterpriseStack(app, 'EnterpriseStack', { options })
}

/** As `cdk synth` makes it. */
export function acknowledgedStackOf(profile: string, outdir?: string): EnterpriseStack {
  const stack = stackOf(profile, outdir)
  acknowledgeFindings(stack)
  return stack
}
