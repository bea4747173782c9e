import { Duration } from 'aws-cdk-lib'
import * as acm from 'aws-cdk-lib/aws-certificatemanager'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import * as route53 from 'aws-cdk-lib/aws-route53'
import { LoadBalancerTarget } from 'aws-cdk-lib/aws-route53-targets'
import { Construct } from 'constructs'
import { IDLE_SECONDS } from '../load-balancer.ts'
import { EdgeLogs, type ExistingEdgeLogsProps, type NewEdgeLogsProps } from './edge-logs.ts'
import { type ExistingFirewallProps, Firewall, type NewFirewallProps } from './firewall.ts'

export interface EdgeProps {
  readonly vpc: ec2.IVpc
  /** @default the public ones on the internet, else the private ones with a way out */
  readonly vpcSubnets?: ec2.SubnetSelection
  /** The name that clients use. */
  readonly domainName: string
  /**
   * The certificate of that name, which whoever gives it leads to the load balancer; or the public zone of the name,
   * in which certificate and name are made.
   */
  readonly tls: { readonly certificate: acm.ICertificate } | { readonly hostedZone: route53.IHostedZone }
  /**
   * Who may connect.
   * @default the addresses of the VPC
   */
  readonly clients?: ec2.IPeer[]
  /**
   * Reachable from the internet, for the `clients`.
   * @default false
   */
  readonly internetFacing?: boolean
  /**
   * Port 80 leads to 443; otherwise nothing listens there.
   * @default false
   */
  readonly redirectHttp?: boolean
  /** @default a web ACL with AWS's rules */
  readonly firewall?: NewFirewallProps | ExistingFirewallProps
  /** @default a bucket that keeps them for a year */
  readonly logs?: NewEdgeLogsProps | ExistingEdgeLogsProps
  /**
   * The longest that a request or an answer may be silent; a transfer of hours never is.
   * @default 11 minutes: longer than servers let S3 put a large upload together
   */
  readonly idleTimeout?: Duration
  /**
   * Refuse to delete the load balancer.
   * @default true
   */
  readonly deletionProtection?: boolean
}

/** The way in: a load balancer that speaks TLS only, behind a firewall, and is internal unless told. */
export class Edge extends Construct {
  readonly loadBalancer: elb.ApplicationLoadBalancer
  /** Takes the traffic; whoever serves it adds its targets. */
  readonly listener: elb.ApplicationListener
  readonly firewall: Firewall
  readonly logs: EdgeLogs
  readonly url: string

  constructor(scope: Construct, id: string, props: EdgeProps) {
    super(scope, id)
    const { vpc, internetFacing = false, clients = [ec2.Peer.ipv4(vpc.vpcCidrBlock)] } = props
    if (internetFacing && !props.clients) throw new Error('internetFacing needs clients: say who may connect')
    this.loadBalancer = new elb.ApplicationLoadBalancer(this, 'LoadBalancer', {
      vpc,
      internetFacing,
      vpcSubnets: props.vpcSubnets ?? {
        subnetType: internetFacing ? ec2.SubnetType.PUBLIC : ec2.SubnetType.PRIVATE_WITH_EGRESS,
      },
      dropInvalidHeaderFields: true,
      desyncMitigationMode: elb.DesyncMitigationMode.STRICTEST,
      idleTimeout: props.idleTimeout ?? Duration.seconds(IDLE_SECONDS.fallback),
      deletionProtection: props.deletionProtection ?? true,
    })
    this.listener = this.loadBalancer.addListener('Https', {
      port: 443,
      open: false,
      certificates: [this.certificate(props)],
      sslPolicy: elb.SslPolicy.TLS13_13_PQ,
    })
    for (const peer of clients) this.listener.connections.allowDefaultPortFrom(peer)
    if (props.redirectHttp) this.redirectHttp(clients)
    this.firewall = new Firewall(this, 'Firewall', props.firewall)
    this.firewall.protect(this.loadBalancer.loadBalancerArn)
    this.logs = new EdgeLogs(this, 'Logs', props.logs)
    this.logs.writeFrom(this.loadBalancer)
    this.url = `https://${props.domainName}`
  }

  private certificate({ tls, domainName }: EdgeProps): acm.ICertificate {
    if ('certificate' in tls) return tls.certificate
    const { hostedZone } = tls
    new route53.ARecord(this, 'Name', {
      zone: hostedZone,
      recordName: `${domainName}.`,
      target: route53.RecordTarget.fromAlias(new LoadBalancerTarget(this.loadBalancer)),
    })
    return new acm.Certificate(this, 'Certificate', {
      domainName,
      validation: acm.CertificateValidation.fromDns(hostedZone),
    })
  }

  private redirectHttp(clients: readonly ec2.IPeer[]): void {
    const { connections } = this.loadBalancer.addRedirect({ open: false })
    for (const peer of clients) connections.allowFrom(peer, ec2.Port.tcp(80))
  }
}
