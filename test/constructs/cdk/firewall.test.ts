import { Match, Template } from 'aws-cdk-lib/assertions'
import { describe, expect, it } from 'vitest'
import { Firewall } from '../../../constructs/cdk/firewall.ts'
import { firewallRules } from '../../../constructs/cdk/firewall-rules.ts'
import { emptyStack, onlyResource, type Resource } from './stack.ts'

describe('a firewall', () => {
  it('stands before what it protects and logs without credentials', () => {
    const stack = emptyStack()
    new Firewall(stack, 'Firewall').protect(
      'arn:aws:elasticloadbalancing:eu-central-1:1:loadbalancer/app/a/1',
    )
    const acl = { 'Fn::GetAtt': [expect.stringMatching(/^FirewallWebAcl/), 'Arn'] }
    expect(onlyResource(stack, 'AWS::WAFv2::WebACLAssociation').Properties).toEqual({
      ResourceArn: 'arn:aws:elasticloadbalancing:eu-central-1:1:loadbalancer/app/a/1',
      WebACLArn: acl,
    })
    expect(onlyResource(stack, 'AWS::WAFv2::LoggingConfiguration').Properties).toMatchObject({
      ResourceArn: acl,
      RedactedFields: [{ SingleHeader: { Name: 'authorization' } }, { SingleHeader: { Name: 'cookie' } }],
    })
    Template.fromStack(stack).hasResource('AWS::Logs::LogGroup', {
      DeletionPolicy: 'Retain',
      Properties: {
        LogGroupName: { 'Fn::Join': ['', Match.arrayWith(['aws-waf-logs-'])] },
        RetentionInDays: 365,
      },
    })
  })

  it('logs to the group itself, whose ARN ends with its name', () => {
    const stack = emptyStack()
    new Firewall(stack, 'Firewall')
    const [destination] = onlyResource(stack, 'AWS::WAFv2::LoggingConfiguration').Properties
      .LogDestinationConfigs
    const parts = destination['Fn::Join'][1]
    expect(parts.slice(-2)).toEqual([':log-group:', { Ref: expect.stringMatching(/^FirewallLog/) }])
  })

  it('is the web ACL that it is given', () => {
    const stack = emptyStack()
    const webAclArn = 'arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/ours/1'
    new Firewall(stack, 'Firewall', { webAclArn }).protect('arn:aws:elasticloadbalancing:eu-central-1:1:a')
    const template = Template.fromStack(stack)
    template.resourceCountIs('AWS::WAFv2::WebACL', 0)
    template.hasResourceProperties('AWS::WAFv2::WebACLAssociation', { WebACLArn: webAclArn })
  })
})

describe('the rules of a firewall', () => {
  it('are a limit, the groups of AWS, and what becomes of marked requests, in this order', () => {
    const names = (rules: ReturnType<typeof firewallRules>) => rules.map(({ name }) => name)
    expect(names(firewallRules({}))).toEqual([
      'RateLimit',
      'AWSManagedRulesCommonRuleSet',
      'AWSManagedRulesKnownBadInputsRuleSet',
      'AWSManagedRulesSQLiRuleSet',
      'AWSManagedRulesAmazonIpReputationList',
      'BlockElsewhere',
    ])
    expect(names(firewallRules({ blockAnonymous: true }))).toContain('AWSManagedRulesAnonymousIpList')
    expect(firewallRules({}).map(({ priority }) => priority)).toEqual([0, 1, 2, 3, 4, 5])
  })

  it('tell a client that asks too much to ask again later', () => {
    expect(firewallRules({ requestsInFiveMinutes: 5000 })[0]).toMatchObject({
      statement: {
        rateBasedStatement: { aggregateKeyType: 'IP', evaluationWindowSec: 300, limit: 5000 },
      },
      action: { block: { customResponse: { responseCode: 429 } } },
    })
  })

  // A body above 8 kB, a search, a query of many runs: each is what clients send every day.
  it.each([
    ['AWSManagedRulesCommonRuleSet', 'SizeRestrictions_BODY'],
    ['AWSManagedRulesCommonRuleSet', 'SizeRestrictions_QUERYSTRING'],
    ['AWSManagedRulesCommonRuleSet', 'RestrictedExtensions_URIPATH'],
    ['AWSManagedRulesCommonRuleSet', 'CrossSiteScripting_BODY'],
    ['AWSManagedRulesKnownBadInputsRuleSet', 'JavaDeserializationRCE_BODY'],
    ['AWSManagedRulesSQLiRuleSet', 'SQLi_BODY'],
    ['AWSManagedRulesSQLiRuleSet', 'SQLi_QUERYARGUMENTS'],
  ])('only count in %s what %s finds', (group, rule) => {
    expect(overridesOf(group)).toContainEqual({ name: rule, actionToUse: { count: {} } })
  })

  it('block what they count, but on the paths of the API', () => {
    const { action, statement } = firewallRules({}).at(-1) as Resource
    const [marked, elsewhere] = statement.andStatement.statements
    expect(action).toEqual({ block: {} })
    expect(marked.orStatement.statements.map((one: Resource) => one.labelMatchStatement)).toEqual([
      { scope: 'NAMESPACE', key: 'awswaf:managed:aws:core-rule-set:' },
      { scope: 'NAMESPACE', key: 'awswaf:managed:aws:known-bad-inputs:' },
      { scope: 'NAMESPACE', key: 'awswaf:managed:aws:sql-database:' },
    ])
    expect(elsewhere.notStatement.statement.regexMatchStatement.textTransformations).toEqual([
      { priority: 0, type: 'NORMALIZE_PATH' },
    ])
  })

  it.each([
    '/api/2.0/mlflow/runs/log-batch',
    '/ajax-api/2.0/mlflow-artifacts/artifacts/1/model/train.log',
    '/api/2.0/mlflow-artifacts/artifacts/a/config.ini',
    '/graphql',
    '/get-artifact',
    '/model-versions/get-artifact',
    '/v1/traces',
    '/auth/callback',
  ])('let %s through, also below a prefix', (path) => {
    expect(pathsOf('').test(path)).toBe(true)
    expect(pathsOf('/ml.flow').test(`/ml.flow${path}`)).toBe(true)
    expect(pathsOf('/ml.flow').test(`/ml-flow${path}`)).toBe(false)
  })

  it.each(['/', '/static-files/index.js', '/apiary', '/graphqlx', '/signup', '/auth/sign-in', '/x/api/2.0'])(
    'make no exception for %s',
    (path) => {
      expect(pathsOf('').test(path)).toBe(false)
    },
  )

  it('let people come back whom the load balancer signs in, wherever the servers are', () => {
    expect(pathsOf('/mlflow').test('/oauth2/idpresponse')).toBe(true)
  })
})

function overridesOf(group: string): unknown {
  const rule = firewallRules({}).find(({ name }) => name === group) as Resource
  return rule.statement.managedRuleGroupStatement.ruleActionOverrides
}

/** As WAF reads the regular expression of the exception. */
function pathsOf(staticPrefix: string): RegExp {
  const { statement } = firewallRules({ staticPrefix }).at(-1) as Resource
  return new RegExp(
    statement.andStatement.statements[1].notStatement.statement.regexMatchStatement.regexString,
  )
}
