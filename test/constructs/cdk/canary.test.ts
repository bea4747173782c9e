import { Template } from 'aws-cdk-lib/assertions'
import * as ecs from 'aws-cdk-lib/aws-ecs'
import { ListenerAction } from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import { Secret } from 'aws-cdk-lib/aws-secretsmanager'
import { beforeAll, describe, expect, it } from 'vitest'
import { AlarmTopic } from '../../../constructs/cdk/alarm-topic.ts'
import { Canary, type CanaryProps } from '../../../constructs/cdk/canary.ts'
import { Cluster } from '../../../constructs/cdk/cluster.ts'
import { newLogKey } from '../../../constructs/cdk/log-key.ts'
import { emptyStack, onlyResource, plainEdge, plainVpc, type Resource, statementsOf } from './stack.ts'

describe('a canary', () => {
  let stack: ReturnType<typeof withCanary>
  beforeAll(() => {
    stack = withCanary()
  })

  it('runs the command of the image with its token as a secret, confined', () => {
    const [container] = onlyResource(stack, 'AWS::ECS::TaskDefinition').Properties.ContainerDefinitions
    expect(container).toMatchObject({
      Image: 'trackyard:1.2.3',
      Command: ['canary', '--url', 'https://mlflow.example.com/prefix', '--json'],
      Secrets: [{ Name: 'MLFLOW_TRACKING_TOKEN', ValueFrom: { Ref: expect.stringMatching(/^Token/) } }],
      User: '50000:50000',
      ReadonlyRootFilesystem: true,
      DockerSecurityOptions: ['no-new-privileges'],
      LinuxParameters: { Capabilities: { Drop: ['ALL'] } },
    })
    expect(JSON.stringify([container.Environment, container.Command])).not.toContain('Token')
  })

  it('is started every few minutes, and not again when that fails', () => {
    const { ScheduleExpression, State, Target } = ofCanary('AWS::Scheduler::Schedule').Properties
    expect([ScheduleExpression, State]).toEqual(['rate(5 minutes)', 'ENABLED'])
    expect(Target).toMatchObject({
      EcsParameters: {
        TaskDefinitionArn: { Ref: expect.stringMatching(/^CanaryTask/) },
        CapacityProviderStrategy: [{ CapacityProvider: expect.anything(), Weight: 1 }],
        NetworkConfiguration: { AwsvpcConfiguration: { SecurityGroups: [expect.anything()] } },
      },
      RetryPolicy: { MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 0 },
    })
    expect(Target.EcsParameters.LaunchType).toBeUndefined()
  })

  it('lets the scheduler run this task, and the task itself do nothing', () => {
    expect(statementsOf(stack, 'CanaryTaskTaskRole')).toEqual([])
    const statements = statementsOf(stack, 'SchedulerRole')
    expect(statements.map(({ Action }) => Action)).toEqual(['iam:PassRole', 'ecs:RunTask'])
    expect(JSON.stringify(statements)).not.toContain('"Resource":"*"')
  })

  it('reaches the load balancer and nothing else', () => {
    const [own, ...others] = egressOf(stack)
    expect(own).toMatchObject({ IpProtocol: 'tcp', FromPort: 443, ToPort: 443 })
    expect(own?.DestinationSecurityGroupId['Fn::GetAtt'][0]).toMatch(/^EdgeLoadBalancer/)
    expect(others).toEqual([])
  })

  it('goes out and in again where the load balancer is on the internet', () => {
    const open = withCanary({ throughInternet: true })
    const groups = Object.values(
      Template.fromStack(open).findResources('AWS::EC2::SecurityGroup'),
    ) as Resource[]
    const [canary] = groups.filter(({ Properties }) => /^The canary/.test(Properties.GroupDescription))
    expect(canary?.Properties.SecurityGroupEgress).toMatchObject([{ CidrIp: '0.0.0.0/0', FromPort: 443 }])
    expect(egressOf(open)).toEqual([])
  })

  it('is an alarm when it fails twice, or is silent, from the line that it logs', () => {
    expect(onlyResource(stack, 'AWS::CloudWatch::Alarm').Properties).toMatchObject({
      Namespace: 'Trackyard/Test',
      MetricName: 'CanaryFailed',
      Statistic: 'Maximum',
      Period: 300,
      EvaluationPeriods: 3,
      DatapointsToAlarm: 2,
      TreatMissingData: 'breaching',
      AlarmDescription: expect.stringMatching(/Next: /),
    })
    const filters = Object.values(Template.fromStack(stack).findResources('AWS::Logs::MetricFilter'))
    expect(
      filters.map(({ Properties }) => [
        Properties.FilterPattern,
        Properties.MetricTransformations[0].MetricName,
        Properties.MetricTransformations[0].MetricValue,
      ]),
    ).toEqual([
      ['{ $.canary.failed >= 0 }', 'CanaryFailed', '$.canary.failed'],
      ['{ $.canary.ms >= 0 }', 'CanaryMilliseconds', '$.canary.ms'],
    ])
  })

  it('logs with the key it is given', () => {
    const { KmsKeyId, RetentionInDays } = ofCanary('AWS::Logs::LogGroup').Properties
    expect(KmsKeyId['Fn::GetAtt'][0]).toMatch(/^LogKey/)
    expect(RetentionInDays).toBe(30)
  })

  /** The cluster and the load balancer have some of their own. */
  function ofCanary(type: string): Resource {
    const found = Object.entries(Template.fromStack(stack).findResources(type))
    return found.find(([id]) => id.startsWith('Canary'))?.[1] as Resource
  }

  it.each([0, 1, 7, 61, Number.NaN])('does not run every %s minutes', (everyMinutes) => {
    expect(() => withCanary({ everyMinutes })).toThrow(`everyMinutes must divide an hour and be at least 2`)
  })
})

function withCanary(props: Partial<CanaryProps> = {}) {
  const stack = emptyStack()
  const vpc = plainVpc(stack)
  const { cluster, capacityProviderName } = new Cluster(stack, 'Cluster', { vpc })
  const edge = plainEdge(stack, vpc)
  edge.listener.addAction('Answer', { action: ListenerAction.fixedResponse(200) })
  new Canary(stack, 'Canary', {
    cluster,
    capacityProviderName,
    image: ecs.ContainerImage.fromRegistry('trackyard:1.2.3'),
    url: `${edge.url}/prefix`,
    listener: edge.listener,
    token: new Secret(stack, 'Token'),
    topic: new AlarmTopic(stack, 'Alarms').topic,
    logEncryptionKey: newLogKey(stack, 'LogKey'),
    ...props,
  })
  return stack
}

function egressOf(stack: ReturnType<typeof emptyStack>): Resource[] {
  const found = Object.values(Template.fromStack(stack).findResources('AWS::EC2::SecurityGroupEgress'))
  return found
    .map(({ Properties }) => Properties as Resource)
    .filter(({ GroupId }) => GroupId['Fn::GetAtt'][0].startsWith('Canary'))
}
