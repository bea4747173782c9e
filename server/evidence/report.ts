/** Everything that a reviewer of a stack asks for, drawn from its template. */
import { createHash } from 'node:crypto'
import { type Access, accessOf, policiesOfAws, trustOf } from './access.ts'
import { type Acknowledged, acknowledgedIn } from './acknowledged.ts'
import { type AtRest, encryptionAtRest, encryptionOnTheWay, type OnTheWay } from './encryption.ts'
import { type Kept, keptOf } from './keeping.ts'
import { type Edge, edgesOf, type Listener, listenersOf } from './network.ts'
import type { ScanResult } from './results.ts'
import { parseTemplate } from './template.ts'

export interface Evidence {
  readonly stack: string
  /** SHA-256 of the template: whether it is the one that was deployed. */
  readonly templateSha256: string
  readonly scanners: readonly ScanResult[]
  readonly acknowledged: readonly Acknowledged[]
  readonly encryption: { readonly atRest: readonly AtRest[]; readonly onTheWay: readonly OnTheWay[] }
  readonly network: { readonly listeners: readonly Listener[]; readonly edges: readonly Edge[] }
  readonly access: {
    readonly roles: readonly { readonly role: string; readonly trusted: readonly string[] }[]
    readonly policiesOfAws: readonly { readonly role: string; readonly policy: string }[]
    readonly statements: readonly Access[]
  }
  readonly kept: readonly Kept[]
}

/** @throws Error when the text is no template */
export function evidenceOf(stack: string, text: string, scanners: readonly ScanResult[]): Evidence {
  const template = parseTemplate(text)
  return {
    stack,
    templateSha256: createHash('sha256').update(text).digest('hex'),
    scanners,
    acknowledged: acknowledgedIn(template),
    encryption: { atRest: encryptionAtRest(template), onTheWay: encryptionOnTheWay(template) },
    network: { listeners: listenersOf(template), edges: edgesOf(template) },
    access: {
      roles: trustOf(template),
      policiesOfAws: policiesOfAws(template),
      statements: accessOf(template),
    },
    kept: keptOf(template),
  }
}
