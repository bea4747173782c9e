/** What is watched: on the dashboard, and by the alarms. */
import { Duration } from 'aws-cdk-lib'
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch'
import type * as ecs from 'aws-cdk-lib/aws-ecs'
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import type * as rds from 'aws-cdk-lib/aws-rds'
import type * as s3 from 'aws-cdk-lib/aws-s3'

/** What a stack consists of, in the eyes of CloudWatch. */
export interface Watched {
  readonly loadBalancer: elb.IApplicationLoadBalancer
  readonly targetGroup: elb.IApplicationTargetGroup
  readonly service: ecs.BaseService
  readonly database: rds.IDatabaseInstance
  readonly bucket: s3.IBucket
}

const MINUTE = Duration.minutes(1)
const FIVE_MINUTES = Duration.minutes(5)

/** Where S3 counts bytes: a bucket's size is the sum of these. */
const STORAGE_TYPES = [
  'StandardStorage',
  'StandardIAStorage',
  'IntelligentTieringFAStorage',
  'IntelligentTieringIAStorage',
  'IntelligentTieringAIAStorage',
  'GlacierInstantRetrievalStorage',
]

export function edgeMetrics({ loadBalancer, targetGroup }: Watched) {
  const responseTime = (statistic: string) =>
    loadBalancer.metrics.targetResponseTime({ statistic, period: FIVE_MINUTES })
  const sum = { statistic: 'Sum', period: FIVE_MINUTES }
  const { HttpCodeElb, HttpCodeTarget } = elb
  const target = (code: elb.HttpCodeTarget) => targetGroup.metrics.httpCodeTarget(code, sum)
  return {
    requests: loadBalancer.metrics.requestCount(sum),
    responseTimes: ['p50', 'p90', 'p99'].map((one) => responseTime(one).with({ label: one })),
    responseTimeP95: responseTime('p95'),
    serverErrors: target(HttpCodeTarget.TARGET_5XX_COUNT),
    clientErrors: target(HttpCodeTarget.TARGET_4XX_COUNT),
    balancerErrors: loadBalancer.metrics.httpCodeElb(HttpCodeElb.ELB_5XX_COUNT, sum),
    healthyServers: targetGroup.metrics.healthyHostCount({ statistic: 'Minimum', period: MINUTE }),
    unhealthyServers: targetGroup.metrics.unhealthyHostCount({ statistic: 'Maximum', period: MINUTE }),
  }
}

export function serviceMetrics({ service }: Watched) {
  const insights = (metricName: string) =>
    new cloudwatch.Metric({
      namespace: 'ECS/ContainerInsights',
      metricName,
      dimensionsMap: { ClusterName: service.cluster.clusterName, ServiceName: service.serviceName },
      statistic: 'Average',
      period: FIVE_MINUTES,
    })
  return {
    cpu: service.metricCpuUtilization({ period: FIVE_MINUTES }),
    memory: service.metricMemoryUtilization({ period: FIVE_MINUTES }),
    running: insights('RunningTaskCount'),
    desired: insights('DesiredTaskCount'),
  }
}

export function databaseMetrics({ database }: Watched) {
  const metric = (metricName: string, statistic = 'Average') =>
    new cloudwatch.Metric({
      namespace: 'AWS/RDS',
      metricName,
      dimensionsMap: { DBInstanceIdentifier: database.instanceIdentifier },
      statistic,
      period: FIVE_MINUTES,
    })
  return {
    cpu: metric('CPUUtilization'),
    connections: metric('DatabaseConnections', 'Maximum'),
    freeStorage: metric('FreeStorageSpace', 'Minimum'),
    freeMemory: metric('FreeableMemory', 'Minimum'),
    readLatency: metric('ReadLatency'),
    writeLatency: metric('WriteLatency'),
  }
}

/** S3 reports these once a day. */
export function bucketMetrics({ bucket }: Watched) {
  const daily = (metricName: string, StorageType: string) =>
    new cloudwatch.Metric({
      namespace: 'AWS/S3',
      metricName,
      dimensionsMap: { BucketName: bucket.bucketName, StorageType },
      label: StorageType,
      statistic: 'Average',
      period: Duration.days(1),
    })
  return {
    sizes: STORAGE_TYPES.map((type) => daily('BucketSizeBytes', type)),
    objects: daily('NumberOfObjects', 'AllStorageTypes'),
  }
}
