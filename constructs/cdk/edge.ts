import { Duration } from 'aws-cdk-lib'
import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import { Construct } from 'constructs'

export interface EdgeProps {
  readonly vpc: ec2.IVpc
  /** @default the public ones on the internet, else the private ones with a way out */
  readonly vpcSubnets?: ec2.SubnetSelection
  /**
   * Who may connect.
   * @default the addresses of the VPC
   */
  readonly clients?: ec2.IPeer[]
  /**
   * TLS, and the name that clients use; it must lead to the load balancer.
   * @default plain HTTP under the load balancer's own name, inside the VPC only
   */
  readonly tls?: { readonly certificate: ICertificate; readonly domainName: string }
  /**
   * Reachable from the internet, for the `clients`; needs `tls`.
   * @default false
   */
  readonly internetFacing?: boolean
  /**
   * Refuse to delete the load balancer.
   * @default true
   */
  readonly deletionProtection?: boolean
}

/** The way in: a load balancer that speaks TLS as soon as it has a certificate, and is internal unless told. */
export class Edge extends Construct {
  readonly loadBalancer: elb.ApplicationLoadBalancer
  /** Takes the traffic; whoever serves it adds its targets. */
  readonly listener: elb.ApplicationListener
  /** The name in the Host header of what clients send. */
  readonly hostName: string
  readonly url: string

  constructor(scope: Construct, id: string, props: EdgeProps) {
    super(scope, id)
    const { vpc, tls, internetFacing = false, deletionProtection = true } = props
    if (internetFacing && !(tls && props.clients)) {
      throw new Error('internetFacing needs tls and clients: give a certificate, and say who may connect')
    }
    this.loadBalancer = new elb.ApplicationLoadBalancer(this, 'LoadBalancer', {
      vpc,
      internetFacing,
      vpcSubnets: props.vpcSubnets ?? {
        subnetType: internetFacing ? ec2.SubnetType.PUBLIC : ec2.SubnetType.PRIVATE_WITH_EGRESS,
      },
      dropInvalidHeaderFields: true,
      // Shorter than the server keeps an idle connection, or requests meet one that it has just closed.
      idleTimeout: Duration.seconds(60),
      deletionProtection,
    })
    this.listener = tls ? this.listenHttps(tls.certificate) : this.listenHttp()
    for (const peer of props.clients ?? [ec2.Peer.ipv4(vpc.vpcCidrBlock)]) this.admit(peer)
    this.hostName = tls?.domainName ?? this.loadBalancer.loadBalancerDnsName
    this.url = `${tls ? 'https' : 'http'}://${this.hostName}`
  }

  private listenHttp(): elb.ApplicationListener {
    return this.loadBalancer.addListener('Http', { port: 80, open: false })
  }

  private listenHttps(certificate: ICertificate): elb.ApplicationListener {
    this.loadBalancer.addRedirect({ open: false })
    return this.loadBalancer.addListener('Https', {
      port: 443,
      open: false,
      certificates: [certificate],
      sslPolicy: elb.SslPolicy.RECOMMENDED_TLS,
    })
  }

  private admit(peer: ec2.IPeer): void {
    this.listener.connections.allowDefaultPortFrom(peer)
    if (this.listener.port !== 80) this.loadBalancer.connections.allowFrom(peer, ec2.Port.tcp(80))
  }
}
