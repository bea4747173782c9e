/** A picture of a stack, as Mermaid: what is in it, and what may connect to what. */
import { CfnResource, type Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import type { Resource } from '../constructs/cdk/stack.ts'

/** What is worth a box, and what it is called. */
const SHOWN: Readonly<Record<string, string>> = {
  'AWS::AutoScaling::AutoScalingGroup': 'instances (EC2)',
  'AWS::Backup::BackupPlan': 'backups',
  'AWS::CloudWatch::Dashboard': 'dashboard',
  'AWS::EC2::NatGateway': 'NAT gateway',
  'AWS::EC2::VPCEndpoint': 'endpoint',
  'AWS::ECS::Service': 'servers (ECS)',
  'AWS::ElasticLoadBalancingV2::LoadBalancer': 'load balancer',
  'AWS::RDS::DBInstance': 'PostgreSQL (RDS)',
  'AWS::RDS::DBProxy': 'proxy (RDS)',
  'AWS::S3::Bucket': 'bucket (S3)',
  'AWS::SNS::Topic': 'topic (SNS)',
  'AWS::StepFunctions::StateMachine': 'state machine',
  'AWS::WAFv2::WebACL': 'firewall (WAF)',
}

const LOAD_BALANCER = 'AWS::ElasticLoadBalancingV2::LoadBalancer'

export function pictureOf(stack: Stack): string {
  const resources = Template.fromStack(stack).toJSON().Resources as Record<string, Resource>
  const edges = [...fromClients(resources), ...bySecurityGroup(resources), ...byRole(resources)]
  return ['flowchart TB', '  clients([clients])', ...boxes(stack, resources), ...new Set(edges)].join('\n')
}

/** The parts of the stack, each with its boxes; several of a kind are one. */
function boxes(stack: Stack, resources: Record<string, Resource>): string[] {
  const found = stack.node.findAll().filter((one) => CfnResource.isCfnResource(one))
  const parts = Map.groupBy(found, ({ node }) => node.path.split('/')[1] ?? '')
  return [...parts].flatMap(([part, ofPart]) => {
    const shown = ofPart.filter(({ cfnResourceType }) => cfnResourceType in SHOWN)
    const kinds = Map.groupBy(shown, (one) => boxOf(stack.getLogicalId(one), resources))
    const lines = [...kinds].map(([box, ones]) => `    ${box}["${labelOf(ones)}"]`)
    return lines.length > 0 ? [`  subgraph ${part}`, ...lines, '  end'] : []
  })
}

function labelOf(ones: readonly CfnResource[]): string {
  const label = SHOWN[ones[0]?.cfnResourceType ?? '']
  return ones.length > 1 ? `${ones.length} x ${label}` : `${label}`
}

/** Endpoints and gateways are alike: they share a box. */
function boxOf(id: string, resources: Record<string, Resource>): string {
  const type = resources[id]?.Type ?? ''
  return /Endpoint|NatGateway/.test(type) ? (type.split('::').at(-1) as string) : id
}

function fromClients(resources: Record<string, Resource>): string[] {
  return ofType(resources, LOAD_BALANCER).flatMap(([id, { Properties }]) =>
    groupsOf(Properties)
      .flatMap((group) => resources[group]?.Properties.SecurityGroupIngress ?? [])
      .map(({ FromPort }: Resource) => `  clients -- ${FromPort} --> ${id}`),
  )
}

/** A box may connect to another where a security group of the one lets in one of the other. */
function bySecurityGroup(resources: Record<string, Resource>): string[] {
  const owners = (group: string) =>
    Object.entries(resources)
      .filter(([, { Type, Properties }]) => Type in SHOWN && groupsOf(Properties).includes(group))
      .map(([id]) => boxOf(id, resources))
  return ofType(resources, 'AWS::EC2::SecurityGroupIngress').flatMap(([, { Properties }]) => {
    const port = typeof Properties.FromPort === 'number' ? Properties.FromPort : 5432
    const [from = '', to = ''] = [Properties.SourceSecurityGroupId, Properties.GroupId].map(referred)
    return owners(from).flatMap((one) => owners(to).map((other) => `  ${one} -- ${port} --> ${other}`))
  })
}

/** Servers reach a bucket where the role of their task may. */
function byRole(resources: Record<string, Resource>): string[] {
  const policies = ofType(resources, 'AWS::IAM::Policy').map(([, { Properties }]) => Properties)
  return ofType(resources, 'AWS::ECS::Service').flatMap(([service, { Properties }]) => {
    const role = referred(resources[referred(Properties.TaskDefinition)]?.Properties.TaskRoleArn)
    const rights = policies.filter(({ Roles }) => Roles.map(referred).includes(role))
    const text = JSON.stringify(rights.map(({ PolicyDocument }) => PolicyDocument))
    const buckets = ofType(resources, 'AWS::S3::Bucket').filter(([id]) => text.includes(`"${id}"`))
    return buckets.map(([bucket]) => `  ${service} -- 443 --> ${bucket}`)
  })
}

function groupsOf(properties: Resource): string[] {
  const { SecurityGroups, SecurityGroupIds, VPCSecurityGroups, NetworkConfiguration } = properties ?? {}
  const task = NetworkConfiguration?.AwsvpcConfiguration?.SecurityGroups
  return [SecurityGroups, SecurityGroupIds, VPCSecurityGroups, task]
    .flatMap((groups) => groups ?? [])
    .map(referred)
}

function referred(reference: Resource | undefined): string {
  return reference?.Ref ?? reference?.['Fn::GetAtt']?.[0] ?? ''
}

function ofType(resources: Record<string, Resource>, type: string): [string, Resource][] {
  return Object.entries(resources).filter(([, { Type }]) => Type === type)
}
