import type { EnterpriseOptionsInput } from './enterprise-options.ts'
import type { PROFILE_NAMES } from './options/deployment.ts'

type Profile = (typeof PROFILE_NAMES)[number]

/** What a profile changes in the defaults of the options; what a person writes wins over it. */
export const PROFILES: Readonly<Record<Profile, EnterpriseOptionsInput>> = {
  lean: {
    replicas: 1,
    memoryMiB: 1024,
    network: { egress: 'one-nat' },
    service: { minInstances: 1, maxReplicas: 2 },
  },
  standard: {},
  regulated: { replicas: 3 },
}
