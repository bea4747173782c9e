/** Instances, their disks, and databases. */
import { type Line, line, type Price, type Pricing, type Resource, referred } from './line.ts'

/** Sizes in those of `large`, whose prices are in the file. */
const SIZES: Readonly<Record<string, number>> = {
  nano: 1 / 16,
  micro: 1 / 8,
  small: 1 / 4,
  medium: 1 / 2,
  large: 1,
  xlarge: 2,
}

/** The least there are: more come while they are needed. */
export const priceInstances: Price = (group, pricing) => {
  const { MinSize, DesiredCapacity, LaunchTemplate, MixedInstancesPolicy } = group.properties
  const policy = MixedInstancesPolicy?.LaunchTemplate
  const reference = LaunchTemplate?.LaunchTemplateId ?? policy?.LaunchTemplateSpecification?.LaunchTemplateId
  const data = referred(reference, pricing)?.properties.LaunchTemplateData
  const count = Number(DesiredCapacity ?? MinSize)
  const type = String(policy?.Overrides?.[0]?.InstanceType ?? data?.InstanceType)
  const disks: { Ebs?: { VolumeSize?: number } }[] = data?.BlockDeviceMappings ?? []
  const diskGiB = disks.reduce((sum, { Ebs }) => sum + (Ebs?.VolumeSize ?? 0), 0)
  const hourly = hourlyPrice(pricing.prices.instanceHour, type)
  return [
    line(group, `${count} x ${type}, hours`, count * pricing.hours, hourly),
    line(group, `${count} x ${diskGiB} GiB of disk, GiB`, count * diskGiB, pricing.prices.diskGiB),
  ]
}

export const priceDatabase: Price = (instance, pricing) => {
  const { DBInstanceClass, MultiAZ, AllocatedStorage, ManageMasterUserPassword } = instance.properties
  const { prices, hours } = pricing
  const copies = MultiAZ === true ? 2 : 1
  const zones = copies === 2 ? ', Multi-AZ' : ''
  const type = String(DBInstanceClass).replace(/^db\./, '')
  const storage = Number(AllocatedStorage ?? sourceOf(instance, pricing)?.properties.AllocatedStorage ?? 0)
  return [
    line(
      instance,
      `${DBInstanceClass}${zones}, hours`,
      copies * hours,
      hourlyPrice(prices.databaseHour, type),
    ),
    line(instance, `storage of ${storage} GiB gp3${zones}, GiB`, copies * storage, prices.databaseStorageGiB),
    ...(ManageMasterUserPassword ? [line(instance, 'secret of its master user', 1, prices.secret)] : []),
  ]
}

export const priceProxy: Price = (proxy, pricing): Line[] => {
  const instance = pricing.resources.find(({ type }) => type === 'AWS::RDS::DBInstance')
  // Every size from large down has two.
  const cpus = 2 * Math.max(1, sizeOf(String(instance?.properties.DBInstanceClass ?? 'large')))
  return [
    line(
      proxy,
      `proxy before ${cpus} processors, hours`,
      cpus * pricing.hours,
      pricing.prices.databaseProxyCpuHour,
    ),
  ]
}

function sourceOf(replica: Resource, pricing: Pricing): Resource | undefined {
  const source = JSON.stringify(replica.properties.SourceDBInstanceIdentifier ?? '')
  return pricing.resources.find(
    ({ id, type }) => type === 'AWS::RDS::DBInstance' && source.includes(`"${id}"`),
  )
}

/** @throws Error that says which are known */
function hourlyPrice(families: Readonly<Record<string, number>>, type: string): number {
  const large = families[type.split('.')[0] ?? '']
  if (large !== undefined) return large * sizeOf(type)
  throw new Error(
    `${type}: its price is not known here; there are those of ${Object.keys(families).join(', ')}`,
  )
}

function sizeOf(type: string): number {
  const name = type.split('.').at(-1) ?? ''
  const times = /^(\d+)xlarge$/.exec(name)?.[1]
  const size = times ? 2 * Number(times) : SIZES[name]
  if (size === undefined) throw new Error(`${type}: no size of an instance that is known here`)
  return size
}
