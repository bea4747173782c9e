/** The rules of the web ACL: AWS's own groups, with the exceptions that MLflow's requests need. */
import type { CfnWebACL } from 'aws-cdk-lib/aws-wafv2'

/** Everything that clients and the UI ask; the rest is the page itself and its files. */
const API_PATHS = 'api|ajax-api|graphql|get-artifact|model-versions/get-artifact|v1/traces'
/** Where identity providers send people back to, with as long a query as they like. */
const CALLBACKS = { server: 'auth/callback', loadBalancer: '/oauth2/idpresponse' }

/**
 * Rules that take what MLflow sends for an attack. They only mark a request, by a label; `BLOCK_ELSEWHERE` blocks the
 * marked ones but on these paths, where the servers check all of this by themselves: paths by one judge, SQL by
 * parameters alone, bodies by schema and size.
 */
const MARKED = {
  AWSManagedRulesCommonRuleSet: [
    // A batch of metrics, or a part of an artifact, is larger than 8 kB.
    'SizeRestrictions_BODY',
    // The UI asks for the metrics of 100 runs at once, by their ids in the URL.
    'SizeRestrictions_QUERYSTRING',
    // Artifacts may lie deep.
    'SizeRestrictions_URIPATH',
    // Artifacts are called train.log and config.ini.
    'RestrictedExtensions_URIPATH',
    'RestrictedExtensions_QUERYARGUMENTS',
    // Artifacts, notes, prompts and traces are any text there is: HTML, URLs with addresses, paths with dots.
    'CrossSiteScripting_BODY',
    'GenericLFI_BODY',
    'GenericRFI_BODY',
    'EC2MetaDataSSRF_BODY',
  ],
  AWSManagedRulesKnownBadInputsRuleSet: [
    // The same texts, and pickled models.
    'JavaDeserializationRCE_BODY',
    'Log4JRCE_BODY',
    'ReactJSRCE_BODY',
  ],
  AWSManagedRulesSQLiRuleSet: [
    // A search is a filter such as metrics.accuracy > 0.9 AND params.model = 'tree'.
    'SQLi_BODY',
    'SQLiExtendedPatterns_BODY',
    'SQLi_QUERYARGUMENTS',
    'SQLiExtendedPatterns_QUERYARGUMENTS',
  ],
  AWSManagedRulesAmazonIpReputationList: [],
  // Jobs run where this list says that hosting providers are.
  AWSManagedRulesAnonymousIpList: ['HostingProviderIPList'],
} as const

/** Whose labels those are. */
const LABELS = ['core-rule-set', 'known-bad-inputs', 'sql-database']

type GroupName = keyof typeof MARKED

interface FirewallRulesOptions {
  readonly staticPrefix?: string
  readonly requestsInFiveMinutes?: number
  readonly blockAnonymous?: boolean
}

export function firewallRules({
  staticPrefix = '',
  requestsInFiveMinutes = 100_000,
  blockAnonymous = false,
}: FirewallRulesOptions): CfnWebACL.RuleProperty[] {
  const groups = (Object.keys(MARKED) as GroupName[]).filter(
    (name) => blockAnonymous || name !== 'AWSManagedRulesAnonymousIpList',
  )
  const rules = [rateLimit(requestsInFiveMinutes), ...groups.map(managedGroup), blockElsewhere(staticPrefix)]
  return rules.map((rule, priority) => ({
    ...rule,
    priority,
    visibilityConfig: { metricName: rule.name, cloudWatchMetricsEnabled: true, sampledRequestsEnabled: true },
  }))
}

type Rule = Pick<CfnWebACL.RuleProperty, 'name' | 'statement' | 'action' | 'overrideAction'>

function rateLimit(limit: number): Rule {
  return {
    name: 'RateLimit',
    statement: { rateBasedStatement: { aggregateKeyType: 'IP', evaluationWindowSec: 300, limit } },
    // 429 rather than 403: MLflow's client sends again what is refused so.
    action: { block: { customResponse: { responseCode: 429 } } },
  }
}

function managedGroup(name: GroupName): Rule {
  return {
    name,
    statement: {
      managedRuleGroupStatement: {
        vendorName: 'AWS',
        name,
        ruleActionOverrides: MARKED[name].map((rule) => ({ name: rule, actionToUse: { count: {} } })),
      },
    },
    overrideAction: { none: {} },
  }
}

function blockElsewhere(staticPrefix: string): Rule {
  const marked = LABELS.map((group) => ({
    labelMatchStatement: { scope: 'NAMESPACE', key: `awswaf:managed:aws:${group}:` },
  }))
  const prefix = staticPrefix.replaceAll('.', '\\.')
  const onApiPaths = {
    regexMatchStatement: {
      fieldToMatch: { uriPath: {} },
      regexString: `^(${CALLBACKS.loadBalancer}|${prefix}/(${API_PATHS}|${CALLBACKS.server}))(/|$)`,
      // /api/../ is not below /api.
      textTransformations: [{ priority: 0, type: 'NORMALIZE_PATH' }],
    },
  }
  return {
    name: 'BlockElsewhere',
    statement: {
      andStatement: {
        statements: [{ orStatement: { statements: marked } }, { notStatement: { statement: onApiPaths } }],
      },
    },
    action: { block: {} },
  }
}
