/** What scanners say about the EnterpriseStack and is left as it is, each with the reason. */

export interface AcknowledgedFinding {
  /** Rules of cdk-nag, checkov or cfn-lint, by the names that these give them. */
  readonly rules: readonly string[]
  /** Construct paths below the stack; `*` is any text within a part, `**` any parts. */
  readonly at: readonly string[]
  readonly reason: string
}

export type Scanner = 'cdk-nag' | 'cfn-lint' | 'checkov'

export function scannerOf(rule: string): Scanner {
  if (rule.startsWith('CKV')) return 'checkov'
  return /^[EWI]\d{4}$/.test(rule) ? 'cfn-lint' : 'cdk-nag'
}

export const ACKNOWLEDGED_FINDINGS: readonly AcknowledgedFinding[] = []
