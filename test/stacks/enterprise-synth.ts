import type { App } from 'aws-cdk-lib'
import { readEnterpriseOptions } from '../../stacks/enterprise-options.ts'
import { EnterpriseStack } from '../../stacks/enterprise-stack.ts'
import { emptyApp } from '../constructs/cdk/stack.ts'

/** What has no default. */
export const EDGE = {
  domainName: 'mlflow.example.com',
  certificateArn: 'arn:aws:acm:eu-central-1:123456789012:certificate/1',
} as const

/** The stack that a settings file makes; not yet synthesized. */
export function enterpriseStack(settings: Record<string, unknown> = {}, outdir?: string): EnterpriseStack {
  return new EnterpriseStack(emptyApp(outdir), 'EnterpriseStack', {
    options: readEnterpriseOptions({}, { edge: EDGE, ...settings }),
  })
}

/** What is written when it is synthesized. */
export function enterpriseAssembly(settings?: Record<string, unknown>, outdir?: string) {
  return (enterpriseStack(settings, outdir).node.root as App).synth()
}
