/**
 * What a person may say about an EnterpriseStack. The options of a part are in `options/<part>.ts`: an object of its
 * own, composed here by a line such as `network: networkOptions.prefault({})`.
 */
import { z } from 'zod'
import { parseOptions, TRACKING_OPTIONS } from '../constructs/settings.ts'
import { artifactsOptions } from './options/artifacts.ts'
import { deploymentOptions } from './options/deployment.ts'
import { networkOptions } from './options/network.ts'
import { maxReplicasOf, serviceOptions } from './options/service.ts'
import { watchingOptions } from './options/watching.ts'
import { withProfile } from './profiles.ts'
import { mergeSettings, settingsInContext, type Written } from './settings-sources.ts'

const pattern = (regex: RegExp, message: string) => z.string().regex(regex, { message })
const cidr = z.cidrv4({ error: 'must be a range of IPv4 addresses such as 10.40.0.0/16' })

const { replicas, memoryMiB, ...others } = TRACKING_OPTIONS.omit({
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
}

const schema = z
  .strictObject({
    ...serverOptions,
    ...deploymentOptions,
    /** Where everything runs. @default a new VPC */
    network: networkOptions.prefault({}),
    /** The instances, and how many servers run on them. */
    service: serviceOptions.prefault({}),
    /** Certificate of the domain name. @default none: plain HTTP inside the VPC */
    certificateArn: pattern(/^arn:[\w-]+:acm:/, 'must be the ARN of a certificate').optional(),
    /** Name that clients use; it must lead to the load balancer. */
    domainName: pattern(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'must be a domain name').optional(),
    /** Addresses that may connect. @default those of the VPC */
    clients: z.array(cidr).min(1, { message: 'must name at least one range' }).optional(),
    /** Reachable from the internet. @default false */
    internetFacing: z.boolean().default(false),
    /** Where artifacts are. @default a new bucket */
    artifacts: artifactsOptions.prefault({}),
    watching: watchingOptions.prefault({}),
  })
  .superRefine(({ certificateArn, domainName, internetFacing, clients }, context) => {
    const refuse = (name: string, message: string) =>
      context.addIssue({ code: 'custom', path: [name], message })
    if (certificateArn && !domainName) refuse('domainName', 'say which name the certificate is for')
    if (domainName && !certificateArn) refuse('certificateArn', 'a domain name needs a certificate')
    if (internetFacing && !(certificateArn && clients)) {
      refuse('internetFacing', 'needs certificateArn, domainName and clients: who may connect')
    }
  })

  .superRefine(({ region, network, replicas, service }, context) => {
    const zones = network.vpc?.availabilityZones ?? network.availabilityZones ?? []
    if (region && !zones.every((zone) => zone.startsWith(region))) {
      context.addIssue({ code: 'custom', path: ['region'], message: `${zones.join(', ')} are not in it` })
    }
    if (maxReplicasOf(service, replicas) < replicas) {
      const message = `must be at least replicas, ${replicas}`
      context.addIssue({ code: 'custom', path: ['service', 'maxReplicas'], message })
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
