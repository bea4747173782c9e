import { matchesGlob } from 'node:path'
import { CfnResource, type Stack, Validations } from 'aws-cdk-lib'
import { ACKNOWLEDGED_FINDINGS, type AcknowledgedFinding, scannerOf } from './acknowledged-findings.ts'

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
        rules.filter((rule) => scannerOf(rule) === scanner).map((rule) => ({ rule, reason })),
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
