/** What scanners found and somebody answered for, as it is written into the template for each scanner. */
import { listOf, type Template, textOf, valueAt } from './template.ts'

export interface Acknowledged {
  readonly rule: string
  readonly reason: string
  /** Logical ids. */
  readonly resources: string[]
}

export function acknowledgedIn({ Resources }: Template): Acknowledged[] {
  const found = new Map<string, Acknowledged>()
  for (const [resource, { Metadata }] of Object.entries(Resources)) {
    for (const { rule, reason } of [...ofNag(Metadata), ...ofCheckov(Metadata), ...ofCfnLint(Metadata)]) {
      const key = `${rule}\n${reason}`
      const one = found.get(key) ?? { rule, reason, resources: [] }
      if (!one.resources.includes(resource)) one.resources.push(resource)
      found.set(key, one)
    }
  }
  return [...found.values()].sort((one, other) => one.rule.localeCompare(other.rule, 'en'))
}

function ofNag(metadata: unknown) {
  return listOf(valueAt(metadata, 'cdk_nag', 'rules_to_suppress')).map((rule) => ({
    rule: textOf(valueAt(rule, 'id')),
    reason: textOf(valueAt(rule, 'reason')),
  }))
}

function ofCheckov(metadata: unknown) {
  return listOf(valueAt(metadata, 'checkov', 'skip')).map((rule) => ({
    rule: textOf(valueAt(rule, 'id')),
    reason: textOf(valueAt(rule, 'comment') ?? ''),
  }))
}

/** cfn-lint itself knows no reasons; who acknowledges writes them beside the rules. */
function ofCfnLint(metadata: unknown) {
  return listOf(valueAt(metadata, 'cfn-lint', 'config', 'ignore_checks')).map((rule) => ({
    rule: textOf(rule),
    reason: textOf(valueAt(metadata, 'cfn-lint', 'reasons', textOf(rule)) ?? ''),
  }))
}
