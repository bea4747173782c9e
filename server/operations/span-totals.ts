/** Sums over the spans of a trace. */

/** A span with what it says it used, if it does. */
export interface SpanNode {
  readonly id: string
  readonly parentId: string | null
  readonly used: Readonly<Record<string, unknown>> | undefined
}

/**
 * Sums what spans used. One that says so speaks for all below it: some libraries add up on the parent what its
 * children used. The sum has `keys`, and of `more` what some span has.
 * @returns undefined where no span says anything
 */
export function totalUsed(
  nodes: readonly SpanNode[],
  keys: readonly string[],
  more: readonly string[] = [],
): Record<string, number> | undefined {
  const speaking = topSpeakers(nodes)
  if (speaking.length === 0) return undefined
  const totals: Record<string, number> = Object.fromEntries(keys.map((key) => [key, 0]))
  for (const used of speaking) {
    for (const key of [...keys, ...more]) {
      const value = used[key]
      if (typeof value === 'number') totals[key] = (totals[key] ?? 0) + value
    }
  }
  return totals
}

function topSpeakers(nodes: readonly SpanNode[]): Readonly<Record<string, unknown>>[] {
  const ids = new Set(nodes.map(({ id }) => id))
  const isRoot = ({ parentId }: SpanNode) => parentId === null || !ids.has(parentId)
  const childrenOf = Map.groupBy(
    nodes.filter((node) => !isRoot(node)),
    ({ parentId }) => parentId,
  )
  const speaking: Readonly<Record<string, unknown>>[] = []
  const open = nodes.filter(isRoot)
  for (let node = open.pop(); node; node = open.pop()) {
    if (node.used) speaking.push(node.used)
    else open.push(...(childrenOf.get(node.id) ?? []))
  }
  return speaking
}
