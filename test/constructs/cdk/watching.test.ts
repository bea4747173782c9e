import { Template } from 'aws-cdk-lib/assertions'
import * as ecs from 'aws-cdk-lib/aws-ecs'
import { ApplicationProtocol } from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import { LogGroup } from 'aws-cdk-lib/aws-logs'
import { Bucket } from 'aws-cdk-lib/aws-s3'
import { beforeAll, describe, expect, it } from 'vitest'
import { AlarmTopic } from '../../../constructs/cdk/alarm-topic.ts'
import { Cluster } from '../../../constructs/cdk/cluster.ts'
import { Database } from '../../../constructs/cdk/database.ts'
import { LOG_METRICS } from '../../../constructs/cdk/log-metrics.ts'
import { LOG_QUERIES } from '../../../constructs/cdk/log-queries.ts'
import type { Thresholds } from '../../../constructs/cdk/watched-alarms.ts'
import { Watching } from '../../../constructs/cdk/watching.ts'
import { emptyStack, plainEdge, plainVpc, type Resource } from './stack.ts'

describe('a watched stack', () => {
  let template: Template
  let alarms: Resource[]
  beforeAll(() => {
    template = Template.fromStack(watchedStack())
    alarms = Object.values(template.findResources('AWS::CloudWatch::Alarm'))
  })

  it('has alarms that go to the topic, say what to do next, and know what silence means', () => {
    expect(alarms.length).toBeGreaterThan(10)
    const topic = [{ Ref: expect.stringMatching(/^AlarmTopic/) }]
    for (const { Properties } of alarms) {
      expect(Properties).toMatchObject({ AlarmActions: topic, OKActions: topic })
      expect(Properties.ActionsEnabled).not.toBe(false)
      expect(Properties.AlarmDescription).toMatch(/^[A-Z].{20,}\. .*Next: .{20,}\.$/)
      expect(Properties.AlarmDescription.length).toBeLessThanOrEqual(1024)
      expect(['breaching', 'notBreaching']).toContain(Properties.TreatMissingData)
    }
  })

  it('is in alarm when there is silence of what always speaks', () => {
    const bad = alarms.filter(({ Properties }) => Properties.TreatMissingData === 'breaching')
    expect(bad.map(({ Properties }) => Properties.MetricName).toSorted()).toEqual([
      ...['CPUUtilization', 'CPUUtilization', 'HealthyHostCount', 'MemoryUtilization'],
    ])
  })

  it('watches nothing that is not in the template', () => {
    const metrics = [...alarms.flatMap(metricsOfAlarm), ...metricsOfDashboard(template)]
    expect(metrics.length).toBeGreaterThan(40)
    const filters = Object.values(template.findResources('AWS::Logs::MetricFilter')) as Resource[]
    const ours = filters.map(({ Properties }) => Properties.MetricTransformations[0])
    for (const { namespace, name, dimensions } of metrics) {
      if (namespace.startsWith('Trackyard/')) {
        expect(ours).toContainEqual(expect.objectContaining({ MetricNamespace: namespace, MetricName: name }))
        expect(dimensions).toEqual({})
        continue
      }
      const { StorageType, ...ids } = dimensions
      for (const [dimension, value] of Object.entries(ids)) {
        const id = /"(?:Ref|Fn::GetAtt)":\[?"(\w+)"/.exec(value)?.[1] ?? ''
        const { Type } = (template.toJSON().Resources[id] ?? { Type: `none: ${value}` }) as Resource
        expect(TYPE_OF[dimension], `${namespace} ${name} ${dimension}`).toContain(Type)
      }
      expect(DIMENSIONS[namespace], name).toContainEqual(Object.keys(dimensions))
    }
  })

  it('takes its thresholds from the settings', () => {
    const strict = Template.fromStack(watchedStack({ responseSeconds: 0.5, freeStorageGiB: 20, refusals: 7 }))
    strict.hasResourceProperties('AWS::CloudWatch::Alarm', {
      MetricName: 'TargetResponseTime',
      Threshold: 0.5,
    })
    strict.hasResourceProperties('AWS::CloudWatch::Alarm', {
      MetricName: 'FreeStorageSpace',
      Threshold: 20 * 2 ** 30,
      ComparisonOperator: 'LessThanOrEqualToThreshold',
    })
    strict.hasResourceProperties('AWS::CloudWatch::Alarm', { MetricName: 'Refusals', Threshold: 7 })
  })

  it('counts a few errors among few requests as none', () => {
    const [rate] = alarms.filter(
      ({ Properties }) => Properties.Metrics?.length === 3 && /5xx/.test(Properties.AlarmDescription),
    )
    expect(rate?.Properties.Metrics[0].Expression).toBe(
      'IF(requests >= 50, 100 * FILL(errors, 0) / requests, 0)',
    )
  })

  it('saves its questions to the log of the servers', () => {
    const saved = Object.values(template.findResources('AWS::Logs::QueryDefinition')) as Resource[]
    expect(saved.map(({ Properties }) => Properties.Name)).toEqual(
      Object.keys(LOG_QUERIES).map((name) => `Test/${name}`),
    )
    for (const { Properties } of saved) {
      expect(Properties.LogGroupNames).toEqual([{ Ref: expect.stringMatching(/^ServerLog/) }])
    }
    expect(Object.keys(LOG_METRICS)).toHaveLength(
      Object.keys(template.findResources('AWS::Logs::MetricFilter')).length,
    )
  })
})

/** What a dimension must name. */
const TYPE_OF: Record<string, string[]> = {
  // A listener's ARN holds the name of its load balancer.
  LoadBalancer: ['AWS::ElasticLoadBalancingV2::LoadBalancer', 'AWS::ElasticLoadBalancingV2::Listener'],
  TargetGroup: ['AWS::ElasticLoadBalancingV2::TargetGroup'],
  ClusterName: ['AWS::ECS::Cluster'],
  ServiceName: ['AWS::ECS::Service'],
  DBInstanceIdentifier: ['AWS::RDS::DBInstance'],
  BucketName: ['AWS::S3::Bucket'],
}

/** The dimensions under which AWS has metrics of a namespace: under others there is none, and no error. */
const DIMENSIONS: Record<string, string[][]> = {
  'AWS/ApplicationELB': [['LoadBalancer'], ['LoadBalancer', 'TargetGroup']],
  'AWS/ECS': [['ClusterName', 'ServiceName']],
  'ECS/ContainerInsights': [['ClusterName', 'ServiceName']],
  'AWS/RDS': [['DBInstanceIdentifier']],
  'AWS/S3': [['BucketName', 'StorageType']],
}

interface FoundMetric {
  readonly namespace: string
  readonly name: string
  /** By name; what is not a text is JSON. */
  readonly dimensions: Record<string, string>
}

function metricsOfAlarm({ Properties }: Resource): FoundMetric[] {
  const { Metrics = [{ MetricStat: { Metric: Properties } }] } = Properties
  return Metrics.filter(({ MetricStat }: Resource) => MetricStat).map(
    ({ MetricStat: { Metric } }: Resource) => ({
      namespace: Metric.Namespace,
      name: Metric.MetricName,
      dimensions: Object.fromEntries(
        (Metric.Dimensions ?? []).map(({ Name, Value }: Resource) => [Name, JSON.stringify(Value)]),
      ),
    }),
  )
}

/** Its body is a text that tokens interrupt: each becomes a text that is its JSON. */
function metricsOfDashboard(template: Template): FoundMetric[] {
  const [dashboard] = Object.values(template.findResources('AWS::CloudWatch::Dashboard')) as Resource[]
  const parts: unknown[] = dashboard?.Properties.DashboardBody['Fn::Join'][1]
  const texts = parts.map((part) =>
    typeof part === 'string' ? part : JSON.stringify(JSON.stringify(part)).slice(1, -1),
  )
  const { widgets } = JSON.parse(texts.join(''))
  const rows: unknown[][] = widgets.flatMap(({ properties }: Resource) => properties.metrics ?? [])
  return rows
    .filter(([namespace]) => typeof namespace === 'string')
    .map((row) => {
      const [namespace = '', name = '', ...pairs] = row.filter((one) => typeof one === 'string')
      const names = pairs.filter((_, index) => index % 2 === 0)
      const dimensions = names.map((dimension, index) => [dimension, pairs[2 * index + 1]])
      return { namespace, name, dimensions: Object.fromEntries(dimensions) }
    })
}

function watchedStack(thresholds: Thresholds = {}) {
  const stack = emptyStack()
  const vpc = plainVpc(stack)
  const { cluster, capacityProviderName } = new Cluster(stack, 'Cluster', { vpc })
  const taskDefinition = new ecs.Ec2TaskDefinition(stack, 'Task')
  taskDefinition.addContainer('server', {
    image: ecs.ContainerImage.fromRegistry('trackyard'),
    memoryLimitMiB: 512,
    portMappings: [{ containerPort: 5000 }],
  })
  const service = new ecs.Ec2Service(stack, 'Service', {
    cluster,
    taskDefinition,
    minHealthyPercent: 100,
    circuitBreaker: { rollback: true },
    capacityProviderStrategies: [{ capacityProvider: capacityProviderName, weight: 1 }],
  })
  const { loadBalancer, listener } = plainEdge(stack, vpc)
  new Watching(stack, 'Watching', {
    watched: {
      loadBalancer,
      targetGroup: listener.addTargets('Server', {
        protocol: ApplicationProtocol.HTTP,
        targets: [service],
      }),
      service,
      database: new Database(stack, 'Database', { vpc }).instance,
      bucket: new Bucket(stack, 'Bucket'),
    },
    logGroup: new LogGroup(stack, 'ServerLog'),
    topic: new AlarmTopic(stack, 'AlarmTopic').topic,
    thresholds,
  })
  return stack
}
