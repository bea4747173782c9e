import { matchesGlob } from 'node:path'
import { CfnResource, Stack, Validations } from 'aws-cdk-lib'
import { CfnPolicy } from 'aws-cdk-lib/aws-iam'
import {
  ACKNOWLEDGED_FINDINGS,
  type AcknowledgedFinding,
  GIVEN_BUCKET,
  scannerOf,
  wide,
} from './acknowledged-findings.ts'

/**
 * Writes what is acknowledged into the stack, for each scanner in its own words: it then passes the finding by, and
 * the template says so with the reason.
 */
export function acknowledgeFindings(stack: Stack): void {
  for (const resource of resourcesOf(stack)) {
    const path = pathIn(stack, resource)
    const acknowledged = ACKNOWLEDGED_FINDINGS.filter((finding) => isAt(path, finding))
    const rulesOf = (scanner: string) =>
      acknowledged.flatMap(({ rules, reason }) =>
        rules
          .filter((rule) => scannerOf(rule) === scanner)
          .flatMap((rule) => asFound(resource, rule))
          .map((rule) => ({ rule, reason })),
      )
    tellNag(resource, rulesOf('cdk-nag'))
    tellCfnLint(resource, rulesOf('cfn-lint'))
    tellCheckov(resource, rulesOf('checkov'))
  }
}

export function resourcesOf(stack: Stack): CfnResource[] {
  return stack.node.findAll().filter((construct) => CfnResource.isCfnResource(construct))
}

/** Below the stack: what is acknowledged holds whatever the stack is called. */
export function pathIn(stack: Stack, { node }: CfnResource): string {
  return node.path.slice(stack.node.path.length + 1)
}

export function isAt(path: string, { at }: AcknowledgedFinding): boolean {
  return at.some((pattern) => matchesGlob(path, pattern))
}

/** Whether a finding is of an acknowledged rule. */
export function isOf(acknowledged: string, rule: string): boolean {
  const [before = '', after] = acknowledged.split(GIVEN_BUCKET)
  if (after === undefined) return rule === acknowledged
  const isAround = rule.startsWith(before) && rule.endsWith(after)
  return isAround && /^arn:[^*<]*$/.test(rule.slice(before.length, rule.length - after.length))
}

/** The rule as a scanner writes it: with the buckets that this policy names. */
function asFound(resource: CfnResource, rule: string): string[] {
  if (!rule.includes(GIVEN_BUCKET)) return [rule]
  if (!(resource instanceof CfnPolicy)) return []
  const { Statement } = Stack.of(resource).resolve(resource.policyDocument)
  const named = new Set<unknown>(Statement.flatMap((one: { Resource: unknown }) => one.Resource))
  return [...named]
    .filter((one) => typeof one === 'string')
    .map(wide)
    .filter((found) => isOf(rule, found))
}

interface Acknowledgement {
  readonly rule: string
  readonly reason: string
}

function tellNag(resource: CfnResource, rules: readonly Acknowledgement[]): void {
  if (rules.length === 0) return
  Validations.of(resource).acknowledge(...rules.map(({ rule, reason }) => ({ id: rule, reason })))
  resource.addMetadata('cdk_nag', {
    rules_to_suppress: rules.map(({ rule, reason }) => ({ id: rule, reason })),
  })
}

function tellCfnLint(resource: CfnResource, rules: readonly Acknowledgement[]): void {
  if (rules.length === 0) return
  resource.addMetadata('cfn-lint', {
    config: { ignore_checks: rules.map(({ rule }) => rule) },
    // cfn-lint has no place for them.
    reasons: Object.fromEntries(rules.map(({ rule, reason }) => [rule, reason])),
  })
}

function tellCheckov(resource: CfnResource, rules: readonly Acknowledgement[]): void {
  if (rules.length === 0) return
  resource.addMetadata('checkov', { skip: rules.map(({ rule, reason }) => ({ id: rule, comment: reason })) })
}
