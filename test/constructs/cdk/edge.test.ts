import { Template } from 'aws-cdk-lib/assertions'
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import { expect, it } from 'vitest'
import { Edge, type EdgeProps } from '../../../constructs/cdk/edge.ts'
import { emptyStack, onlyResource, plainVpc, type Resource } from './stack.ts'

const CERTIFICATE = 'arn:aws:acm:eu-central-1:123456789012:certificate/1'

it('an edge without a certificate is plain HTTP for the addresses of the VPC', () => {
  const { stack } = withEdge()
  const balancer = onlyResource(stack, 'AWS::ElasticLoadBalancingV2::LoadBalancer')
  expect(balancer.Properties.Scheme).toBe('internal')
  const [ingress] = ingressOf(stack)
  expect(ingress).toMatchObject({ FromPort: 80, ToPort: 80 })
  expect(ingress?.CidrIp).toEqual({ 'Fn::GetAtt': [expect.stringMatching(/^GivenVpc/), 'CidrBlock'] })
  expect(ingressOf(stack)).toHaveLength(1)
})

it('an edge with a certificate speaks TLS and sends plain HTTP there', () => {
  const { stack, edge } = withEdge({ tls: true })
  const template = Template.fromStack(stack)
  template.hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', {
    Port: 443,
    Protocol: 'HTTPS',
    Certificates: [{ CertificateArn: CERTIFICATE }],
    SslPolicy: elb.SslPolicy.RECOMMENDED_TLS,
  })
  template.hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', {
    Port: 80,
    DefaultActions: [{ Type: 'redirect', RedirectConfig: { Port: '443', StatusCode: 'HTTP_301' } }],
  })
  expect(edge.url).toBe('https://mlflow.example.com')
  expect(edge.hostName).toBe('mlflow.example.com')
})

it('an edge on the internet lets in whom it is told only', () => {
  const clients = [ec2.Peer.ipv4('203.0.113.0/24')]
  const { stack } = withEdge({ tls: true, internetFacing: true, clients })
  expect(onlyResource(stack, 'AWS::ElasticLoadBalancingV2::LoadBalancer').Properties.Scheme).toBe(
    'internet-facing',
  )
  expect(ingressOf(stack).map(({ CidrIp, FromPort }) => [CidrIp, FromPort])).toEqual([
    ['203.0.113.0/24', 443],
    ['203.0.113.0/24', 80],
  ])
})

it.each([{ clients: [ec2.Peer.anyIpv4()] }, { tls: true }])(
  'an edge refuses the internet without TLS and without being told who may connect',
  (props) => {
    expect(() => withEdge({ ...props, internetFacing: true })).toThrow('internetFacing needs tls and clients')
  },
)

function withEdge({ tls, ...props }: { tls?: boolean } & Omit<Partial<EdgeProps>, 'tls'> = {}) {
  const stack = emptyStack()
  const certificate = Certificate.fromCertificateArn(stack, 'Certificate', CERTIFICATE)
  const edge = new Edge(stack, 'Edge', {
    vpc: plainVpc(stack),
    ...props,
    ...(tls && { tls: { certificate, domainName: 'mlflow.example.com' } }),
  })
  edge.listener.addAction('Answer', { action: elb.ListenerAction.fixedResponse(200) })
  return { stack, edge }
}

function ingressOf(stack: ReturnType<typeof emptyStack>): Resource[] {
  return onlyResource(stack, 'AWS::EC2::SecurityGroup').Properties.SecurityGroupIngress
}
