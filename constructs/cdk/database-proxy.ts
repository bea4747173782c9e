/** RDS Proxy before an instance of PostgreSQL: servers share its connections, and keep theirs while a standby takes over. */
import { Duration } from 'aws-cdk-lib'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as rds from 'aws-cdk-lib/aws-rds'
import type { Construct } from 'constructs'
import { SETTINGS } from '../../server/config-settings.ts'
import { closedSecurityGroup } from './closed-security-group.ts'
import { keepLog, type NewInstanceProps, nameOf } from './database-instance.ts'

export interface ProxyOptions {
  /**
   * Share of the instance's connections that the proxy may open, in percent, from 1 to 99.
   * @default 75
   */
  readonly connectionsPercent?: number | undefined
}

interface ProxyProps extends ProxyOptions {
  readonly place: NewInstanceProps
  readonly instance: rds.DatabaseInstance
  /** Who may log in through it. */
  readonly role: string
}

/**
 * Within `scope`. Who connects brings a token of IAM, and so does the proxy at the instance: there is no password that it
 * could be given.
 */
export function newProxy(scope: Construct, props: ProxyProps): rds.DatabaseProxy {
  const { instance, place, role } = props
  const connectionsPercent = percentOf(props)
  const proxyRole = new iam.Role(scope, 'ProxyRole', {
    assumedBy: new iam.ServicePrincipal('rds.amazonaws.com'),
    description: 'Lets the proxy log in to the database as the servers do',
  })
  instance.grantConnect(proxyRole, role)
  const name = nameOf(scope, 'proxy')
  const proxy = new rds.DatabaseProxy(scope, 'Proxy', {
    proxyTarget: rds.ProxyTarget.fromInstance(instance),
    dbProxyName: name,
    vpc: place.vpc,
    vpcSubnets: place.vpcSubnets ?? { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
    securityGroups: [
      closedSecurityGroup(scope, 'ProxySecurityGroup', {
        vpc: place.vpc,
        description: 'The proxy of the database: servers come in, the database is reached',
        httpsPeers: [],
      }),
    ],
    requireTLS: true,
    role: proxyRole,
    defaultAuthScheme: rds.DefaultAuthScheme.IAM_AUTH,
    maxConnectionsPercent: connectionsPercent,
    // Of the instance too; what is idle above is closed.
    maxIdleConnectionsPercent: Math.min(connectionsPercent, 50),
    // As long as a server waits for a connection; then both say that the database is not available.
    borrowTimeout: Duration.seconds(SETTINGS.databaseWaitSeconds.fallback),
  })
  proxy.node.addDependency(proxyRole, keepLog(scope, 'ProxyLog', `/aws/rds/proxy/${name}`, place))
  return proxy
}

/** @throws Error when nothing would be left for the proxy or for those who go past it */
export function percentOf({ connectionsPercent = 75 }: ProxyOptions): number {
  if (connectionsPercent >= 1 && connectionsPercent <= 99) return connectionsPercent
  throw new Error(`connectionsPercent must be from 1 to 99, got ${connectionsPercent}`)
}
