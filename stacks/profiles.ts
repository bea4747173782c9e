import type { EnterpriseOptionsInput } from './enterprise-options.ts'
import { deploymentOptions, type PROFILE_NAMES } from './options/deployment.ts'
import { isObject, mergeSettings, type Written } from './settings-sources.ts'

type Profile = (typeof PROFILE_NAMES)[number]

/** Of options and of parts that have more of them, some. */
type Defaults = { readonly [Name in keyof EnterpriseOptionsInput]?: Partial<EnterpriseOptionsInput[Name]> }

/** What a profile changes in the defaults of the options; what a person writes wins over it. */
export const PROFILES: Readonly<Record<Profile, Defaults>> = {
  lean: {
    replicas: 1,
    memoryMiB: 1024,
    network: { egress: 'one-nat' },
    service: { minInstances: 1, maxReplicas: 2 },
    database: { instanceType: 't4g.medium', multiAz: false, storageGiB: 20, backupDays: 7 },
  },
  standard: {},
  regulated: {
    replicas: 3,
    network: { flowLogDays: 365 },
    database: { storageGiB: 100, backupDays: 35 },
    artifacts: { noncurrentDays: 365, accessLogDays: 731 },
    edge: { logDays: 731 },
    keeping: { backup: { keepDays: 365, lock: { minDays: 35 } }, drill: { enabled: true } },
  },
}

/** What names a part that is there already: it has its own of everything else. */
const EXISTING = ['existing', 'vpc']

/** The options as they were written, and under them the defaults of their profile. */
export function withProfile(written: Written): Written {
  const profile = deploymentOptions.profile.safeParse(written.profile).data ?? 'standard'
  const defaults = Object.entries(PROFILES[profile]).filter(([part]) => !isThere(written[part]))
  return mergeSettings(Object.fromEntries(defaults), written)
}

function isThere(part: unknown): boolean {
  return isObject(part) && EXISTING.some((name) => part[name] !== undefined)
}
