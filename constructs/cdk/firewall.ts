import { ArnFormat, Aws, Fn, RemovalPolicy, Stack } from 'aws-cdk-lib'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import * as logs from 'aws-cdk-lib/aws-logs'
import * as waf from 'aws-cdk-lib/aws-wafv2'
import { Construct } from 'constructs'
import { firewallRules } from './firewall-rules.ts'
import { newLogKey } from './log-key.ts'

export interface NewFirewallProps {
  /**
   * Path before every URL of the servers.
   * @default none
   */
  readonly staticPrefix?: string
  /**
   * Most requests of one address in five minutes. Jobs behind one NAT gateway are one address.
   * @default 100000
   */
  readonly requestsInFiveMinutes?: number
  /**
   * Turn away anonymizing proxies and Tor.
   * @default false
   */
  readonly blockAnonymous?: boolean
  /** @default a year */
  readonly logRetention?: logs.RetentionDays
  /**
   * Encrypts the log; CloudWatch Logs must be allowed to use it.
   * @default a new key, rotated every year
   */
  readonly logKey?: IKey
}

export interface ExistingFirewallProps {
  /** ARN of a regional web ACL, which must let MLflow's requests through: see `firewallRules`. */
  readonly webAclArn: string
}

/** What stands before a load balancer: a web ACL of AWS WAF with its log, or the one it is given. */
export class Firewall extends Construct {
  readonly webAclArn: string

  constructor(scope: Construct, id: string, props: NewFirewallProps | ExistingFirewallProps = {}) {
    super(scope, id)
    this.webAclArn = 'webAclArn' in props ? props.webAclArn : this.makeWebAcl(props)
  }

  protect(resourceArn: string): void {
    new waf.CfnWebACLAssociation(this, 'Association', { webAclArn: this.webAclArn, resourceArn })
  }

  private makeWebAcl(props: NewFirewallProps): string {
    const { attrArn } = new waf.CfnWebACL(this, 'WebAcl', {
      scope: 'REGIONAL',
      description: 'Before the load balancer of the tracking servers',
      defaultAction: { allow: {} },
      visibilityConfig: {
        metricName: 'WebAcl',
        cloudWatchMetricsEnabled: true,
        sampledRequestsEnabled: true,
      },
      rules: firewallRules(props),
    })
    this.logTo(attrArn, props)
    return attrArn
  }

  private logTo(webAclArn: string, { logRetention, logKey }: NewFirewallProps): void {
    const log = new logs.LogGroup(this, 'Log', {
      // WAF writes to groups of this prefix only. The id of the stack, so that one deployed anew finds the name free.
      logGroupName: `aws-waf-logs-${Fn.select(2, Fn.split('/', Aws.STACK_ID))}`,
      retention: logRetention ?? logs.RetentionDays.ONE_YEAR,
      encryptionKey: logKey ?? newLogKey(this, 'LogKey'),
      removalPolicy: RemovalPolicy.RETAIN,
    })
    new waf.CfnLoggingConfiguration(this, 'Logging', {
      resourceArn: webAclArn,
      // Not `logGroupArn`, which ends with :* for the streams of the group.
      logDestinationConfigs: [
        Stack.of(this).formatArn({
          service: 'logs',
          resource: 'log-group',
          resourceName: log.logGroupName,
          arnFormat: ArnFormat.COLON_RESOURCE_NAME,
        }),
      ],
      redactedFields: ['authorization', 'cookie'].map((Name) => ({ singleHeader: { Name } })),
    })
  }
}
