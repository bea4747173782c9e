import { Template } from 'aws-cdk-lib/assertions'
import { describe, expect, it } from 'vitest'
import type { Resource } from '../constructs/cdk/stack.ts'
import { enterpriseStack } from './enterprise-synth.ts'

describe('the security groups of an EnterpriseStack', () => {
  it('lead from load balancer to servers to database, and to the services of AWS', () => {
    const network = { egress: 'none', s3PrefixListId: 'pl-6ea54007' }
    const template = Template.fromStack(enterpriseStack({ network }))
    expect(egressOf(template)).toEqual([
      'Cluster -> NetworkEndpoints:443',
      'Cluster -> pl-6ea54007:443',
      'Edge -> Service:5000',
      'Service -> Database:5432',
      'Service -> NetworkEndpoints:443',
      'Service -> pl-6ea54007:443',
    ])
    template.resourceCountIs('AWS::EC2::Route', 0)
    expect(JSON.stringify(template.toJSON())).not.toContain('"CidrIp":"0.0.0.0/0"')
  })

  it('lead to any address on 443 only where there is a way out', () => {
    const template = Template.fromStack(enterpriseStack({ network: { egress: 'one-nat' } }))
    expect(egressOf(template)).toEqual([
      'Cluster -> 0.0.0.0/0:443',
      'Edge -> Service:5000',
      'Service -> 0.0.0.0/0:443',
      'Service -> Database:5432',
    ])
  })
})

it('an EnterpriseStack goes into a VPC that there is, and makes no network', () => {
  const stack = enterpriseStack({
    service: { architecture: 'x86_64', instanceType: 'c7i.xlarge' },
    network: {
      vpc: {
        id: 'vpc-00000a1b',
        cidr: '10.9.0.0/16',
        availabilityZones: ['eu-central-1a', 'eu-central-1b'],
        privateSubnetIds: ['subnet-0000000a', 'subnet-0000000b'],
        dataSubnetIds: ['subnet-0000000c', 'subnet-0000000d'],
      },
    },
  })
  const template = Template.fromStack(stack)
  for (const type of ['VPC', 'Subnet', 'NatGateway', 'VPCEndpoint', 'FlowLog']) {
    template.resourceCountIs(`AWS::EC2::${type}`, 0)
  }
  template.hasResourceProperties('AWS::AutoScaling::AutoScalingGroup', {
    VPCZoneIdentifier: ['subnet-0000000a', 'subnet-0000000b'],
  })
  template.hasResourceProperties('AWS::RDS::DBSubnetGroup', {
    SubnetIds: ['subnet-0000000c', 'subnet-0000000d'],
  })
  template.hasResourceProperties('AWS::ElasticLoadBalancingV2::LoadBalancer', {
    Subnets: ['subnet-0000000a', 'subnet-0000000b'],
  })
  template.hasResourceProperties('AWS::EC2::LaunchTemplate', {
    LaunchTemplateData: { InstanceType: 'c7i.xlarge' },
  })
})

/** Every edge out of a group of a part of the stack: `part -> part or range:port`. */
function egressOf(template: Template): string[] {
  const groups = Object.entries(template.findResources('AWS::EC2::SecurityGroup'))
  const inline = groups.flatMap(([id, { Properties }]) =>
    (Properties.SecurityGroupEgress ?? []).map((rule: Resource) => edge(id, rule)),
  )
  const own = Object.values(template.findResources('AWS::EC2::SecurityGroupEgress'))
  const all = [
    ...inline,
    ...own.map(({ Properties }) => edge(Properties.GroupId['Fn::GetAtt'][0], Properties)),
  ]
  // CDK says "nothing" by an address that is nobody's.
  return all.filter((line) => !line.includes('255.255.255.255')).sort()
}

function edge(from: string, rule: Resource): string {
  const group = rule.DestinationSecurityGroupId?.['Fn::GetAtt'][0]
  const to = rule.CidrIp ?? rule.DestinationPrefixListId ?? partOf(group)
  const port = rule.FromPort === undefined ? '' : (rule.FromPort['Fn::GetAtt']?.[1] ?? rule.FromPort)
  return `${partOf(from)} -> ${to}:${port === 'Endpoint.Port' ? 5432 : port}`
}

function partOf(id: string): string {
  return /^(NetworkEndpoints|Cluster|Edge|Service|Database)/.exec(id)?.[0] ?? id
}
