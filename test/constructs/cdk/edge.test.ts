import { Match, Template } from 'aws-cdk-lib/assertions'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import { HostedZone } from 'aws-cdk-lib/aws-route53'
import { Bucket } from 'aws-cdk-lib/aws-s3'
import { expect, it } from 'vitest'
import type { EdgeProps } from '../../../constructs/cdk/edge.ts'
import { CERTIFICATE, emptyStack, onlyResource, plainEdge, plainVpc, type Resource } from './stack.ts'

it('an edge speaks TLS 1.3 with a post-quantum key exchange, and nothing else', () => {
  const { stack, edge } = withEdge()
  expect(onlyResource(stack, 'AWS::ElasticLoadBalancingV2::Listener').Properties).toMatchObject({
    Port: 443,
    Protocol: 'HTTPS',
    Certificates: [{ CertificateArn: CERTIFICATE }],
    SslPolicy: 'ELBSecurityPolicy-TLS13-1-3-PQ-2025-09',
  })
  expect(edge.url).toBe('https://mlflow.example.com')
})

it('an edge is internal, for the addresses of the VPC, and opens no port but 443', () => {
  const { stack } = withEdge()
  expect(onlyResource(stack, 'AWS::ElasticLoadBalancingV2::LoadBalancer').Properties.Scheme).toBe('internal')
  expect(ingressOf(stack)).toEqual([
    expect.objectContaining({
      CidrIp: { 'Fn::GetAtt': [expect.stringMatching(/^GivenVpc/), 'CidrBlock'] },
      FromPort: 443,
      ToPort: 443,
    }),
  ])
})

it('an edge drops what servers could read in two ways, and cannot be deleted by mistake', () => {
  const { stack } = withEdge()
  expect(attributesOf(stack)).toMatchObject({
    'routing.http.drop_invalid_header_fields.enabled': 'true',
    'routing.http.desync_mitigation_mode': 'strictest',
    'deletion_protection.enabled': 'true',
    // Longer than a server lets S3 put a large upload together, in which not one byte moves.
    'idle_timeout.timeout_seconds': '660',
  })
})

it('an edge on the internet lets in whom it is told only', () => {
  const clients = [ec2.Peer.ipv4('203.0.113.0/24')]
  const { stack } = withEdge({ internetFacing: true, clients, redirectHttp: true })
  expect(onlyResource(stack, 'AWS::ElasticLoadBalancingV2::LoadBalancer').Properties.Scheme).toBe(
    'internet-facing',
  )
  expect(ingressOf(stack).map(({ CidrIp, FromPort }) => [CidrIp, FromPort])).toEqual([
    ['203.0.113.0/24', 443],
    ['203.0.113.0/24', 80],
  ])
  Template.fromStack(stack).hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', {
    Port: 80,
    DefaultActions: [{ Type: 'redirect', RedirectConfig: { Port: '443', StatusCode: 'HTTP_301' } }],
  })
  expect(() => withEdge({ internetFacing: true })).toThrow(
    'internetFacing needs clients: say who may connect',
  )
})

it('an edge makes its certificate and its name in the zone that it is given', () => {
  const stack = emptyStack()
  const zone = { hostedZoneId: 'Z0123456789', zoneName: 'example.com' }
  const hostedZone = HostedZone.fromHostedZoneAttributes(stack, 'Zone', zone)
  const edge = plainEdge(stack, plainVpc(stack), { tls: { hostedZone } })
  answer(edge.listener)
  const template = Template.fromStack(stack)
  template.hasResourceProperties('AWS::CertificateManager::Certificate', {
    DomainName: 'mlflow.example.com',
    ValidationMethod: 'DNS',
    DomainValidationOptions: [{ DomainName: 'mlflow.example.com', HostedZoneId: 'Z0123456789' }],
  })
  template.hasResourceProperties('AWS::Route53::RecordSet', {
    HostedZoneId: 'Z0123456789',
    Name: 'mlflow.example.com.',
    Type: 'A',
    AliasTarget: {
      DNSName: {
        'Fn::Join': ['', ['dualstack.', { 'Fn::GetAtt': [Match.stringLikeRegexp('^Edge'), 'DNSName'] }]],
      },
    },
  })
})

it('an edge logs requests and connections to a bucket that only load balancers of the account write to', () => {
  const { stack } = withEdge({ logs: { days: 90 } })
  const bucket = { Ref: expect.stringMatching(/^EdgeLogs/) }
  expect(attributesOf(stack)).toMatchObject({
    'access_logs.s3.enabled': 'true',
    'access_logs.s3.bucket': bucket,
    'connection_logs.s3.enabled': 'true',
    'connection_logs.s3.bucket': bucket,
  })
  const template = Template.fromStack(stack)
  template.hasResource('AWS::S3::Bucket', {
    DeletionPolicy: 'Retain',
    Properties: {
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
      LifecycleConfiguration: { Rules: [Match.objectLike({ ExpirationInDays: 90 })] },
    },
  })
  const statements: Resource[] = onlyResource(stack, 'AWS::S3::BucketPolicy').Properties.PolicyDocument
    .Statement
  const objects = (prefix: string) => ({
    'Fn::Join': [
      '',
      [
        { 'Fn::GetAtt': [expect.stringMatching(/^EdgeLogs/), 'Arn'] },
        `/${prefix}/AWSLogs/`,
        { Ref: 'AWS::AccountId' },
        '/*',
      ],
    ],
  })
  expect(statements.filter(({ Effect }) => Effect === 'Allow')).toEqual([
    {
      Effect: 'Allow',
      Principal: { Service: 'logdelivery.elasticloadbalancing.amazonaws.com' },
      Action: 's3:PutObject',
      Resource: [objects('access'), objects('connections')],
    },
  ])
  expect(onlyResource(stack, 'AWS::ElasticLoadBalancingV2::LoadBalancer').DependsOn).toEqual(
    expect.arrayContaining([expect.stringMatching(/^EdgeLogsBucketPolicy/)]),
  )
})

it('an edge logs to the bucket that it is given', () => {
  const stack = emptyStack()
  const bucket = Bucket.fromBucketName(stack, 'GivenBucket', 'logs-of-us')
  answer(plainEdge(stack, plainVpc(stack), { logs: { bucket } }).listener)
  expect(attributesOf(stack)).toMatchObject({ 'access_logs.s3.bucket': 'logs-of-us' })
  Template.fromStack(stack).resourceCountIs('AWS::S3::Bucket', 0)
})

function withEdge(props: Partial<EdgeProps> = {}) {
  const stack = emptyStack()
  const edge = plainEdge(stack, plainVpc(stack), props)
  answer(edge.listener)
  return { stack, edge }
}

function answer(listener: elb.ApplicationListener): void {
  listener.addAction('Answer', { action: elb.ListenerAction.fixedResponse(200) })
}

function ingressOf(stack: ReturnType<typeof emptyStack>): Resource[] {
  return onlyResource(stack, 'AWS::EC2::SecurityGroup').Properties.SecurityGroupIngress
}

function attributesOf(stack: ReturnType<typeof emptyStack>): Resource {
  const { LoadBalancerAttributes } = onlyResource(
    stack,
    'AWS::ElasticLoadBalancingV2::LoadBalancer',
  ).Properties
  return Object.fromEntries(LoadBalancerAttributes.map(({ Key, Value }: Resource) => [Key, Value]))
}
