import { describe, expect, it } from 'vitest'
import { trackingEnvironment } from '../../constructs/environment.ts'
import { parseSettings } from '../../constructs/settings.ts'
import type { Config } from '../../server/config.ts'

const SECRET = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:client-AbCdEf'
const BALANCER =
  'arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/edge/0123456789abcdef'
const KEY = 'a-key-of-more-than-thirty-two-characters'
const JWT = {
  issuer: 'https://id.example.com',
  jwksUrl: 'https://id.example.com/keys',
  audience: 'trackyard',
}
const COGNITO = {
  kind: 'load-balancer-cognito',
  userPoolArn: 'arn:aws:cognito-idp:eu-central-1:123456789012:userpool/eu-central-1_AbCdEf',
  clientId: 'trackyard',
  domain: 'models',
}
const OIDC = { kind: 'oidc', issuer: 'https://id.example.com', clientId: 'trackyard' }

// Each environment here is one that a server would start with: `trackingEnvironment` reads it back.
describe('servers of the enterprise tier', () => {
  it('ask for passwords where nothing is said, of users beside the runs', () => {
    const environment = environmentOf({})
    expect(environment).toMatchObject({ TRACKYARD_LOGIN: 'basic', MLFLOW_AUTH_ADMIN_USERNAME: 'admin' })
    expect(environment.TRACKYARD_AUTH_DATABASE_URI).toBe(environment.MLFLOW_BACKEND_STORE_URI)
  })

  it('lead people to their provider', () => {
    const people = { ...OIDC, allowedGroups: ['ml', 'ops'], sessionHours: 8 }
    const groupRoles = { 'ml-admins': 'admin', 'a=b': 'editors' }
    expect(environmentOf({ people, groupRoles }, { secretKey: KEY })).toMatchObject({
      TRACKYARD_LOGIN: 'basic,oidc',
      TRACKYARD_PUBLIC_URL: 'https://mlflow.example.com',
      TRACKYARD_OIDC_ISSUER: 'https://id.example.com',
      TRACKYARD_OIDC_CLIENT_ID: 'trackyard',
      TRACKYARD_OIDC_ALLOWED_GROUPS: 'ml,ops',
      TRACKYARD_OIDC_USERNAME_CLAIM: 'email',
      TRACKYARD_SESSION_HOURS: '8',
      TRACKYARD_GROUP_ROLES: 'ml-admins=admin,a=b=editors',
    })
  })

  it('believe the load balancer that signs people in, of this issuer and this client', () => {
    const signOn = { people: COGNITO, passwords: false, groupRoles: { ml: 'admin' } }
    expect(environmentOf(signOn, { loadBalancerArn: BALANCER })).toMatchObject({
      TRACKYARD_LOGIN: 'load-balancer',
      TRACKYARD_LOAD_BALANCER_ARN: BALANCER,
      TRACKYARD_LOAD_BALANCER_ISSUER: 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEf',
      TRACKYARD_LOAD_BALANCER_CLIENT_ID: 'trackyard',
    })
  })

  it('check every JWT again that the load balancer has let through', () => {
    expect(environmentOf({ jwt: JWT })).toMatchObject({
      TRACKYARD_LOGIN: 'basic,jwt',
      TRACKYARD_JWT_ISSUER: 'https://id.example.com',
      TRACKYARD_JWT_JWKS_URL: 'https://id.example.com/keys',
      TRACKYARD_JWT_AUDIENCE: 'trackyard',
      TRACKYARD_JWT_ALGORITHMS: 'RS256',
    })
    const alone = environmentOf({ jwt: { ...JWT, atLoadBalancer: false } })
    expect(alone.TRACKYARD_JWT_ALGORITHMS).toBeUndefined()
  })

  it.each<[string, object]>([
    ['signOn.passwords=false: nobody could enter', { passwords: false }],
    [
      'signOn.passwords=false: nobody would be an admin',
      { people: COGNITO, passwords: false, groupRoles: { ml: 'editors' } },
    ],
    [
      'signOn.people.kind="saml": must be of kind passwords, oidc, load-balancer-oidc or',
      { people: { kind: 'saml' } },
    ],
    [
      'signOn.people.issuer="http://id": must be an https:// URL',
      { people: { ...OIDC, issuer: 'http://id' } },
    ],
    [
      'signOn.people.clientSecretArn="s3cret": must be the ARN',
      { people: { ...OIDC, clientSecretArn: 's3cret' } },
    ],
    ['signOn.people.scopes="email": must have openid', { people: { ...OIDC, scopes: 'email' } }],
    ['signOn.people.domain="https://x"', { people: { ...COGNITO, domain: 'https://x' } }],
    ['signOn.jwt.audience', { jwt: { issuer: JWT.issuer, jwksUrl: JWT.jwksUrl } }],
    ['signOn.groupRoles.ml="__user_1": must be the name of a role', { groupRoles: { ml: '__user_1' } }],
    [
      'signOn.people.clientSecret: no such option; did you mean clientSecretArn?',
      { people: { ...OIDC, clientSecret: SECRET } },
    ],
  ])('are refused with %s', (message, signOn) => {
    expect(() => environmentOf(signOn)).toThrow(message)
  })

  it('need a name to which people come back', () => {
    expect(() => parseSettings({ ...SETTINGS, hostName: 'localhost', signOn: { people: OIDC } })).toThrow(
      'hostName="localhost": people come back to it',
    )
  })
})

it('no other tier has a sign-on', () => {
  expect(() => parseSettings({ tier: 'local', signOn: {} })).toThrow(/only the enterprise tier has it/)
})

const SETTINGS = {
  tier: 'enterprise',
  hostName: 'mlflow.example.com',
  port: 443,
  database: { kind: 'postgres', host: 'db.internal' },
  artifacts: { kind: 's3', bucket: 'models' },
}

function environmentOf(signOn: object, made: Partial<Config> = {}) {
  return trackingEnvironment(parseSettings({ ...SETTINGS, signOn }), made)
}
