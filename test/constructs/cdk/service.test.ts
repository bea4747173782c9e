import { Duration, Fn, Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import * as ecs from 'aws-cdk-lib/aws-ecs'
import { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import { describe, expect, it } from 'vitest'
import { Cluster } from '../../../constructs/cdk/cluster.ts'
import { Service, type ServiceProps } from '../../../constructs/cdk/service.ts'
import type { TrackingSettingsInput } from '../../../constructs/settings.ts'
import { emptyStack, onlyResource, plainEdge, plainVpc, type Resource, statementsOf } from './stack.ts'

const OIDC = { kind: 'oidc', issuer: 'https://id.example.com', clientId: 'trackyard' } as const
const SESSION_KEY = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:session-key-AbCdEf'

describe('a service', () => {
  it('confines its containers', () => {
    expect(containerOf(withService())).toMatchObject({
      User: '50000:50000',
      ReadonlyRootFilesystem: true,
      DockerSecurityOptions: ['no-new-privileges'],
      LinuxParameters: {
        Capabilities: { Drop: ['ALL'] },
        Tmpfs: [{ ContainerPath: '/tmp', MountOptions: ['noexec', 'nosuid', 'nodev'] }],
      },
      Memory: 1024,
    })
    expect(containerOf(withService()).Privileged).toBeUndefined()
  })

  it('takes user and password of the database from the secret, and its address from the settings', () => {
    const container = containerOf(withService())
    expect(container.Secrets).toBeUndefined()
    expect(container.Environment).toContainEqual({
      Name: 'TRACKYARD_DATABASE_SECRET',
      Value: { Ref: expect.stringMatching(/^Credentials/) },
    })
    expect(container.Environment).toContainEqual({
      Name: 'MLFLOW_BACKEND_STORE_URI',
      Value: 'postgresql://db.internal:5432/mlflow?sslmode=verify-full',
    })
    expect(container.Environment).toContainEqual({
      Name: 'MLFLOW_ARTIFACTS_DESTINATION',
      Value: 's3://models',
    })
  })

  it('passes on settings that are known only when it is deployed', () => {
    const host = Fn.importValue('DatabaseHost')
    const container = containerOf(withService({ database: { kind: 'postgres', host } }))
    expect(container.Environment).toContainEqual({
      Name: 'MLFLOW_BACKEND_STORE_URI',
      Value: {
        'Fn::Join': [
          '',
          ['postgresql://', { 'Fn::ImportValue': 'DatabaseHost' }, ':5432/mlflow?sslmode=verify-full'],
        ],
      },
    })
  })

  it('lets the servers read this secret and no other, and ECS none', () => {
    const stack = withService()
    expect(statementsOf(stack, 'TaskRole')).toEqual([
      {
        Effect: 'Allow',
        Action: 'secretsmanager:GetSecretValue',
        Resource: { Ref: expect.stringMatching(/^Credentials/) },
      },
    ])
    expect(JSON.stringify(statementsOf(stack, 'ExecutionRole'))).not.toContain('secretsmanager:')
  })

  it('is rolled back when new containers do not come up, and never has fewer than it should', () => {
    expect(onlyResource(withService({ replicas: 3 }), 'AWS::ECS::Service').Properties).toMatchObject({
      DesiredCount: 3,
      DeploymentConfiguration: {
        DeploymentCircuitBreaker: { Enable: true, Rollback: true },
        MinimumHealthyPercent: 100,
        MaximumPercent: 200,
      },
    })
  })

  it('is rolled back when its servers fail requests', () => {
    const stack = withService()
    const { Properties, DependsOn } = onlyResource(stack, 'AWS::ECS::Service')
    const [alarmId, alarm] =
      Object.entries(Template.fromStack(stack).findResources('AWS::CloudWatch::Alarm'))[0] ?? []
    expect(alarm?.Properties).toMatchObject({ MetricName: 'HTTPCode_Target_5XX_Count', Threshold: 10 })
    expect(Properties.DeploymentConfiguration.Alarms).toEqual({
      AlarmNames: [alarm?.Properties.AlarmName],
      Enable: true,
      Rollback: true,
    })
    // A token would make service and alarm wait for each other.
    expect(alarm?.Properties.AlarmName).toMatch(/^Test-Service-FailedRequests-/)
    expect(DependsOn).toContain(alarmId)
  })

  it('is rolled back by the alarms it is told, and makes none then', () => {
    const stack = withService({}, { rollbackAt: ['slow', 'failing'] })
    const { DeploymentConfiguration } = onlyResource(stack, 'AWS::ECS::Service').Properties
    expect(DeploymentConfiguration.Alarms.AlarmNames).toEqual(['slow', 'failing'])
    Template.fromStack(stack).resourceCountIs('AWS::CloudWatch::Alarm', 0)
  })

  it('follows CPU and requests between its bounds, and keeps what scaling added when it is deployed', () => {
    const stack = withService({ replicas: 2 }, { maxReplicas: 5, targetRequestsPerMinute: 600 })
    expect(onlyResource(stack, 'AWS::ECS::Service').Properties.DesiredCount).toBeUndefined()
    expect(onlyResource(stack, 'AWS::ApplicationAutoScaling::ScalableTarget').Properties).toMatchObject({
      MinCapacity: 2,
      MaxCapacity: 5,
    })
    const policies = Template.fromStack(stack).findResources('AWS::ApplicationAutoScaling::ScalingPolicy')
    const targets = Object.values(policies).map(
      ({ Properties }) => Properties.TargetTrackingScalingPolicyConfiguration,
    )
    expect(
      targets.map(({ TargetValue, PredefinedMetricSpecification: { PredefinedMetricType } }) => [
        PredefinedMetricType,
        TargetValue,
      ]),
    ).toEqual([
      ['ECSServiceAverageCPUUtilization', 60],
      ['ALBRequestCountPerTarget', 600],
    ])
  })

  it('is spread over zones, then over instances', () => {
    expect(onlyResource(withService(), 'AWS::ECS::Service').Properties).toMatchObject({
      AvailabilityZoneRebalancing: 'ENABLED',
      PlacementStrategies: [
        { Field: 'attribute:ecs.availability-zone', Type: 'spread' },
        { Field: 'instanceId', Type: 'spread' },
      ],
    })
  })

  it('is reached by its load balancer on its port, and reaches 443', () => {
    const stack = withService()
    const template = Template.fromStack(stack)
    const groups = template.findResources('AWS::EC2::SecurityGroup')
    const [, servers] = Object.entries(groups).find(([id]) => id.startsWith('ServiceSecurityGroup')) ?? []
    expect(servers?.Properties.SecurityGroupIngress).toBeUndefined()
    expect(servers?.Properties.SecurityGroupEgress).toEqual([
      expect.objectContaining({ CidrIp: '0.0.0.0/0', FromPort: 443, ToPort: 443, IpProtocol: 'tcp' }),
    ])
    expect(onlyResource(stack, 'AWS::EC2::SecurityGroupIngress').Properties).toMatchObject({
      FromPort: 5000,
      ToPort: 5000,
      GroupId: { 'Fn::GetAtt': [expect.stringMatching(/^ServiceSecurityGroup/), 'GroupId'] },
      SourceSecurityGroupId: {
        'Fn::GetAtt': [expect.stringMatching(/^EdgeLoadBalancerSecurityGroup/), 'GroupId'],
      },
    })
  })

  it('keeps its log, encrypted', () => {
    const groups = Template.fromStack(withService()).findResources('AWS::Logs::LogGroup')
    const [, log] = Object.entries(groups).find(([id]) => id.startsWith('ServiceLog')) ?? []
    const { Properties, DeletionPolicy } = log as Resource
    expect(DeletionPolicy).toBe('Retain')
    expect(Properties.KmsKeyId['Fn::GetAtt'][0]).toMatch(/^ServiceLogKey/)
  })

  it('gives requests in flight the time to end', () => {
    const stack = withService(
      { drainSeconds: 90, staticPrefix: '/mlflow' },
      { uploadTime: Duration.minutes(10) },
    )
    const container = containerOf(stack)
    expect(container.StopTimeout).toBe(100)
    expect(container.HealthCheck.Command).toEqual(['CMD', 'trackyard', 'health'])
    expect(onlyResource(stack, 'AWS::ElasticLoadBalancingV2::TargetGroup').Properties).toMatchObject({
      HealthCheckPath: '/mlflow/health',
      UnhealthyThresholdCount: 5,
      TargetGroupAttributes: expect.arrayContaining([
        { Key: 'deregistration_delay.timeout_seconds', Value: '600' },
      ]),
    })
  })

  it('has settings that the stack makes, and the names of secrets instead of their values', () => {
    const stack = withService(
      { hostName: 'mlflow.example.com', port: 443, signOn: { people: OIDC } },
      {
        config: { trustedProxies: [Fn.importValue('Range'), '10.1.0.0/16'] },
        secrets: {
          secretKey: ecs.Secret.fromSecretsManager(
            Secret.fromSecretCompleteArn(new Stack(), 'SessionKey', SESSION_KEY),
          ),
        },
      },
    )
    const { Environment, Secrets } = containerOf(stack)
    expect(Environment).toContainEqual({
      Name: 'TRACKYARD_TRUSTED_PROXIES',
      Value: { 'Fn::Join': ['', [{ 'Fn::ImportValue': 'Range' }, ',10.1.0.0/16']] },
    })
    expect(Secrets.map(({ Name }: Resource) => Name)).toEqual(['MLFLOW_FLASK_SERVER_SECRET_KEY'])
    expect(JSON.stringify(Environment)).not.toMatch(/SECRET_KEY|stand-in|2001:db8/)
  })

  it('refuses settings that no server would start with', () => {
    expect(() => withService({ workers: 65 })).toThrow('workers=65: must be a whole number from 1 to 64')
    expect(() => withService({ database: { kind: 'sqlite' } })).toThrow(/use kind postgres/)
    expect(() => withService({ replicas: 3 }, { maxReplicas: 2 })).toThrow(
      'maxReplicas must be at least replicas (3), got 2',
    )
  })
})

function withService(settings: Partial<TrackingSettingsInput> = {}, props: Partial<ServiceProps> = {}) {
  const stack = emptyStack()
  const vpc = plainVpc(stack)
  const { cluster, capacityProviderName } = new Cluster(stack, 'Cluster', { vpc })
  const service = new Service(stack, 'Service', {
    cluster,
    capacityProviderName,
    image: ecs.ContainerImage.fromRegistry('trackyard:1.2.3'),
    databaseCredentials: new Secret(stack, 'Credentials'),
    settings: {
      tier: 'enterprise',
      database: { kind: 'postgres', host: 'db.internal' },
      artifacts: { kind: 's3', bucket: 'models' },
      ...settings,
    },
    ...props,
  })
  service.serveOn(plainEdge(stack, vpc).listener)
  return stack
}

function containerOf(stack: ReturnType<typeof emptyStack>) {
  return onlyResource(stack, 'AWS::ECS::TaskDefinition').Properties.ContainerDefinitions[0]
}
