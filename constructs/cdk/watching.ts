import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch'
import type * as logs from 'aws-cdk-lib/aws-logs'
import type * as sns from 'aws-cdk-lib/aws-sns'
import { Construct } from 'constructs'
import { newAlarm } from './alarm.ts'
import { logMetrics } from './log-metrics.ts'
import { saveLogQueries } from './log-queries.ts'
import { databaseAlarms, edgeAlarms, logAlarms, serviceAlarms, type Thresholds } from './watched-alarms.ts'
import { databaseMetrics, edgeMetrics, serviceMetrics, type Watched } from './watched-metrics.ts'
import { newDashboard } from './watching-dashboard.ts'

export interface WatchingProps {
  readonly watched: Watched
  /** Of the servers: their lines are JSON. */
  readonly logGroup: logs.ILogGroup
  /** Told when an alarm begins, and when it is over. */
  readonly topic: sns.ITopic
  readonly thresholds?: Thresholds
  /**
   * Alarms of others, to be on the dashboard.
   * @default none
   */
  readonly moreAlarms?: readonly cloudwatch.IAlarm[]
}

/** Alarms that say what to do next, a dashboard, and the questions one asks the log then. */
export class Watching extends Construct {
  readonly dashboard: cloudwatch.Dashboard
  readonly alarms: Readonly<Record<string, cloudwatch.Alarm>>

  constructor(scope: Construct, id: string, props: WatchingProps) {
    super(scope, id)
    const { watched, logGroup, topic, thresholds = {}, moreAlarms = [] } = props
    const lines = logMetrics(this, logGroup)
    const definitions = {
      ...edgeAlarms(edgeMetrics(watched), thresholds),
      ...serviceAlarms(serviceMetrics(watched)),
      ...databaseAlarms(databaseMetrics(watched), thresholds),
      ...logAlarms(lines, thresholds),
    }
    this.alarms = Object.fromEntries(
      Object.entries(definitions).map(([name, one]) => [name, newAlarm(this, `${name}Alarm`, one, topic)]),
    )
    saveLogQueries(this, logGroup)
    const alarms = [...Object.values(this.alarms), ...moreAlarms]
    this.dashboard = newDashboard(this, 'Dashboard', { watched, lines, alarms, logGroup })
  }
}
