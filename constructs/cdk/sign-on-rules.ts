import { Duration, SecretValue } from 'aws-cdk-lib'
import * as cognito from 'aws-cdk-lib/aws-cognito'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as elb from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import { AuthenticateCognitoAction } from 'aws-cdk-lib/aws-elasticloadbalancingv2-actions'
import { Construct } from 'constructs'
import type { People, SignOn } from '../sign-on-options.ts'

export interface SignOnRulesProps {
  /** Speaks HTTPS, and sends what no rule takes to the servers. */
  readonly listener: elb.ApplicationListener
  /** The servers. */
  readonly targetGroup: elb.IApplicationTargetGroup
  readonly signOn: SignOn
  /**
   * Path before every URL of the servers.
   * @default none
   */
  readonly staticPrefix?: string
}

/** The order of the rules. */
const PRIORITY = { ownToken: 10, jwt: 20, page: 30, everything: 40 } as const

/**
 * What a load balancer checks before the servers do, which check all of it again. Only the page that people open is
 * answered by a redirect: all else without a credential reaches the servers, whose answer is a 401 in MLflow's JSON.
 */
export class SignOnRules extends Construct {
  readonly #props: SignOnRulesProps

  constructor(scope: Construct, id: string, props: SignOnRulesProps) {
    super(scope, id)
    this.#props = props
    const { jwt, people } = props.signOn
    if (jwt?.atLoadBalancer) this.verifyJwts(jwt)
    if (people.kind === 'load-balancer-oidc' || people.kind === 'load-balancer-cognito') this.signIn(people)
  }

  private verifyJwts(jwt: NonNullable<SignOn['jwt']>): void {
    const bearer = (token: string) => elb.ListenerCondition.httpHeader('Authorization', [`Bearer ${token}`])
    this.rule('OwnToken', PRIORITY.ownToken, bearer('trackyard_*'), this.forward())
    const rule = this.rule(
      'Jwt',
      PRIORITY.jwt,
      bearer('*'),
      elb.ListenerAction.authenticateJwt({
        issuer: jwt.issuer,
        jwksEndpoint: jwt.jwksUrl,
        next: this.forward(),
      }),
    )
    const cfnRule = rule.node.defaultChild as elb.CfnListenerRule
    // `authenticateJwt` has no way to say it.
    cfnRule.addPropertyOverride('Actions.0.JwtValidationConfig.AdditionalClaims', [
      { Name: 'aud', Format: jwt.audienceInList ? 'string-array' : 'single-string', Values: [jwt.audience] },
    ])
    this.#props.listener.connections.allowToAnyIpv4(ec2.Port.tcp(443), 'Keys of the issuer of JWTs')
  }

  private signIn(people: AtLoadBalancer): void {
    const { staticPrefix = '' } = this.#props
    const page = [`${staticPrefix}/`, ...(staticPrefix ? [staticPrefix] : [])]
    const { AUTHENTICATE, ALLOW } = elb.UnauthenticatedAction
    const on = elb.ListenerCondition.pathPatterns
    this.rule('Page', PRIORITY.page, on(page), this.authenticate(people, AUTHENTICATE))
    this.rule('Everything', PRIORITY.everything, on(['/*']), this.authenticate(people, ALLOW))
  }

  private authenticate(
    people: AtLoadBalancer,
    onUnauthenticatedRequest: elb.UnauthenticatedAction,
  ): elb.ListenerAction {
    const common = {
      onUnauthenticatedRequest,
      scope: people.scopes,
      sessionTimeout: Duration.hours(people.sessionHours),
      next: this.forward(),
    }
    switch (people.kind) {
      case 'load-balancer-oidc':
        return elb.ListenerAction.authenticateOidc({
          ...common,
          issuer: people.issuer,
          authorizationEndpoint: people.authorizationEndpoint,
          tokenEndpoint: people.tokenEndpoint,
          userInfoEndpoint: people.userInfoEndpoint,
          clientId: people.clientId,
          clientSecret: SecretValue.secretsManager(people.clientSecretArn),
        })
      case 'load-balancer-cognito':
        return new AuthenticateCognitoAction({ ...common, ...this.pool(people, onUnauthenticatedRequest) })
    }
  }

  private pool({ userPoolArn, clientId, domain }: Cognito, id: string) {
    const scope = new Construct(this, `Pool-${id}`)
    return {
      userPool: cognito.UserPool.fromUserPoolArn(scope, 'Pool', userPoolArn),
      userPoolClient: cognito.UserPoolClient.fromUserPoolClientId(scope, 'Client', clientId),
      userPoolDomain: cognito.UserPoolDomain.fromDomainName(scope, 'Domain', domain),
    }
  }

  private forward(): elb.ListenerAction {
    return elb.ListenerAction.forward([this.#props.targetGroup])
  }

  private rule(
    id: string,
    priority: number,
    condition: elb.ListenerCondition,
    action: elb.ListenerAction,
  ): elb.ApplicationListenerRule {
    const { listener } = this.#props
    return new elb.ApplicationListenerRule(this, id, { listener, priority, conditions: [condition], action })
  }
}

type Cognito = Extract<People, { kind: 'load-balancer-cognito' }>
type AtLoadBalancer = Extract<People, { kind: `load-balancer-${string}` }>
