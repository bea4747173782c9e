import type { App } from 'aws-cdk-lib'
import { readEnterpriseOptions } from '../../stacks/enterprise-options.ts'
import { EnterpriseStack } from '../../stacks/enterprise-stack.ts'
import { emptyApp } from '../constructs/cdk/stack.ts'

/** The stack that a settings file makes; not yet synthesized. */
export function enterpriseStack(settings: Record<string, unknown> = {}, outdir?: string): EnterpriseStack {
  return new EnterpriseStack(emptyApp(outdir), 'EnterpriseStack', {
    options: readEnterpriseOptions({}, settings),
  })
}

/** What is written when it is synthesized. */
export function enterpriseAssembly(settings?: Record<string, unknown>, outdir?: string) {
  return (enterpriseStack(settings, outdir).node.root as App).synth()
}
