/** AWS's services inside a VPC: what instances and servers call when there is no way out. */
import { Stack } from 'aws-cdk-lib'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as iam from 'aws-cdk-lib/aws-iam'
import type { Construct } from 'constructs'

const { InterfaceVpcEndpointAwsService: SERVICE } = ec2

/** Construct id, service, and whether it takes a policy. */
const ENDPOINTS: readonly [string, ec2.InterfaceVpcEndpointAwsService, { readonly policy: boolean }][] = [
  ['EcrApi', SERVICE.ECR, { policy: true }],
  ['EcrDocker', SERVICE.ECR_DOCKER, { policy: true }],
  ['Logs', SERVICE.CLOUDWATCH_LOGS, { policy: true }],
  ['Monitoring', SERVICE.CLOUDWATCH_MONITORING, { policy: true }],
  ['SecretsManager', SERVICE.SECRETS_MANAGER, { policy: true }],
  ['Kms', SERVICE.KMS, { policy: true }],
  ['Ssm', SERVICE.SSM, { policy: true }],
  ['SsmMessages', SERVICE.SSM_MESSAGES, { policy: true }],
  ['Ec2Messages', SERVICE.EC2_MESSAGES, { policy: true }],
  ['Ecs', SERVICE.ECS, { policy: true }],
  // The agent's own channels: ECS documents policies for the endpoint of its API only.
  ['EcsAgent', SERVICE.ECS_AGENT, { policy: false }],
  ['EcsTelemetry', SERVICE.ECS_TELEMETRY, { policy: false }],
]

/**
 * Endpoints for everything that an instance, its agents and a server call.
 * @returns the security group of them all
 */
export function addEndpoints(
  scope: Construct,
  vpc: ec2.IVpc,
  subnets: ec2.SubnetSelection,
): ec2.SecurityGroup {
  const securityGroup = new ec2.SecurityGroup(scope, 'Endpoints', {
    vpc,
    description: 'Endpoints of AWS services: private subnets come in on 443',
    allowAllOutbound: false,
  })
  for (const { ipv4CidrBlock } of vpc.selectSubnets(subnets).subnets) {
    securityGroup.addIngressRule(ec2.Peer.ipv4(ipv4CidrBlock), ec2.Port.HTTPS)
  }
  for (const [id, service, { policy }] of ENDPOINTS) {
    const endpoint = vpc.addInterfaceEndpoint(id, {
      service,
      subnets,
      securityGroups: [securityGroup],
      open: false,
    })
    if (policy) endpoint.addToPolicy(ownCredentialsOnly(vpc))
  }
  return securityGroup
}

/** S3 without leaving AWS, and free of charge. */
export function addS3Endpoint(vpc: ec2.IVpc, subnets: ec2.SubnetSelection[]): void {
  const endpoint = vpc.addGatewayEndpoint('S3', {
    service: ec2.GatewayVpcEndpointAwsService.S3,
    subnets,
  })
  endpoint.addToPolicy(ownCredentialsOnly(vpc))
  const { partition, region } = Stack.of(vpc)
  endpoint.addToPolicy(
    new iam.PolicyStatement({
      sid: 'LayersOfImages',
      principals: [new iam.AnyPrincipal()],
      actions: ['s3:GetObject'],
      // Where ECR keeps them; it signs the requests itself.
      resources: [`arn:${partition}:s3:::prod-${region}-starport-layer-bucket/*`],
    }),
  )
}

/**
 * Nobody takes data out with the credentials of another account. What our own may do, their roles say; a second list
 * of actions here would only break an agent that learns a new call.
 */
function ownCredentialsOnly(vpc: ec2.IVpc): iam.PolicyStatement {
  return new iam.PolicyStatement({
    sid: 'OwnCredentials',
    principals: [new iam.AnyPrincipal()],
    actions: ['*'],
    resources: ['*'],
    conditions: { StringEquals: { 'aws:PrincipalAccount': Stack.of(vpc).account } },
  })
}
