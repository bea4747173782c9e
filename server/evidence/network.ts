/** What may connect to what: the rules of security groups, and what listens. */
import { listOf, type Properties, resourcesOf, type Template, textOf } from './template.ts'

export interface Edge {
  readonly from: string
  readonly to: string
  /** `tcp 443`, `tcp 1024-65535`, `all`. */
  readonly ports: string
  /** Which side's group says so: a connection between two groups needs both, unless one lets everything. */
  readonly rules: 'out' | 'in' | 'out, in'
}

export interface Listener {
  readonly loadBalancer: string
  readonly scheme: string
  readonly port: string
  readonly protocol: string
  /** Of TLS. */
  readonly policy: string
}

export const ANYWHERE = ['0.0.0.0/0', '::/0']

type Direction = 'in' | 'out'

const ALONE: readonly [string, Direction][] = [
  ['AWS::EC2::SecurityGroupIngress', 'in'],
  ['AWS::EC2::SecurityGroupEgress', 'out'],
]

/** Every rule of every security group: who begins is `from`, who accepts is `to`. */
export function edgesOf(template: Template): Edge[] {
  const groups = resourcesOf(template, 'AWS::EC2::SecurityGroup')
  const within = groups.flatMap(([id, { Properties }]) => [
    ...listOf(Properties.SecurityGroupIngress).map((rule) => ruleOf('in', id, rule as Properties)),
    ...listOf(Properties.SecurityGroupEgress).map((rule) => ruleOf('out', id, rule as Properties)),
  ])
  const alone = ALONE.flatMap(([type, direction]) =>
    resourcesOf(template, type).map(([, { Properties }]) =>
      ruleOf(direction, nameOf(Properties.GroupId), Properties),
    ),
  )
  const rules = [...within, ...alone]
  const silent = groups.filter(([id]) => !rules.some(({ rule, from }) => rule === 'out' && from === id))
  // EC2 lets everything out of a group that has no rule for what goes out.
  const byDefault = silent.map(([from]) => ({ rule: 'out' as const, from, to: '0.0.0.0/0', ports: 'all' }))
  return merged([...rules, ...byDefault].filter(({ to }) => to !== NOWHERE))
}

interface Rule extends Omit<Edge, 'rules'> {
  readonly rule: Direction
}

function merged(rules: readonly Rule[]): Edge[] {
  const edges = Map.groupBy(rules, ({ from, to, ports }) => JSON.stringify([from, to, ports]))
  return [...edges.values()].map((same) => {
    const [{ rule, ...edge }] = same as [Rule, ...Rule[]]
    return { ...edge, rules: same.some((other) => other.rule !== rule) ? 'out, in' : rule }
  })
}

/** What CDK writes into a group that lets nothing out, so that it has a rule. */
const NOWHERE = '255.255.255.255/32'

export function listenersOf(template: Template): Listener[] {
  const schemes = new Map(
    resourcesOf(template, 'AWS::ElasticLoadBalancingV2::LoadBalancer').map(([id, { Properties }]) => [
      id,
      textOf(Properties.Scheme ?? 'internet-facing'),
    ]),
  )
  return resourcesOf(template, 'AWS::ElasticLoadBalancingV2::Listener').map(([, { Properties }]) => {
    const loadBalancer = nameOf(Properties.LoadBalancerArn)
    return {
      loadBalancer,
      scheme: schemes.get(loadBalancer) ?? 'unknown',
      port: textOf(Properties.Port),
      protocol: textOf(Properties.Protocol),
      policy: textOf(Properties.SslPolicy ?? ''),
    }
  })
}

function ruleOf(rule: Direction, group: string, properties: Properties): Rule {
  const peer = nameOf(
    properties.CidrIp ??
      properties.CidrIpv6 ??
      properties.SourceSecurityGroupId ??
      properties.DestinationSecurityGroupId ??
      properties.SourcePrefixListId ??
      properties.DestinationPrefixListId,
  )
  const [from, to] = rule === 'in' ? [peer, group] : [group, peer]
  return { rule, from, to, ports: portsOf(properties) }
}

function portsOf({ IpProtocol, FromPort, ToPort }: Properties): string {
  const protocol = textOf(IpProtocol)
  if (protocol === '-1') return 'all'
  const [first, last] = [textOf(FromPort ?? '*'), textOf(ToPort ?? '*')]
  return `${protocol} ${first === last ? first : `${first}-${last}`}`
}

/** The logical id of a security group; a range of addresses as it is. */
function nameOf(value: unknown): string {
  const text = textOf(value)
  return /^\$\{(\w+)(?:\.GroupId)?\}$/.exec(text)?.[1] ?? text
}
