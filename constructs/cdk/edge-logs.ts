import { Duration, Stack } from 'aws-cdk-lib'
import type { ApplicationLoadBalancer } from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as s3 from 'aws-cdk-lib/aws-s3'
import { Construct } from 'constructs'
import { PRIVATE_BUCKET } from './private-bucket.ts'

export interface NewEdgeLogsProps {
  /**
   * Days to keep a log.
   * @default 365
   */
  readonly days?: number
}

export interface ExistingEdgeLogsProps {
  /** A bucket of this region, without a key of its own, that load balancers of this account may write logs to. */
  readonly bucket: s3.IBucket
}

/** Which of the logs of a load balancer it is, and where in the bucket. */
const LOGS = { access_logs: 'access', connection_logs: 'connections' } as const

/** Where a load balancer logs its requests and connections: a bucket of its own, or the one it is given. */
export class EdgeLogs extends Construct {
  readonly bucket: s3.IBucket

  constructor(scope: Construct, id: string, props: NewEdgeLogsProps | ExistingEdgeLogsProps = {}) {
    super(scope, id)
    this.bucket = 'bucket' in props ? props.bucket : this.makeBucket(props)
  }

  writeFrom(loadBalancer: ApplicationLoadBalancer): void {
    for (const [name, prefix] of Object.entries(LOGS)) {
      loadBalancer.setAttribute(`${name}.s3.enabled`, 'true')
      loadBalancer.setAttribute(`${name}.s3.bucket`, this.bucket.bucketName)
      loadBalancer.setAttribute(`${name}.s3.prefix`, prefix)
    }
    // Without the policy the load balancer is refused.
    if (this.bucket.policy) loadBalancer.node.addDependency(this.bucket.policy)
  }

  private makeBucket({ days = 365 }: NewEdgeLogsProps): s3.Bucket {
    const bucket = new s3.Bucket(this, 'Bucket', {
      // The only encryption with which load balancers write their logs.
      encryption: s3.BucketEncryption.S3_MANAGED,
      ...PRIVATE_BUCKET,
      versioned: true,
      lifecycleRules: [
        {
          expiration: Duration.days(days),
          noncurrentVersionExpiration: Duration.days(30),
          abortIncompleteMultipartUploadAfter: Duration.days(7),
        },
      ],
    })
    this.admitLoadBalancers(bucket)
    return bucket
  }

  /**
   * Not by `logAccessLogs`: it names an account of AWS's for each region and so needs to know the region, and lets a
   * second service write that writes no such logs.
   */
  private admitLoadBalancers(bucket: s3.Bucket): void {
    const { account } = Stack.of(this)
    bucket.addToResourcePolicy(
      new iam.PolicyStatement({
        principals: [new iam.ServicePrincipal('logdelivery.elasticloadbalancing.amazonaws.com')],
        actions: ['s3:PutObject'],
        resources: Object.values(LOGS).map((prefix) =>
          bucket.arnForObjects(`${prefix}/AWSLogs/${account}/*`),
        ),
      }),
    )
  }
}
