/** Of one region, in US dollars; `prices.json` says of what month. */
export interface Prices {
  /** Of an instance of size `large`, by family. */
  readonly instanceHour: Readonly<Record<string, number>>
  /** PostgreSQL in one zone, on an instance of size `large`, by family. */
  readonly databaseHour: Readonly<Record<string, number>>
  readonly databaseStorageGiB: number
  readonly databaseBackupGiB: number
  readonly databaseProxyCpuHour: number
  readonly diskGiB: number
  readonly natHour: number
  readonly natGiB: number
  readonly publicAddressHour: number
  readonly endpointHour: number
  readonly loadBalancerHour: number
  readonly loadBalancerUnitHour: number
  readonly firewall: number
  readonly firewallRule: number
  readonly firewallMillionRequests: number
  readonly objectGiB: number
  readonly objectBackupGiB: number
  readonly transferGiB: number
  readonly key: number
  readonly secret: number
  readonly logGiB: number
  readonly logKeptGiB: number
  readonly alarmMetric: number
  readonly metric: number
  readonly dashboard: number
  readonly canaryRun: number
}

/** What nobody can read from a template. */
export interface Usage {
  /** Artifacts in the bucket, in GiB. */
  readonly artifactsGiB: number
  /** What is written to logs in a month, in GiB. */
  readonly logsGiB: number
  /** Requests in a month, in millions. */
  readonly requestsMillions: number
  /** What leaves for the internet in a month, in GiB; half as much goes through NAT gateways. */
  readonly transferGiB: number
}

export interface Resource {
  readonly id: string
  readonly type: string
  // biome-ignore lint/suspicious/noExplicitAny: a resource has every shape
  readonly properties: Readonly<Record<string, any>>
}

/** What a resource's price is made from. */
export interface Pricing {
  readonly prices: Prices
  readonly hours: number
  readonly usage: Usage
  /** Every resource of the template. */
  readonly resources: readonly Resource[]
}

export interface Line {
  /** Logical id of the resource. */
  readonly resource: string
  readonly what: string
  readonly quantity: number
  /** Price of one, in US dollars. */
  readonly price: number
  readonly monthly: number
}

export type Price = (resource: Resource, pricing: Pricing) => Line[]

export function line({ id }: Resource, what: string, quantity: number, price: number): Line {
  return { resource: id, what, quantity, price, monthly: quantity * price }
}

/** The resource that a property refers to, if it is of this template. */
export function referred(reference: unknown, { resources }: Pricing): Resource | undefined {
  const { Ref, 'Fn::GetAtt': attribute } = (reference ?? {}) as { Ref?: string; 'Fn::GetAtt'?: string[] }
  return resources.find(({ id }) => id === (Ref ?? attribute?.[0]))
}

/** The first of a type: what the whole template shares is counted with it. */
export function isFirst({ id, type }: Resource, { resources }: Pricing): boolean {
  return resources.find((one) => one.type === type)?.id === id
}
