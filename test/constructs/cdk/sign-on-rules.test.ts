import { Template } from 'aws-cdk-lib/assertions'
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import { describe, expect, it } from 'vitest'
import { SignOnRules } from '../../../constructs/cdk/sign-on-rules.ts'
import { type SignOn, signOn } from '../../../constructs/sign-on-options.ts'
import { emptyStack, onlyResource, plainEdge, plainVpc, type Resource } from './stack.ts'

const SECRET = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:client-AbCdEf'
const JWT = {
  issuer: 'https://id.example.com',
  jwksUrl: 'https://id.example.com/keys',
  audience: 'trackyard',
}
const OIDC = {
  kind: 'load-balancer-oidc',
  issuer: 'https://id.example.com',
  clientId: 'trackyard',
  clientSecretArn: SECRET,
  authorizationEndpoint: 'https://id.example.com/authorize',
  tokenEndpoint: 'https://id.example.com/token',
  userInfoEndpoint: 'https://id.example.com/userinfo',
}
const COGNITO = {
  kind: 'load-balancer-cognito',
  userPoolArn: 'arn:aws:cognito-idp:eu-central-1:123456789012:userpool/eu-central-1_AbCdEf',
  clientId: 'trackyard',
  domain: 'models',
}

describe('the rules of a sign-on', () => {
  it.each([{}, { people: { kind: 'oidc', issuer: JWT.issuer, clientId: 'trackyard' } }])(
    'are none where the servers do it all: %j',
    (options) => {
      expect(rulesOf(withRules(options))).toEqual([])
    },
  )

  it('check issuer, keys and audience of every bearer token but those that the servers make', () => {
    const [own, jwt, ...others] = rulesOf(withRules({ jwt: JWT }))
    expect(others).toEqual([])
    expect(own).toEqual({ on: ['Authorization: Bearer trackyard_*'], actions: [FORWARD] })
    expect(jwt).toEqual({
      on: ['Authorization: Bearer *'],
      actions: [
        {
          Type: 'jwt-validation',
          Order: 1,
          JwtValidationConfig: {
            Issuer: 'https://id.example.com',
            JwksEndpoint: 'https://id.example.com/keys',
            AdditionalClaims: [{ Name: 'aud', Format: 'single-string', Values: ['trackyard'] }],
          },
        },
        { ...FORWARD, Order: 2 },
      ],
    })
  })

  it('look for the audience in a list where tokens have one', () => {
    const [, jwt] = rulesOf(withRules({ jwt: { ...JWT, audienceInList: true } }))
    expect(jwt?.actions[0].JwtValidationConfig.AdditionalClaims).toEqual([
      { Name: 'aud', Format: 'string-array', Values: ['trackyard'] },
    ])
  })

  it('are none for JWTs that the servers alone check', () => {
    expect(rulesOf(withRules({ jwt: { ...JWT, atLoadBalancer: false } }))).toEqual([])
  })

  it.each([
    ['authenticate-oidc', OIDC, 'AuthenticateOidcConfig'],
    ['authenticate-cognito', COGNITO, 'AuthenticateCognitoConfig'],
  ])('lead by %s who opens the page, and nobody else', (type, people, config) => {
    const [page, everything, ...others] = rulesOf(withRules({ people }, '/mlflow'))
    expect(others).toEqual([])
    expect(page).toMatchObject({
      on: ['/mlflow/', '/mlflow'],
      actions: [{ Type: type, [config]: { OnUnauthenticatedRequest: 'authenticate' } }, { Type: 'forward' }],
    })
    // Without a session it reaches the servers, which answer 401 in MLflow's JSON.
    expect(everything).toMatchObject({
      on: ['/*'],
      actions: [{ Type: type, [config]: { OnUnauthenticatedRequest: 'allow' } }, { Type: 'forward' }],
    })
  })

  it('end a session when they are told', () => {
    const [page] = rulesOf(withRules({ people: { ...OIDC, sessionHours: 8 } }))
    expect(page?.actions[0].AuthenticateOidcConfig).toMatchObject({
      SessionTimeout: 28_800,
      Scope: 'openid email profile',
    })
  })

  it('have the secret of the client by its name', () => {
    const stack = withRules({ people: OIDC })
    const [page] = rulesOf(stack)
    expect(page?.actions[0].AuthenticateOidcConfig.ClientSecret).toBe(
      `{{resolve:secretsmanager:${SECRET}:SecretString:::}}`,
    )
  })

  it('name the user pool', () => {
    const [page] = rulesOf(withRules({ people: COGNITO }))
    expect(page?.actions[0].AuthenticateCognitoConfig).toMatchObject({
      UserPoolArn: COGNITO.userPoolArn,
      UserPoolClientId: 'trackyard',
      UserPoolDomain: 'models',
    })
  })

  it.each([
    [{}, []],
    [{ jwt: JWT }, ['443']],
    [{ people: OIDC }, ['443']],
    [{ people: COGNITO, jwt: JWT }, ['443']],
  ])('open the way to the provider only where there is one: %j', (options, ports) => {
    const { SecurityGroupEgress } = onlyResource(withRules(options), 'AWS::EC2::SecurityGroup').Properties
    const ways = SecurityGroupEgress.filter(({ CidrIp }: Resource) => CidrIp === '0.0.0.0/0')
    expect(ways.map(({ FromPort, ToPort }: Resource) => [`${FromPort}`, `${ToPort}`])).toEqual(
      ports.map((port) => [port, port]),
    )
  })
})

const FORWARD = { Type: 'forward', TargetGroupArn: { Ref: expect.stringMatching(/^Servers/) } }

function withRules(options: object, staticPrefix = '') {
  const stack = emptyStack()
  const vpc = plainVpc(stack)
  const { listener } = plainEdge(stack, vpc)
  const targetGroup = new elb.ApplicationTargetGroup(stack, 'Servers', {
    vpc,
    port: 5000,
    protocol: elb.ApplicationProtocol.HTTP,
    targetType: elb.TargetType.IP,
  })
  listener.addTargetGroups('Default', { targetGroups: [targetGroup] })
  const parsed: SignOn = signOn.parse(options)
  new SignOnRules(stack, 'SignOnRules', { listener, targetGroup, signOn: parsed, staticPrefix })
  return stack
}

/** In the order in which a load balancer tries them. */
function rulesOf(stack: ReturnType<typeof emptyStack>) {
  const rules: Resource[] = Object.values(
    Template.fromStack(stack).findResources('AWS::ElasticLoadBalancingV2::ListenerRule'),
  )
  return rules
    .map(({ Properties }) => Properties)
    .toSorted((a, b) => a.Priority - b.Priority)
    .map(({ Conditions, Actions }) => ({
      on: Conditions.flatMap(({ PathPatternConfig, HttpHeaderConfig }: Resource) => [
        ...(PathPatternConfig?.Values ?? []),
        ...(HttpHeaderConfig?.Values ?? []).map(
          (value: string) => `${HttpHeaderConfig.HttpHeaderName}: ${value}`,
        ),
      ]),
      actions: Actions,
    }))
}
