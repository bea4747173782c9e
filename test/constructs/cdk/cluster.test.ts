import { Match, Template } from 'aws-cdk-lib/assertions'
import { expect, it } from 'vitest'
import { Cluster } from '../../../constructs/cdk/cluster.ts'
import { emptyStack, onlyResource, plainVpc } from './stack.ts'

it('a cluster has instances with IMDSv2 only and an encrypted disk', () => {
  const stack = emptyStack()
  new Cluster(stack, 'Cluster', { vpc: plainVpc(stack) })
  Template.fromStack(stack).hasResourceProperties('AWS::EC2::LaunchTemplate', {
    LaunchTemplateData: {
      MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 1 },
      BlockDeviceMappings: [
        { DeviceName: '/dev/xvda', Ebs: { Encrypted: true, VolumeType: 'gp3', VolumeSize: 40 } },
      ],
    },
  })
})

it('a cluster keeps the rights of an instance from its containers', () => {
  const stack = emptyStack()
  new Cluster(stack, 'Cluster', { vpc: plainVpc(stack) })
  const template = onlyResource(stack, 'AWS::EC2::LaunchTemplate')
  expect(JSON.stringify(template.Properties.LaunchTemplateData.UserData)).toContain(
    'ECS_AWSVPC_BLOCK_IMDS=true',
  )
})

it('a cluster lets ECS say how many instances it needs, and empties one before it ends', () => {
  const stack = emptyStack()
  new Cluster(stack, 'Cluster', { vpc: plainVpc(stack), minInstances: 3 })
  const template = Template.fromStack(stack)
  template.hasResourceProperties('AWS::AutoScaling::AutoScalingGroup', { MinSize: '3', MaxSize: '6' })
  template.hasResourceProperties('AWS::ECS::CapacityProvider', {
    AutoScalingGroupProvider: {
      ManagedDraining: 'ENABLED',
      ManagedTerminationProtection: 'ENABLED',
      ManagedScaling: Match.objectLike({ Status: 'ENABLED' }),
    },
  })
})

it('a cluster refuses fewer instances at most than at least', () => {
  const stack = emptyStack()
  const props = { vpc: plainVpc(stack), minInstances: 3, maxInstances: 2 }
  expect(() => new Cluster(stack, 'Cluster', props)).toThrow(
    'maxInstances must be at least minInstances (3), got 2',
  )
})
