/** What the servers are told of how to sign in. */
import type { Config } from '../server/config.ts'
import type { TrackingSettings } from './settings.ts'
import type { People, SignOn } from './sign-on-options.ts'

/** Secrets, and the load balancer's own name, are not in it: whoever has made them adds them. */
export function signOnConfig({ signOn, hostName }: TrackingSettings): Partial<Config> {
  if (!signOn) return {}
  return {
    login: waysOf(signOn),
    ...(hostName !== 'localhost' && { publicUrl: `https://${hostName}` }),
    authAdminUsername: signOn.adminUsername,
    defaultPermission: signOn.defaultPermission,
    groupRoles: Object.entries(signOn.groupRoles).map(([group, role]) => ({ group, role })),
    ...peopleConfig(signOn.people),
    ...jwtConfig(signOn.jwt),
  }
}

/** Whether the load balancer signs people in. */
export function isAtLoadBalancer({ kind }: People): boolean {
  return kind === 'load-balancer-oidc' || kind === 'load-balancer-cognito'
}

/** Whether the load balancer itself asks a provider: to sign people in, or for the keys of JWTs. */
export function needsWayOut({ people, jwt }: SignOn): boolean {
  return isAtLoadBalancer(people) || jwt?.atLoadBalancer === true
}

function waysOf({ people, jwt, passwords }: SignOn): Config['login'] {
  return [
    ...(passwords ? (['basic'] as const) : []),
    ...(people.kind === 'oidc' ? (['oidc'] as const) : []),
    ...(jwt ? (['jwt'] as const) : []),
    ...(isAtLoadBalancer(people) ? (['load-balancer'] as const) : []),
  ]
}

function peopleConfig(people: People): Partial<Config> {
  switch (people.kind) {
    case 'passwords':
      return {}
    case 'oidc':
      return {
        oidcIssuer: people.issuer,
        oidcClientId: people.clientId,
        oidcScopes: people.scopes,
        oidcUsernameClaim: people.usernameClaim,
        oidcGroupsClaim: people.groupsClaim,
        oidcAllowedGroups: people.allowedGroups,
        sessionHours: people.sessionHours,
      }
    case 'load-balancer-oidc':
      return loadBalancerConfig(people, people.issuer)
    case 'load-balancer-cognito':
      return loadBalancerConfig(people, cognitoIssuer(people.userPoolArn))
  }
}

interface LoadBalancerClient {
  readonly clientId: string
  readonly usernameClaim: string
  readonly groupsClaim: string
}

function loadBalancerConfig(client: LoadBalancerClient, issuer: string): Partial<Config> {
  return {
    loadBalancerIssuer: issuer,
    loadBalancerClientId: client.clientId,
    loadBalancerUsernameClaim: client.usernameClaim,
    loadBalancerGroupsClaim: client.groupsClaim,
  }
}

function cognitoIssuer(userPoolArn: string): string {
  const [, partition, , region, , pool = ''] = userPoolArn.split(':')
  const domain = partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com'
  return `https://cognito-idp.${region}.${domain}/${pool.slice('userpool/'.length)}`
}

function jwtConfig(jwt: SignOn['jwt']): Partial<Config> {
  if (!jwt) return {}
  return {
    jwtIssuer: jwt.issuer,
    jwtKeysUrl: jwt.jwksUrl,
    jwtAudience: [jwt.audience],
    jwtUsernameClaim: jwt.usernameClaim,
    jwtGroupsClaim: jwt.groupsClaim,
    ...(jwt.atLoadBalancer && { jwtAlgorithms: ['RS256'] }),
  }
}
