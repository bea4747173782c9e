/** What is kept, and what is watched. */
import { isFirst, type Line, line, type Price, type Pricing, type Resource } from './line.ts'

/** All artifacts are counted with the first bucket that keeps old versions: others hold logs. */
export const priceBucket: Price = (bucket, { prices, usage, resources }) => {
  const kept = resources.find(({ properties }) => properties.VersioningConfiguration?.Status === 'Enabled')
  if (bucket.id !== kept?.id) return []
  return [
    line(bucket, 'artifacts, GiB', usage.artifactsGiB, prices.objectGiB),
    ...(bucket.properties.ReplicationConfiguration
      ? [line(bucket, 'their replica, GiB', usage.artifactsGiB, prices.objectGiB)]
      : []),
  ]
}

/** As much as is protected, once for the vault and once for each copy: what changes is kept besides. */
export const priceBackup: Price = (plan, { prices, usage, resources }) => {
  const rules: { CopyActions?: unknown[] }[] = plan.properties.BackupPlan?.BackupPlanRule ?? []
  const places = 1 + Math.max(0, ...rules.map(({ CopyActions = [] }) => CopyActions.length))
  const databases = resources.filter(
    ({ type, properties }) => type === 'AWS::RDS::DBInstance' && !properties.SourceDBInstanceIdentifier,
  )
  const databaseGiB = databases.reduce((sum, { properties }) => sum + Number(properties.AllocatedStorage), 0)
  return [
    line(
      plan,
      `backups of databases in ${places} vaults, GiB`,
      places * databaseGiB,
      prices.databaseBackupGiB,
    ),
    line(
      plan,
      `backups of artifacts in ${places} vaults, GiB`,
      places * usage.artifactsGiB,
      prices.objectBackupGiB,
    ),
  ]
}

export const priceLogs: Price = (group, pricing) => {
  if (!isFirst(group, pricing)) return []
  const { prices, usage } = pricing
  const months = Math.max(...daysKept(pricing)) / 30
  return [
    line(group, 'written to all logs, GiB', usage.logsGiB, prices.logGiB),
    line(group, `kept of them, ${Math.round(months)} months, GiB`, usage.logsGiB * months, prices.logKeptGiB),
  ]
}

export const priceAlarm: Price = (alarm, { prices }) => {
  const metrics: { MetricStat?: unknown }[] = alarm.properties.Metrics ?? [{ MetricStat: true }]
  const count = metrics.filter(({ MetricStat }) => MetricStat).length
  return [line(alarm, 'metrics of an alarm', count, prices.alarmMetric)]
}

/** CloudWatch counts what Container Insights writes as metrics of one's own: some thirty for a service. */
export const priceCluster: Price = (cluster, { prices }) => {
  const settings: { Name: string; Value: string }[] = cluster.properties.ClusterSettings ?? []
  const insights = settings.some(({ Name, Value }) => Name === 'containerInsights' && Value !== 'disabled')
  return insights ? [line(cluster, 'metrics of Container Insights, about', 30, prices.metric)] : []
}

/** A metric made of log lines. */
export const priceMetric: Price = (filter, { prices }) => [line(filter, 'metric', 1, prices.metric)]

export const priceCanary: Price = (canary, { prices, hours }) => {
  const minutes = Number(/rate\((\d+) minute/.exec(canary.properties.Schedule?.Expression)?.[1] ?? 60)
  return [line(canary, `runs, every ${minutes} minutes`, (hours * 60) / minutes, prices.canaryRun)]
}

/** One price whatever its properties. */
export function flat(what: string, price: (pricing: Pricing) => number): Price {
  return (resource: Resource, pricing): Line[] => [line(resource, what, 1, price(pricing))]
}

function daysKept({ resources }: Pricing): number[] {
  const groups = resources.filter(({ type }) => type === 'AWS::Logs::LogGroup')
  // Without one it is kept for good: counted for ten years.
  return groups.map(({ properties }) => properties.RetentionInDays ?? 3650)
}
