import { Match, Template } from 'aws-cdk-lib/assertions'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import { beforeAll, describe, expect, it } from 'vitest'
import { Cluster, type ClusterProps } from '../../../constructs/cdk/cluster.ts'
import { emptyStack, onlyResource, plainVpc, statementsOf } from './stack.ts'

describe('a cluster', () => {
  let stack: ReturnType<typeof emptyStack>
  let template: Template
  beforeAll(() => {
    stack = withCluster({ minInstances: 3, maxInstanceDays: 7 })
    template = Template.fromStack(stack)
  })

  it('has instances with IMDSv2 only and an encrypted disk', () => {
    template.hasResourceProperties('AWS::EC2::LaunchTemplate', {
      LaunchTemplateData: {
        MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 1 },
        BlockDeviceMappings: [
          { DeviceName: '/dev/xvda', Ebs: { Encrypted: true, VolumeType: 'gp3', VolumeSize: 40 } },
        ],
        KeyName: Match.absent(),
      },
    })
  })

  it('keeps the rights of an instance from its containers', () => {
    expect(JSON.stringify(launchData(stack).UserData)).toContain('ECS_AWSVPC_BLOCK_IMDS=true')
  })

  it('lets ECS say how many instances it needs, and empties one before it ends', () => {
    template.hasResourceProperties('AWS::AutoScaling::AutoScalingGroup', {
      MinSize: '3',
      MaxSize: '6',
      NewInstancesProtectedFromScaleIn: true,
    })
    template.hasResourceProperties('AWS::ECS::CapacityProvider', {
      AutoScalingGroupProvider: {
        ManagedDraining: 'ENABLED',
        ManagedTerminationProtection: 'ENABLED',
        ManagedScaling: Match.objectLike({ Status: 'ENABLED' }),
      },
    })
  })

  it('replaces its instances before they are too old, the protected ones too', () => {
    template.hasResourceProperties('AWS::AutoScaling::AutoScalingGroup', { MaxInstanceLifetime: 604_800 })
    const { ScheduleExpression, Target } = onlyResource(stack, 'AWS::Scheduler::Schedule').Properties
    expect(ScheduleExpression).toBe('cron(0 3 1/7 * ? *)')
    expect(JSON.stringify(Target.Arn)).toContain('aws-sdk:autoscaling:startInstanceRefresh')
    const input = Target.Input['Fn::Join'][1]
    expect(
      JSON.parse(input.map((part: unknown) => (typeof part === 'string' ? part : 'name')).join('')),
    ).toEqual({
      AutoScalingGroupName: 'name',
      Preferences: expect.objectContaining({
        MinHealthyPercentage: 100,
        ScaleInProtectedInstances: 'Refresh',
        SkipMatching: false,
      }),
    })
  })

  it('lets nothing in and only HTTPS out', () => {
    const group = onlyResource(stack, 'AWS::EC2::SecurityGroup').Properties
    expect(group.SecurityGroupIngress).toBeUndefined()
    expect(group.SecurityGroupEgress).toEqual([
      expect.objectContaining({ CidrIp: '0.0.0.0/0', FromPort: 443, ToPort: 443, IpProtocol: 'tcp' }),
    ])
    template.resourceCountIs('AWS::EC2::SecurityGroupIngress', 0)
    template.resourceCountIs('AWS::EC2::SecurityGroupEgress', 0)
  })

  it('lets an instance be one of its instances and be entered by Session Manager, and nothing else', () => {
    const statements = statementsOf(stack, 'ClusterRole')
    expect(statements.map(({ Sid }) => Sid)).toEqual([
      'JoinCluster',
      'HearOfTasks',
      'BeManaged',
      'NoResourceToName',
    ])
    const actions: string[] = statements.flatMap(({ Action }) => Action)
    expect(actions.filter((action) => action.includes('*'))).toEqual([])
    const wide = statements.filter(({ Resource }) => Resource === '*').flatMap(({ Action }) => Action)
    expect(wide.map((action) => action.split(':')[0])).toEqual(['ecs', ...Array(4).fill('ssmmessages')])
    expect(onlyRole(template)).not.toHaveProperty('ManagedPolicyArns')
  })
})

describe('the processors of a cluster', () => {
  it.each([
    ['arm64', 'm7g.large', /amazon-linux-2023\/arm64\/recommended/],
    ['x86_64', 'm7i.large', /amazon-linux-2023\/recommended/],
  ] as const)('%s are those of its instances and of their image', (architecture, type, image) => {
    const { InstanceType, ImageId } = launchData(withCluster({ architecture }))
    expect(InstanceType).toBe(type)
    expect(ImageId).toMatch(/^resolve:ssm:/)
    expect(ImageId).toMatch(image)
  })
})

it.each([
  [{ minInstances: 3, maxInstances: 2 }, 'maxInstances must be at least minInstances (3), got 2'],
  [{ maxInstanceDays: 31 }, 'maxInstanceDays must be from 1 to 30, got 31'],
  [{ instanceType: new ec2.InstanceType('m7i.large') }, 'instanceType must be of arm64, got m7i.large'],
])('a cluster refuses %j', (props, message) => {
  expect(() => withCluster(props)).toThrow(message)
})

function withCluster(props: Partial<ClusterProps>) {
  const stack = emptyStack()
  new Cluster(stack, 'Cluster', { vpc: plainVpc(stack), ...props })
  return stack
}

function launchData(stack: ReturnType<typeof emptyStack>) {
  return onlyResource(stack, 'AWS::EC2::LaunchTemplate').Properties.LaunchTemplateData
}

function onlyRole(template: Template) {
  const roles = template.findResources('AWS::IAM::Role')
  const [role] = Object.entries(roles).filter(([id]) => id.startsWith('ClusterRole'))
  return role?.[1].Properties
}
