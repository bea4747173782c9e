/** A monthly estimate of what a CloudFormation template makes. */
import { priceDatabase, priceInstances, priceProxy } from './compute.ts'
import { isFree } from './free.ts'
import {
  flat,
  priceAlarm,
  priceBackup,
  priceBucket,
  priceCanary,
  priceCluster,
  priceLogs,
  priceMetric,
} from './keeping.ts'
import type { Line, Price, Resource, Usage } from './line.ts'
import { priceAddress, priceEndpoint, priceFirewall, priceLoadBalancer, priceNat } from './network.ts'
import file from './prices.json' with { type: 'json' }

const PRICED: Readonly<Record<string, Price>> = {
  'AWS::AutoScaling::AutoScalingGroup': priceInstances,
  'AWS::Backup::BackupPlan': priceBackup,
  'AWS::CloudWatch::Alarm': priceAlarm,
  'AWS::CloudWatch::Dashboard': flat('dashboard', ({ prices }) => prices.dashboard),
  'AWS::EC2::EIP': priceAddress,
  'AWS::EC2::NatGateway': priceNat,
  'AWS::EC2::VPCEndpoint': priceEndpoint,
  'AWS::ECS::Cluster': priceCluster,
  'AWS::ElasticLoadBalancingV2::LoadBalancer': priceLoadBalancer,
  'AWS::KMS::Key': flat('key', ({ prices }) => prices.key),
  'AWS::KMS::ReplicaKey': flat('key', ({ prices }) => prices.key),
  'AWS::Logs::LogGroup': priceLogs,
  'AWS::Logs::MetricFilter': priceMetric,
  'AWS::RDS::DBInstance': priceDatabase,
  'AWS::RDS::DBProxy': priceProxy,
  'AWS::S3::Bucket': priceBucket,
  'AWS::SecretsManager::Secret': flat('secret', ({ prices }) => prices.secret),
  'AWS::Synthetics::Canary': priceCanary,
  'AWS::WAFv2::WebACL': priceFirewall,
}

export type Region = keyof typeof file.regions

export const REGIONS = Object.keys(file.regions) as Region[]

/** What is assumed where nothing is said. */
export const USAGE: Usage = { artifactsGiB: 500, logsGiB: 20, requestsMillions: 10, transferGiB: 100 }

export interface Estimate {
  readonly region: Region
  /** Month of the prices. */
  readonly asOf: string
  readonly source: string
  readonly currency: 'USD'
  readonly usage: Usage
  readonly lines: readonly Line[]
  readonly monthly: number
  /** Types of resources whose price is not known here. */
  readonly notPriced: readonly string[]
}

/** @throws Error when the template has an instance whose price is not known */
export function estimate(resources: readonly Resource[], region: Region, usage: Usage = USAGE): Estimate {
  const pricing = { prices: file.regions[region], hours: file.hoursPerMonth, usage, resources }
  const lines = resources.flatMap((one) => PRICED[one.type]?.(one, pricing) ?? [])
  const unknown = resources.map(({ type }) => type).filter((type) => !(type in PRICED) && !isFree(type))
  return {
    region,
    asOf: file.asOf,
    source: file.source,
    currency: 'USD',
    usage,
    lines,
    monthly: lines.reduce((sum, { monthly }) => sum + monthly, 0),
    notPriced: [...new Set(unknown)].sort(),
  }
}

/** @throws Error when the text is no template */
export function resourcesOf(text: string): Resource[] {
  const { Resources } = JSON.parse(text) as {
    Resources?: Record<string, { Type: string; Properties?: object }>
  }
  if (!Resources) throw new Error('no CloudFormation template: it has no Resources')
  return Object.entries(Resources).map(([id, { Type, Properties = {} }]) => ({
    id,
    type: Type,
    properties: Properties,
  }))
}
