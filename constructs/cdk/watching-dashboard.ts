import { Duration } from 'aws-cdk-lib'
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch'
import type * as logs from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'
import type { LogMetricName } from './log-metrics.ts'
import { LOG_QUERIES } from './log-queries.ts'
import {
  bucketMetrics,
  databaseMetrics,
  edgeMetrics,
  serviceMetrics,
  type Watched,
} from './watched-metrics.ts'

const HALF = 12
const THIRD = 8
/** What comes once a day shows nothing over hours. */
const LONG_AGO = '-P90D'

interface Shown {
  readonly watched: Watched
  readonly lines: Record<LogMetricName, cloudwatch.IMetric>
  readonly alarms: readonly cloudwatch.IAlarm[]
  readonly logGroup: logs.ILogGroup
}

/** From what clients notice, at the top, down to what it may come from. */
export function newDashboard(scope: Construct, id: string, { watched, lines, alarms, logGroup }: Shown) {
  const dashboard = new cloudwatch.Dashboard(scope, id, { defaultInterval: Duration.hours(12) })
  dashboard.addWidgets(new cloudwatch.AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms], width: 24 }))
  dashboard.addWidgets(...edgeGraphs(watched))
  dashboard.addWidgets(...serviceGraphs(watched))
  dashboard.addWidgets(...databaseGraphs(watched))
  dashboard.addWidgets(...storageGraphs(watched))
  dashboard.addWidgets(
    graph('Lines of the log, in five minutes', HALF, Object.values(lines)),
    new cloudwatch.LogQueryWidget({
      title: 'Errors by route',
      logGroupNames: [logGroup.logGroupName],
      queryLines: queryLines(LOG_QUERIES['errors by route']),
      width: HALF,
    }),
  )
  return dashboard
}

function edgeGraphs(watched: Watched) {
  const { requests, responseTimes, serverErrors, clientErrors, balancerErrors } = edgeMetrics(watched)
  return [
    graph('Requests, in five minutes', THIRD, [requests]),
    graph('Time to answer, in seconds', THIRD, responseTimes),
    graph('Errors, in five minutes', THIRD, [
      serverErrors.with({ label: 'servers, 5xx' }),
      balancerErrors.with({ label: 'load balancer, 5xx' }),
      clientErrors.with({ label: 'clients, 4xx' }),
    ]),
  ]
}

function serviceGraphs(watched: Watched) {
  const { cpu, memory, running, desired } = serviceMetrics(watched)
  const { healthyServers, unhealthyServers } = edgeMetrics(watched)
  return [
    graph('Servers', THIRD, [desired, running, healthyServers, unhealthyServers]),
    graph('Processor of the servers, in percent', THIRD, [cpu]),
    graph('Memory of the servers, in percent', THIRD, [memory]),
  ]
}

function databaseGraphs(watched: Watched) {
  const { cpu, connections, readLatency, writeLatency } = databaseMetrics(watched)
  return [
    graph('Connections to the database', THIRD, [connections]),
    graph('Processor of the database, in percent', THIRD, [cpu]),
    graph('Latency of its disk, in seconds', THIRD, [readLatency, writeLatency]),
  ]
}

function storageGraphs(watched: Watched) {
  const { freeStorage, freeMemory } = databaseMetrics(watched)
  const { sizes, objects } = bucketMetrics(watched)
  return [
    graph('Free storage and memory of the database, in bytes', THIRD, [freeStorage], [freeMemory]),
    graph('Size of the bucket, in bytes', THIRD, sizes, [], { stacked: true, start: LONG_AGO }),
    graph('Objects in the bucket', THIRD, [objects], [], { start: LONG_AGO }),
  ]
}

function graph(
  title: string,
  width: number,
  left: cloudwatch.IMetric[],
  right: cloudwatch.IMetric[] = [],
  more: Pick<cloudwatch.GraphWidgetProps, 'stacked' | 'start'> = {},
): cloudwatch.GraphWidget {
  const leftYAxis = { min: 0, showUnits: false }
  return new cloudwatch.GraphWidget({ title, width, left, right, leftYAxis, ...more })
}

function queryLines(query: (typeof LOG_QUERIES)['errors by route']): string[] {
  const [filter] = query.filterStatements
  const [stats] = query.statsStatements
  return [`filter ${filter}`, `stats ${stats}`, `sort ${query.sort}`]
}
