/** The rules of constructs/pulumi/policies.ts as Pulumi runs them: `pulumi preview --policy-pack stacks/policy-pack`. */
import { PolicyPack } from '@pulumi/policy'
import { POLICIES } from '../../constructs/pulumi/policies.ts'

new PolicyPack('trackyard', { policies: [...POLICIES] })
