import { Template } from 'aws-cdk-lib/assertions'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import { Key } from 'aws-cdk-lib/aws-kms'
import { describe, expect, it } from 'vitest'
import { Network, type NewVpcProps } from '../../../constructs/cdk/network.ts'
import { emptyStack, onlyResource, plainVpc, type Resource } from './stack.ts'

const THREE_ZONES = ['eu-central-1a', 'eu-central-1b', 'eu-central-1c']

describe('a new network', () => {
  it('has public, private and data subnets in two zones, and a way out in each', () => {
    const { template, network } = withNetwork()
    template.resourceCountIs('AWS::EC2::Subnet', 6)
    template.resourceCountIs('AWS::EC2::NatGateway', 2)
    expect(network.vpc.selectSubnets(network.dataSubnets).subnetIds).toHaveLength(2)
    template.allResourcesProperties('AWS::EC2::Subnet', { MapPublicIpOnLaunch: false })
  })

  it('has its data where no route leads out', () => {
    const { template, network } = withNetwork()
    const { subnets } = network.vpc.selectSubnets(network.dataSubnets)
    const tables = subnets.map(({ routeTable }) => network.vpc.stack.resolve(routeTable.routeTableId).Ref)
    const routes = Object.values(template.findResources('AWS::EC2::Route')) as Resource[]
    expect(routes).toHaveLength(4)
    for (const { Properties } of routes) expect(tables).not.toContain(Properties.RouteTableId.Ref)
  })

  it('keeps the ranges of its subnets when it gets a third zone, or loses its public ones', () => {
    const two = rangesOf(withNetwork({ availabilityZones: THREE_ZONES.slice(0, 2) }).template)
    expect(rangesOf(withNetwork({ availabilityZones: THREE_ZONES }).template)).toMatchObject(two)
    const closed = rangesOf(withNetwork({ availabilityZones: THREE_ZONES, egress: 'none' }).template)
    expect(two).toMatchObject(
      Object.fromEntries(Object.entries(closed).filter(([id]) => /Subnet[12]$/.test(id))),
    )
  })

  it.each(['10.0.0.0/16', '10.0.0.0/22'])('has room for three zones in %s', (cidr) => {
    const { template } = withNetwork({ cidr, availabilityZones: THREE_ZONES })
    template.resourceCountIs('AWS::EC2::Subnet', 9)
  })

  it('logs its traffic with a key that CloudWatch Logs may use for log groups', () => {
    const { template, stack } = withNetwork()
    template.hasResourceProperties('AWS::EC2::FlowLog', { TrafficType: 'ALL' })
    const { Properties, DeletionPolicy } = onlyResource(stack, 'AWS::Logs::LogGroup')
    expect(DeletionPolicy).toBe('Retain')
    expect(Properties).toMatchObject({
      RetentionInDays: 90,
      KmsKeyId: { 'Fn::GetAtt': [expect.stringMatching(/^NetworkFlowLogKey/), 'Arn'] },
    })
    const [, forLogs] = onlyResource(stack, 'AWS::KMS::Key').Properties.KeyPolicy.Statement
    expect(forLogs.Principal.Service['Fn::Join'][1]).toEqual([
      'logs.',
      { Ref: 'AWS::Region' },
      '.amazonaws.com',
    ])
    expect(JSON.stringify(forLogs.Condition)).toMatch(/ArnLike.*kms:EncryptionContext:aws:logs:arn/)
  })

  it('logs its traffic with the key it is given', () => {
    const stack = emptyStack()
    new Network(stack, 'Network', { encryptionKey: new Key(stack, 'Given') })
    expect(onlyResource(stack, 'AWS::Logs::LogGroup').Properties.KmsKeyId['Fn::GetAtt'][0]).toMatch(/^Given/)
  })

  it('has one way out for all zones when it is told', () => {
    const { template, stack } = withNetwork({ egress: 'one-nat' })
    template.resourceCountIs('AWS::EC2::NatGateway', 1)
    expect(onlyResource(stack, 'AWS::EC2::VPCEndpoint').Properties.VpcEndpointType).toBe('Gateway')
  })

  it('reaches S3 with the credentials of its account only, and the layers of images', () => {
    const { PolicyDocument } = onlyResource(withNetwork().stack, 'AWS::EC2::VPCEndpoint').Properties
    expect(PolicyDocument.Statement).toEqual([
      expect.objectContaining({
        Condition: { StringEquals: { 'aws:PrincipalAccount': { Ref: 'AWS::AccountId' } } },
      }),
      expect.objectContaining({ Sid: 'LayersOfImages', Action: 's3:GetObject' }),
    ])
  })

  it.each([
    [{ availabilityZones: ['eu-central-1a'] }, 'availabilityZones must be two or three, got eu-central-1a'],
    [{ availabilityZones: [...THREE_ZONES, 'eu-central-1d'] }, /availabilityZones must be two or three/],
    [{ cidr: '10.0.0.0/23' }, 'cidr must be from /16 to /22, got 10.0.0.0/23'],
  ])('refuses %j', (props, message) => {
    expect(() => withNetwork(props)).toThrow(message)
  })
})

describe('a network without a way out', () => {
  const { template, network } = withNetwork({ egress: 'none', s3PrefixListId: 'pl-6ea54007' })
  const endpoints = Object.values(template.findResources('AWS::EC2::VPCEndpoint')) as Resource[]
  const interfaces = endpoints.filter(({ Properties }) => Properties.VpcEndpointType === 'Interface')

  it('has no gateway to the internet and no route to it', () => {
    template.resourceCountIs('AWS::EC2::NatGateway', 0)
    template.resourceCountIs('AWS::EC2::InternetGateway', 0)
    template.resourceCountIs('AWS::EC2::Route', 0)
    template.resourceCountIs('AWS::EC2::Subnet', 4)
  })

  it('has endpoints for all that instances, agents and servers call', () => {
    const names = interfaces.map(({ Properties }) => Properties.ServiceName['Fn::Join'][1].at(-1).slice(1))
    expect(names.sort()).toEqual([
      'ec2messages',
      'ecr.api',
      'ecr.dkr',
      'ecs',
      'ecs-agent',
      'ecs-telemetry',
      'kms',
      'logs',
      'monitoring',
      'secretsmanager',
      'ssm',
      'ssmmessages',
    ])
    for (const { Properties } of interfaces) expect(Properties.PrivateDnsEnabled).toBe(true)
  })

  it('lets nobody use them with the credentials of another account', () => {
    for (const { Properties } of interfaces) {
      const name = JSON.stringify(Properties.ServiceName)
      if (/ecs-(agent|telemetry)/.test(name)) continue
      expect(Properties.PolicyDocument.Statement, name).toEqual([
        expect.objectContaining({
          Condition: { StringEquals: { 'aws:PrincipalAccount': { Ref: 'AWS::AccountId' } } },
        }),
      ])
    }
  })

  it('opens the endpoints to its private subnets, on 443', () => {
    const { subnets } = network.vpc.selectSubnets(network.privateSubnets)
    const groups = Object.values(template.findResources('AWS::EC2::SecurityGroup')) as Resource[]
    const edges = groups.flatMap(({ Properties }) => Properties.SecurityGroupIngress)
    expect(edges).toEqual(
      subnets.map(({ ipv4CidrBlock }) =>
        expect.objectContaining({ CidrIp: ipv4CidrBlock, IpProtocol: 'tcp', FromPort: 443, ToPort: 443 }),
      ),
    )
    for (const { Properties } of interfaces) expect(Properties.SecurityGroupIds).toHaveLength(1)
  })

  it('names what is to be reached: the endpoints, and S3', () => {
    expect(network.httpsPeers.map(({ uniqueId }) => uniqueId)).toContain('pl-6ea54007')
    expect(network.httpsPeers.some((peer) => peer.uniqueId === '0.0.0.0/0')).toBe(false)
  })

  it('has public subnets when a load balancer needs them, and still no way out', () => {
    const { template } = withNetwork({ egress: 'none', publicSubnets: true })
    template.resourceCountIs('AWS::EC2::InternetGateway', 1)
    template.resourceCountIs('AWS::EC2::NatGateway', 0)
    template.resourceCountIs('AWS::EC2::Route', 2)
  })
})

describe('a network of a VPC that there is', () => {
  it('takes it, and makes nothing', () => {
    const stack = emptyStack()
    const vpc = plainVpc(stack)
    const network = new Network(stack, 'Network', { vpc })
    expect(network.vpc).toBe(vpc)
    expect(network.node.children).toEqual([])
    expect(network.vpc.selectSubnets(network.dataSubnets).subnetIds).toHaveLength(2)
  })

  it('uses isolated subnets where there are no others', () => {
    const stack = emptyStack()
    const network = new Network(stack, 'Network', {
      vpc: ec2.Vpc.fromVpcAttributes(stack, 'Given', {
        vpcId: 'vpc-1',
        availabilityZones: ['eu-central-1a', 'eu-central-1b'],
        isolatedSubnetIds: ['subnet-1', 'subnet-2'],
      }),
    })
    expect(network.vpc.selectSubnets(network.privateSubnets).subnetIds).toEqual(['subnet-1', 'subnet-2'])
  })

  it('does not compile with options of a new one', () => {
    const stack = emptyStack()
    // @ts-expect-error a VPC that there is has its range
    const network = new Network(stack, 'Network', { vpc: plainVpc(stack), cidr: '10.0.0.0/16' })
    expect(network.vpc).toBeDefined()
  })
})

function withNetwork(props: NewVpcProps = {}) {
  const stack = emptyStack()
  const network = new Network(stack, 'Network', props)
  return { stack, network, template: Template.fromStack(stack) }
}

function rangesOf(template: Template): Record<string, string> {
  const subnets = Object.values(template.findResources('AWS::EC2::Subnet')) as Resource[]
  const named = subnets.map(({ Properties }) => {
    const name = Properties.Tags.find(({ Key }: Resource) => Key === 'Name').Value
    return [name, Properties.CidrBlock]
  })
  return Object.fromEntries(named)
}
