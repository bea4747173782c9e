/**
 * What a person may say about an EnterpriseStack. The options of a part are in `options/<part>.ts`: an object of its
 * own, composed here by a line such as `network: networkOptions.prefault({})`.
 */
import { z } from 'zod'
import { parseOptions, TRACKING_OPTIONS } from '../constructs/settings.ts'
import { needsWayOut } from '../constructs/sign-on.ts'
import { artifactsOptions } from './options/artifacts.ts'
import { databaseOptions } from './options/database.ts'
import { deploymentOptions } from './options/deployment.ts'
import { edgeOptions } from './options/edge.ts'
import { keepingOptions } from './options/keeping.ts'
import { networkOptions } from './options/network.ts'
import { maxReplicasOf, serviceOptions } from './options/service.ts'
import { watchingOptions } from './options/watching.ts'
import { withProfile } from './profiles.ts'
import { mergeSettings, settingsInContext, type Written } from './settings-sources.ts'

const { replicas, memoryMiB, signOn, ...others } = TRACKING_OPTIONS.omit({
  tier: true,
  bindAddress: true,
  port: true,
  database: true,
  artifacts: true,
  // Of the team tier.
  hostName: true,
  tls: true,
  login: true,
  backup: true,
  host: true,
  labels: true,
  cpus: true,
  leaveSeconds: true,
}).shape

const serverOptions = {
  ...others,
  /** Containers running at the same time. @default 2 */
  replicas: replicas.unwrap().default(2),
  /** Memory a container may use, in MiB. @default 2048 */
  memoryMiB: memoryMiB.unwrap().default(2048),
  /** Who may enter, and how they show who they are. @default users with passwords */
  signOn: signOn.unwrap().prefault({}),
}

const schema = z
  .strictObject({
    ...serverOptions,
    ...deploymentOptions,
    /** Where runs and users are kept. @default a new instance of PostgreSQL on RDS */
    database: databaseOptions.prefault({}),
    /** Where everything runs. @default a new VPC */
    network: networkOptions.prefault({}),
    /** The instances, and how many servers run on them. @default two instances that scale */
    service: serviceOptions.prefault({}),
    /** The way in. */
    edge: edgeOptions,
    /** Where artifacts are. @default a new bucket */
    artifacts: artifactsOptions.prefault({}),
    /** Who is told of what, when, and what a month may cost. @default alarms that nobody has subscribed to */
    watching: watchingOptions.prefault({}),
    /** Backups, restore drills, and the removal of what was deleted. @default a backup each day, kept for 35 days */
    keeping: keepingOptions.prefault({}),
  })
  .superRefine(({ region, network, replicas, service, edge, signOn }, context) => {
    const zones = network.vpc?.availabilityZones ?? network.availabilityZones ?? []
    if (region && !zones.every((zone) => zone.startsWith(region))) {
      context.addIssue({ code: 'custom', path: ['region'], message: `${zones.join(', ')} are not in it` })
    }
    if (maxReplicasOf(service, replicas) < replicas) {
      const message = `must be at least replicas, ${replicas}`
      context.addIssue({ code: 'custom', path: ['service', 'maxReplicas'], message })
    }
    if (network.egress === 'none' && !edge.internetFacing && needsWayOut(signOn)) {
      const message = 'the load balancer must reach the provider: choose another, or let the servers sign in'
      context.addIssue({ code: 'custom', path: ['network', 'egress'], message })
    }
  })

export type EnterpriseOptions = z.output<typeof schema>
/** What a person writes. */
export type EnterpriseOptionsInput = z.input<typeof schema>

/**
 * The options in CDK context, those of a settings file under them, and under both the defaults of the profile.
 * @throws SettingsError with all problems at once
 */
export function readEnterpriseOptions(context: Written, file: Written = {}): EnterpriseOptions {
  return parseOptions(schema, withProfile(mergeSettings(file, settingsInContext(context))))
}

/** The options of the servers themselves. */
export function serverSettings(options: EnterpriseOptions) {
  return z.object(serverOptions).parse(options)
}
