/** Metrics that AWS does not have, made of the lines that the servers log as JSON. */
import { Duration, Stack } from 'aws-cdk-lib'
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch'
import * as logs from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'

/** pino's number for the level error; fatal is above it. */
const ERROR = 50

interface LogMetric {
  readonly pattern: logs.IFilterPattern
  /** @default 1 */
  readonly value?: string
}

const { FilterPattern } = logs

export const LOG_METRICS = {
  /** Lines at level error: what a server could not do, whether a client heard of it or not. */
  ErrorLines: { pattern: FilterPattern.numberValue('$.level', '>=', ERROR) },
  /** Requests of whoever could not say who they are; one line may stand for many. */
  Refusals: { pattern: FilterPattern.numberValue('$.audit.status', '=', 401), value: '$.audit.repeats' },
  /** The audit table could not be written: the log alone has the entries. */
  AuditFaults: { pattern: FilterPattern.stringValue('$.msg', '=', 'audit entries*') },
  SlowRequests: { pattern: FilterPattern.stringValue('$.msg', '=', 'slow request') },
} as const satisfies Record<string, LogMetric>

export type LogMetricName = keyof typeof LOG_METRICS

/** Counts over five minutes; 0 where other lines come and none of these. */
export function logMetrics(
  scope: Construct,
  logGroup: logs.ILogGroup,
): Record<LogMetricName, cloudwatch.Metric> {
  const made = Object.entries<LogMetric>(LOG_METRICS).map(([metricName, { pattern, value = '1' }]) => {
    const filter = new logs.MetricFilter(scope, metricName, {
      logGroup,
      filterPattern: pattern,
      metricNamespace: metricNamespace(scope),
      metricName,
      metricValue: value,
      defaultValue: 0,
    })
    return [metricName, filter.metric({ statistic: 'Sum', period: Duration.minutes(5) })]
  })
  return Object.fromEntries(made)
}

/** Of one stack: two in an account do not count together. */
export function metricNamespace(scope: Construct): string {
  return `Trackyard/${Stack.of(scope).stackName}`
}
