/** The way in to an EnterpriseStack, and who comes in. */
import { Template } from 'aws-cdk-lib/assertions'
import { describe, expect, it } from 'vitest'
import { LONGEST_SILENCE_SECONDS } from '../../server/config-settings.ts'
import { readEnterpriseOptions } from '../../stacks/enterprise-options.ts'
import type { Resource } from '../constructs/cdk/stack.ts'
import { EDGE, enterpriseStack } from './enterprise-synth.ts'

const SECRET = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:client-AbCdEf'
const ZONE = { id: 'Z0123456789', name: 'example.com' }

describe('an EnterpriseStack', () => {
  it('lets the servers sign people in, with secrets that no template holds', () => {
    const people = {
      kind: 'oidc',
      issuer: 'https://id.example.com',
      clientId: 'app',
      clientSecretArn: SECRET,
    }
    const template = Template.fromStack(
      enterpriseStack({ edge: { domainName: 'mlflow.example.com', hostedZone: ZONE }, signOn: { people } }),
    )
    const { Environment, Secrets } = containerOf(template)
    expect(valuesOf(Environment)).toMatchObject({
      TRACKYARD_LOGIN: 'basic,oidc',
      TRACKYARD_PUBLIC_URL: 'https://mlflow.example.com',
      MLFLOW_SERVER_CORS_ALLOWED_ORIGINS: 'https://mlflow.example.com',
      TRACKYARD_TRUSTED_PROXIES: { 'Fn::GetAtt': [expect.stringMatching(/^NetworkVpc/), 'CidrBlock'] },
    })
    expect(Secrets.map(({ Name }: Resource) => Name).toSorted()).toEqual([
      'MLFLOW_AUTH_ADMIN_PASSWORD',
      'MLFLOW_FLASK_SERVER_SECRET_KEY',
      'TRACKYARD_OIDC_CLIENT_SECRET',
    ])
    template.resourceCountIs('AWS::CertificateManager::Certificate', 1)
    expect(opened(template)).toEqual([443])
  })

  it('lets the load balancer sign people in and check the tokens of jobs', () => {
    const people = {
      kind: 'load-balancer-cognito',
      userPoolArn: 'arn:aws:cognito-idp:eu-central-1:123456789012:userpool/eu-central-1_AbCdEf',
      clientId: 'app',
      domain: 'models',
    }
    const jwt = {
      issuer: 'https://id.example.com',
      jwksUrl: 'https://id.example.com/keys',
      audience: 'models',
    }
    const template = Template.fromStack(
      enterpriseStack({
        edge: { ...EDGE, internetFacing: true, clients: ['0.0.0.0/0'], redirectHttp: true },
        signOn: { people, jwt, groupRoles: { ml: 'admin' } },
        staticPrefix: '/mlflow',
      }),
    )
    expect(valuesOf(containerOf(template).Environment)).toMatchObject({
      TRACKYARD_LOGIN: 'basic,jwt,load-balancer',
      TRACKYARD_LOAD_BALANCER_ARN: { Ref: expect.stringMatching(/^EdgeLoadBalancer/) },
      TRACKYARD_LOAD_BALANCER_ISSUER: 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEf',
    })
    template.resourceCountIs('AWS::ElasticLoadBalancingV2::ListenerRule', 4)
    expect(opened(template)).toEqual([443, 80])
  })

  it.each([{}, { idleSeconds: 4000, uploadSeconds: 900 }])(
    'cuts off nothing that its servers work on, and has them close no connection first: %o',
    (edge) => {
      const template = Template.fromStack(
        enterpriseStack({ edge: { ...EDGE, ...edge }, drainSeconds: 40, image: 'trackyard' }),
      )
      const silentSeconds = secondsOf(template, 'LoadBalancer', 'idle_timeout.timeout_seconds')
      const { Environment, StopTimeout } = containerOf(template)
      const { TRACKYARD_KEEP_ALIVE_SECONDS: kept, TRACKYARD_DRAIN_SECONDS: drain } = valuesOf(Environment)
      expect(silentSeconds).toBeGreaterThan(LONGEST_SILENCE_SECONDS)
      expect(Number(kept)).toBeGreaterThan(silentSeconds)
      expect(StopTimeout).toBeGreaterThan(Number(drain))
      const ends = secondsOf(template, 'TargetGroup', 'deregistration_delay.timeout_seconds')
      expect(ends).toBe(edge.uploadSeconds ?? 300)
    },
  )
})

describe('the options of an edge are refused', () => {
  it.each([
    ['edge: say at least domainName, and certificateArn or hostedZone', undefined],
    ['edge.domainName: say which name clients use', {}],
    ['edge.certificateArn: say where the certificate is from', { domainName: EDGE.domainName }],
    ['edge.certificateArn="arn:aws:acm:', { ...EDGE, hostedZone: ZONE }],
    ['edge.domainName="https://x.y": must be a domain name', { ...EDGE, domainName: 'https://x.y' }],
    [
      'edge.hostedZone={"id":"Z0123456789","name":"example.com"}: must be the zone of mlflow.other.com',
      { domainName: 'mlflow.other.com', hostedZone: ZONE },
    ],
    [
      'edge.hostedZone={"id":"Z0123456789","name":"example.com"}: must be the zone of notexample.com',
      { domainName: 'notexample.com', hostedZone: ZONE },
    ],
    ['edge.clients: say who on the internet may connect', { ...EDGE, internetFacing: true }],
    ['edge.clients.0="everybody": must be a range', { ...EDGE, clients: ['everybody'] }],
    ['edge.logDays=8: must be one of', { ...EDGE, logDays: 8 }],
    [
      'edge.uploadSeconds=4000: must be a whole number from 0 to 3600 seconds',
      { ...EDGE, uploadSeconds: 4000 },
    ],
    ['edge.idleSeconds=4001: must be a whole number from 1 to 4000', { ...EDGE, idleSeconds: 4001 }],
    ['edge.requestsInFiveMinutes=1: must be a whole number from 100', { ...EDGE, requestsInFiveMinutes: 1 }],
    ['edge.webAclArn="acl": must be the ARN of a web ACL', { ...EDGE, webAclArn: 'acl' }],
    ['edge.redirectHttps: no such option; did you mean redirectHttp?', { ...EDGE, redirectHttps: true }],
  ])('with %s', (message, edge) => {
    expect(() => readEnterpriseOptions({}, { edge })).toThrow(message)
  })
})

it('no load balancer is to ask a provider whom it cannot reach', () => {
  const jwt = { issuer: 'https://id.example.com', jwksUrl: 'https://id.example.com/keys', audience: 'models' }
  const closed = { edge: EDGE, network: { egress: 'none' }, signOn: { jwt } }
  expect(() => readEnterpriseOptions({}, closed)).toThrow(
    'network.egress="none": the load balancer must reach the provider',
  )
  const inServers = { ...closed, signOn: { jwt: { ...jwt, atLoadBalancer: false } } }
  expect(readEnterpriseOptions({}, inServers).network.egress).toBe('none')
})

/** Ports that anybody outside the stack's own security groups may connect to. */
function opened(template: Template): number[] {
  return Object.values<Resource>(template.findResources('AWS::EC2::SecurityGroup'))
    .flatMap(({ Properties }) => Properties.SecurityGroupIngress ?? [])
    .map(({ FromPort }) => FromPort)
}

/** An attribute of the only load balancer, or of the only target group. */
function secondsOf(template: Template, kind: 'LoadBalancer' | 'TargetGroup', key: string): number {
  const [one] = Object.values<Resource>(template.findResources(`AWS::ElasticLoadBalancingV2::${kind}`))
  const attributes: Resource[] = one?.Properties[`${kind}Attributes`]
  return Number(attributes.find(({ Key }) => Key === key)?.Value)
}

function containerOf(template: Template): Resource {
  const [task] = Object.values<Resource>(template.findResources('AWS::ECS::TaskDefinition'))
  return task?.Properties.ContainerDefinitions[0]
}

function valuesOf(environment: Resource[]): Resource {
  return Object.fromEntries(environment.map(({ Name, Value }) => [Name, Value]))
}
