/** The way in: under which name, for whom, and what stands before it. */
import { z } from 'zod'
import { IDLE_SECONDS } from '../../constructs/load-balancer.ts'
import { text, wholeNumber } from '../../constructs/option-types.ts'

const NAME = /^[a-z0-9-]+(\.[a-z0-9-]+)+$/
const domainName = z.string({ error: 'say which name clients use, such as mlflow.example.com' }).regex(NAME, {
  error: 'must be a domain name in lower case, without scheme and port',
})
const range = z.cidrv4({ error: 'must be a range of IPv4 addresses such as 10.40.0.0/16' })

/** What CloudWatch offers. */
const LOG_DAYS = [
  7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
]

export const edgeOptions = z
  .strictObject(
    {
      /** Name that clients use. It has no default: there is no certificate without one. */
      domainName,
      /** Public zone of that name, in Route 53: the certificate and the name are made in it. @default none: certificateArn */
      hostedZone: z
        .strictObject({
          /** Id of the zone. */
          id: text(/^Z[A-Z0-9]+$/, 'must be the id of a hosted zone, such as Z0123456789ABCDEFGHIJ'),
          /** Domain name of the zone: `domainName` or what that ends in. */
          name: text(NAME, 'must be the domain name of the zone'),
        })
        .optional(),
      /** Certificate of that name; whoever gives it leads the name to the load balancer. @default a new one, in hostedZone */
      certificateArn: text(/^arn:[\w-]+:acm:/, 'must be the ARN of a certificate in ACM').optional(),
      /** Addresses that may connect. @default those of the VPC */
      clients: z.array(range).min(1, { error: 'must name at least one range' }).optional(),
      /** Reachable from the internet, for the clients. @default false */
      internetFacing: z.boolean().default(false),
      /** Port 80 leads to 443; otherwise nothing listens there. @default false */
      redirectHttp: z.boolean().default(false),
      /** Web ACL of the organisation's own, in place of one that is made. @default a new one */
      webAclArn: text(/^arn:[\w-]+:wafv2:/, 'must be the ARN of a web ACL of WAF').optional(),
      /** Most requests of one address in five minutes; whoever sends more is blocked for a while. @default 100000 */
      requestsInFiveMinutes: wholeNumber(100, 2_000_000_000).default(100_000),
      /** Turns away those who hide behind anonymizing proxies and Tor. @default false */
      blockAnonymous: z.boolean().default(false),
      /** Bucket of the organisation's own for the logs of the load balancer, which may be written to it. @default a new one */
      logBucket: text(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of an S3 bucket').optional(),
      /** How long the logs of the load balancer and of its firewall are kept, in days. @default 365 */
      logDays: z.literal(LOG_DAYS, { error: `must be one of ${LOG_DAYS.join(', ')} days` }).default(365),
      /** The longest that a request or an answer may be silent before it is cut off, in seconds. @default 660 */
      idleSeconds: wholeNumber(IDLE_SECONDS.least, IDLE_SECONDS.most, 'seconds').default(
        IDLE_SECONDS.fallback,
      ),
      /** Time that uploads have to finish on a server that is replaced, in seconds. @default 300 */
      uploadSeconds: wholeNumber(0, 3600, 'seconds').default(300),
      /** Refuse to delete the load balancer. @default true */
      deletionProtection: z.boolean().default(true),
    },
    {
      error: ({ code }) =>
        code === 'invalid_type' ? 'say at least domainName, and certificateArn or hostedZone' : undefined,
    },
  )
  .superRefine((options, context) => {
    const refuse = (name: keyof typeof options, message: string) =>
      context.addIssue({ code: 'custom', path: [name], message })
    const { domainName, hostedZone, certificateArn, internetFacing, clients } = options
    if (!hostedZone === !certificateArn) {
      refuse('certificateArn', 'say where the certificate is from: give this or hostedZone, and not both')
    }
    if (hostedZone && !`.${domainName}`.endsWith(`.${hostedZone.name}`)) {
      refuse('hostedZone', `must be the zone of ${domainName}`)
    }
    if (internetFacing && !clients) {
      refuse('clients', 'say who on the internet may connect; 0.0.0.0/0 is everybody')
    }
  })
