import { z } from 'zod'
import { text } from '../../constructs/option-types.ts'

const cidr = z.cidrv4({ error: 'must be a range of IPv4 addresses such as 10.40.0.0/16' })
const zone = text(/^[a-z]{2}(-[a-z]+)+-\d[a-z]$/, 'must be a zone such as eu-central-1a')
const subnets = z
  .array(text(/^subnet-([0-9a-f]{8}|[0-9a-f]{17})$/, 'must be ids of subnets'))
  .min(2, { error: 'must be two subnets at least, one a zone' })

/** What CloudWatch Logs can keep. */
const LOG_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3653,
] as const

const distinct = (names: readonly string[]) => new Set(names).size === names.length

const zones = z
  .array(zone)
  .min(2, { error: 'must be two or three zones' })
  .max(3, { error: 'must be two or three zones' })
  .refine(distinct, { error: 'must be different zones' })

/** A VPC that there is, told so exactly that nothing of it is looked up. */
const existingVpc = z
  .strictObject({
    /** Id of the VPC. */
    id: text(/^vpc-([0-9a-f]{8}|[0-9a-f]{17})$/, 'must be the id of a VPC'),
    /** Address range of the VPC: who may reach the load balancer unless `clients` says otherwise. */
    cidr,
    /** Two or three zones by name, in the order of the subnets. */
    availabilityZones: zones,
    /** For instances and servers, one a zone. They must reach the services of AWS, by NAT or by endpoints. */
    privateSubnetIds: subnets,
    /** For the database, one a zone. @default the private ones */
    dataSubnetIds: subnets.optional(),
    /** For a load balancer on the internet, one a zone. @default none */
    publicSubnetIds: subnets.optional(),
  })
  .superRefine(({ availabilityZones, ...lists }, context) => {
    for (const name of ['privateSubnetIds', 'dataSubnetIds', 'publicSubnetIds'] as const) {
      const ids = lists[name]
      if (!ids || (ids.length === availabilityZones.length && distinct(ids))) continue
      const message = `must be ${availabilityZones.length} different subnets, one a zone`
      context.addIssue({ code: 'custom', path: [name], message })
    }
  })

/** Where everything runs. */
export const networkOptions = z
  .strictObject({
    /** A VPC that there is, instead of a new one. @default a new one */
    vpc: existingVpc.optional(),
    /** Address range of a new VPC, from /16 to /22. @default 10.40.0.0/16 */
    cidr: cidr
      .refine((range) => Number(range.split('/')[1]) >= 16 && Number(range.split('/')[1]) <= 22, {
        error: 'must be from /16 to /22: a load balancer needs subnets of /27 at least',
      })
      .optional(),
    /** Two or three zones of a new VPC by name. @default the first two of the region */
    availabilityZones: zones.optional(),
    /**
     * The way out of a new VPC: `nat-each-zone`; `one-nat`: cheaper, and the zone it is in takes it away from the
     * others; `none`: no address but those of AWS's services is reached, over endpoints. @default nat-each-zone
     */
    egress: z
      .enum(['nat-each-zone', 'one-nat', 'none'], { error: 'must be nat-each-zone, one-nat or none' })
      .optional(),
    /**
     * With egress none: managed prefix list of S3 in the region. With it security groups name what servers reach;
     * without it they allow 443 to any address, and the routes lead to S3 only. @default none
     */
    s3PrefixListId: text(/^pl-([0-9a-f]{8}|[0-9a-f]{17})$/, 'must be the id of a prefix list').optional(),
    /** Days to keep the log of a new VPC's traffic. @default 90 */
    flowLogDays: z.literal(LOG_DAYS, { error: `must be one of ${LOG_DAYS.join(', ')} days` }).optional(),
  })
  .superRefine(({ vpc, ...ofNew }, context) => {
    for (const [name, value] of Object.entries(ofNew)) {
      // A profile may say how much the way out costs; a VPC that there is has its own.
      if (!vpc || value === undefined || (name === 'egress' && value !== 'none')) continue
      context.addIssue({ code: 'custom', path: [name], message: 'is of a new VPC: leave it out, or vpc' })
    }
    if (ofNew.s3PrefixListId && ofNew.egress !== 'none') {
      context.addIssue({ code: 'custom', path: ['s3PrefixListId'], message: 'is for egress none' })
    }
  })

export type NetworkOptions = z.output<typeof networkOptions>
