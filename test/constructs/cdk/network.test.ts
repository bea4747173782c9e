import { Template } from 'aws-cdk-lib/assertions'
import { expect, it } from 'vitest'
import { Network } from '../../../constructs/cdk/network.ts'
import { emptyStack, plainVpc } from './stack.ts'

it('a network has public, private and data subnets in two zones, and a way out in each', () => {
  const stack = emptyStack()
  const network = new Network(stack, 'Network')
  const template = Template.fromStack(stack)
  template.resourceCountIs('AWS::EC2::Subnet', 6)
  template.resourceCountIs('AWS::EC2::NatGateway', 2)
  expect(network.vpc.selectSubnets(network.dataSubnets).subnetIds).toHaveLength(2)
  template.allResourcesProperties('AWS::EC2::Subnet', { MapPublicIpOnLaunch: false })
})

it('a network logs its traffic and reaches S3 without leaving AWS', () => {
  const stack = emptyStack()
  new Network(stack, 'Network')
  const template = Template.fromStack(stack)
  template.hasResourceProperties('AWS::EC2::FlowLog', { TrafficType: 'ALL' })
  template.hasResourceProperties('AWS::Logs::LogGroup', { RetentionInDays: 90 })
  template.hasResourceProperties('AWS::EC2::VPCEndpoint', { VpcEndpointType: 'Gateway' })
})

it('a network takes the VPC it is given', () => {
  const stack = emptyStack()
  const vpc = plainVpc(stack)
  expect(new Network(stack, 'Network', { vpc }).vpc).toBe(vpc)
  Template.fromStack(stack).resourceCountIs('AWS::EC2::VPC', 1)
})

it('a network refuses a single zone', () => {
  expect(() => new Network(emptyStack(), 'Network', { availabilityZones: ['eu-central-1a'] })).toThrow(
    'availabilityZones must be at least two, got eu-central-1a',
  )
})
