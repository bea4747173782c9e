/** Evidence as a document. */
import type { Access } from './access.ts'
import { ANYWHERE } from './network.ts'
import type { Evidence } from './report.ts'
import type { ScanResult } from './results.ts'

export function toMarkdown(evidence: Evidence): string {
  const { stack, templateSha256, encryption, network, access, kept } = evidence
  return [
    `# Evidence: ${stack}`,
    `Drawn from the synthesized template with the SHA-256 \`${templateSha256}\`. What is known only when it is deployed stands as \`\${LogicalId.Attribute}\`.`,
    '## Scanners',
    scanners(evidence.scanners),
    '## Acknowledged findings',
    table(
      ['rule', 'reason', 'resources'],
      evidence.acknowledged.map(({ rule, reason, resources }) => [rule, reason, resources.join(', ')]),
    ),
    '## Encryption',
    '### At rest',
    table(
      ['resource', 'type', 'key'],
      encryption.atRest.map(({ resource, type, key }) => [resource, type, key || '**not encrypted**']),
    ),
    '### On the way',
    table(
      ['resource', 'says'],
      encryption.onTheWay.map(({ resource, says }) => [resource, says]),
    ),
    '## Network',
    '### What listens',
    table(
      ['load balancer', 'scheme', 'port', 'protocol', 'TLS policy'],
      network.listeners.map(({ loadBalancer, scheme, port, protocol, policy }) => [
        loadBalancer,
        scheme,
        port,
        protocol,
        policy,
      ]),
    ),
    '### Who may connect to what',
    'A connection between two security groups needs a rule of each: `out` of the first, `in` of the second.',
    table(
      ['from', 'to', 'ports', 'rules'],
      network.edges.map(({ from, to, ports, rules }) => [anywhere(from), anywhere(to), ports, rules]),
    ),
    '## Access',
    '### Who takes which role on',
    table(
      ['role', 'trusted'],
      access.roles.map(({ role, trusted }) => [role, trusted.join(', ')]),
    ),
    '### Policies kept by AWS',
    table(
      ['role', 'policy'],
      access.policiesOfAws.map(({ role, policy }) => [role, policy]),
    ),
    '### What each role may',
    statements(access.statements.filter(({ kind }) => kind === 'role')),
    '### What resources say about who reads them',
    statements(access.statements.filter(({ kind }) => kind === 'resource')),
    '### What may go through endpoints of the VPC',
    statements(access.statements.filter(({ kind }) => kind === 'endpoint')),
    '## What outlives the stack',
    table(
      ['resource', 'type', 'when deleted', 'when replaced', 'locked for'],
      kept.map(({ resource, type, whenDeleted, whenReplaced, locked }) => [
        resource,
        type,
        whenDeleted,
        whenReplaced,
        locked,
      ]),
    ),
  ].join('\n\n')
}

function scanners(results: readonly ScanResult[]): string {
  const rows = results.map(({ scanner, findings }) => [
    scanner,
    String(findings.length),
    findings.map(({ rule, resource }) => `${rule} at ${resource}`).join('; '),
  ])
  return rows.length === 0 ? 'No results were given.' : table(['scanner', 'findings', 'which'], rows)
}

function statements(accesses: readonly Access[]): string {
  return table(
    ['of', 'who', 'effect', 'actions', 'resources', 'when'],
    accesses.map(({ of, kind, statement }) => [
      of,
      kind === 'role' ? 'the role' : statement.Principal.join(', '),
      statement.Effect,
      either(statement.Action, statement.NotAction),
      either(statement.Resource, statement.NotResource),
      conditions(statement.Condition),
    ]),
  )
}

function either(those: readonly string[], not: readonly string[]): string {
  return not.length > 0 ? `all but ${not.join(', ')}` : those.join(', ')
}

function conditions(
  condition: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>,
): string {
  return Object.entries(condition)
    .flatMap(([operator, keys]) =>
      Object.entries(keys).map(([key, values]) => `${key} ${operator} ${values.join(' or ')}`),
    )
    .join('; ')
}

function anywhere(peer: string): string {
  return ANYWHERE.includes(peer) ? `**${peer}**` : peer
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return 'None.'
  const line = (cells: readonly string[]) => `| ${cells.map(escapeCell).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ')
}
