/** Which figures wake somebody, and what that person does next. */
import { ComparisonOperator, type IMetric, MathExpression } from 'aws-cdk-lib/aws-cloudwatch'
import { type AlarmDefinition, SILENCE_IS_BAD, SILENCE_IS_GOOD } from './alarm.ts'
import type { LogMetricName } from './log-metrics.ts'
import type { databaseMetrics, edgeMetrics, serviceMetrics } from './watched-metrics.ts'

export interface Thresholds {
  /**
   * Time within which 95 of 100 requests are answered, in seconds; the upload of an artifact counts until it is read.
   * @default 2
   */
  readonly responseSeconds?: number
  /**
   * Share of requests that the servers may fail, in percent.
   * @default 1
   */
  readonly errorPercent?: number
  /**
   * Requests that are refused within five minutes since nobody knows who asks.
   * @default 300
   */
  readonly refusals?: number
  /**
   * Connections to the database; four fifths of what it takes is a good number.
   * @default 400
   */
  readonly connections?: number
  /**
   * Storage of the database that must be free, in GiB.
   * @default 5
   */
  readonly freeStorageGiB?: number
}

const GIB = 1024 ** 3
/** Below it a single error is a large share. */
const FEW_REQUESTS = 50

const AT_MOST = { comparisonOperator: ComparisonOperator.LESS_THAN_OR_EQUAL_TO_THRESHOLD }

export function edgeAlarms(metrics: ReturnType<typeof edgeMetrics>, thresholds: Thresholds) {
  const { responseSeconds = 2, errorPercent = 1 } = thresholds
  const { requests, serverErrors } = metrics
  return {
    NoServer: {
      metric: metrics.healthyServers,
      ...AT_MOST,
      threshold: 0,
      evaluationPeriods: 3,
      ...SILENCE_IS_BAD,
      alarmDescription:
        'No server answers its health check: the service is down. Next: ECS, the service, Events, say why tasks stop or do not start; then the log of the servers. After a release that is not rolled back by itself, deploy the one before.',
    },
    SickServers: {
      metric: metrics.unhealthyServers,
      threshold: 1,
      evaluationPeriods: 10,
      ...SILENCE_IS_GOOD,
      alarmDescription:
        'For ten minutes a server has not answered its health check and was not replaced. Next: ECS, the service, Tasks: open the one that is not healthy, and its log; stop it, and ECS starts another.',
    },
    BalancerErrors: {
      metric: metrics.balancerErrors,
      threshold: 10,
      evaluationPeriods: 2,
      ...SILENCE_IS_GOOD,
      alarmDescription:
        'The load balancer itself answers 502, 503 or 504: servers closed connections, were too few, or too slow. Next: the dashboard, servers and their memory; a task that was stopped for memory says so in ECS, Tasks, Stopped.',
    },
    ServerErrors: {
      metric: new MathExpression({
        expression: `IF(requests >= ${FEW_REQUESTS}, 100 * FILL(errors, 0) / requests, 0)`,
        usingMetrics: { requests, errors: serverErrors },
        label: 'failed requests, in percent',
        period: requests.period,
      }),
      threshold: errorPercent,
      evaluationPeriods: 3,
      datapointsToAlarm: 2,
      ...SILENCE_IS_GOOD,
      alarmDescription:
        'The servers answer too many requests with a 5xx. Next: Logs Insights, saved query "errors by route"; if it is every route, look at the alarms of the database; if it began with a release, deploy the one before.',
    },
    SlowAnswers: {
      metric: metrics.responseTimeP95,
      threshold: responseSeconds,
      evaluationPeriods: 3,
      ...SILENCE_IS_GOOD,
      alarmDescription:
        'For a quarter of an hour 5 of 100 requests have taken too long. Next: saved query "slow requests by route"; then processor and connections of the database on the dashboard, and Performance Insights for the statement that waits.',
    },
  } satisfies Record<string, AlarmDefinition>
}

export function serviceAlarms({ cpu, memory, running, desired }: ReturnType<typeof serviceMetrics>) {
  return {
    ServersBusy: {
      metric: cpu,
      threshold: 85,
      evaluationPeriods: 3,
      ...SILENCE_IS_BAD,
      alarmDescription:
        'For a quarter of an hour the servers have used more than 85 % of the processor they are sure of, or report nothing. Next: if the service runs as many tasks as it may, raise that or cpu; else see why none was added, in ECS, the service, Events.',
    },
    ServersFull: {
      metric: memory,
      threshold: 90,
      evaluationPeriods: 3,
      ...SILENCE_IS_BAD,
      alarmDescription:
        'For a quarter of an hour the servers have used more than 90 % of their memory, or report nothing; at 100 % they are killed. Next: raise memoryMiB, or lower workers; if it only ever grows, keep the log and report it.',
    },
    ServersMissing: {
      metric: new MathExpression({
        expression: 'desired - running',
        usingMetrics: { desired, running },
        label: 'servers that should run and do not',
        period: running.period,
      }),
      threshold: 1,
      evaluationPeriods: 3,
      // Container Insights may be off in a cluster of others; NoServer does not depend on it.
      ...SILENCE_IS_GOOD,
      alarmDescription:
        'For a quarter of an hour fewer servers have run than should. Next: ECS, the service, Events: no room on the instances (raise the largest number of instances), an image that cannot be pulled, or a server that ends at its start, whose log says why.',
    },
  } satisfies Record<string, AlarmDefinition>
}

export function databaseAlarms(metrics: ReturnType<typeof databaseMetrics>, thresholds: Thresholds) {
  const { connections = 400, freeStorageGiB = 5 } = thresholds
  return {
    DatabaseBusy: {
      metric: metrics.cpu,
      threshold: 85,
      evaluationPeriods: 3,
      ...SILENCE_IS_BAD,
      alarmDescription:
        'For a quarter of an hour the database has used more than 85 % of its processor, or reports nothing: it is stopped or gone. Next: RDS, the instance, status and events; then Performance Insights, top statements. A larger instance class helps at once.',
    },
    DatabaseConnections: {
      metric: metrics.connections,
      threshold: connections,
      evaluationPeriods: 3,
      ...SILENCE_IS_GOOD,
      alarmDescription:
        'The database is close to the most connections it takes; beyond, servers answer 503. Next: servers times processes times pool must fit: lower the largest number of tasks, workers or the pool, or take a larger instance class. See also who else connects.',
    },
    DatabaseStorage: {
      metric: metrics.freeStorage,
      ...AT_MOST,
      threshold: freeStorageGiB * GIB,
      evaluationPeriods: 2,
      ...SILENCE_IS_GOOD,
      alarmDescription:
        'The storage of the database is almost full; full, it stops. It should have grown by itself. Next: RDS, the instance, Configuration: raise the maximum storage threshold, or the storage. Then trackyard gc for what was deleted.',
    },
    DatabaseMemory: {
      metric: metrics.freeMemory,
      ...AT_MOST,
      threshold: GIB / 4,
      evaluationPeriods: 3,
      ...SILENCE_IS_GOOD,
      alarmDescription:
        'The database has less than 256 MiB of memory left and will swap. Next: connections on the dashboard; fewer of them, or a larger instance class.',
    },
  } satisfies Record<string, AlarmDefinition>
}

/** All silent while nobody logs anything, which the alarms above would have said. */
export function logAlarms(metrics: Record<LogMetricName, IMetric>, { refusals = 300 }: Thresholds) {
  return {
    ErrorLines: {
      metric: metrics.ErrorLines,
      threshold: 10,
      evaluationPeriods: 2,
      ...SILENCE_IS_GOOD,
      alarmDescription:
        'The servers log errors: at least ten in each of two times five minutes. Next: Logs Insights, saved query "errors"; err.message says what failed, and requests that failed have their path.',
    },
    Refusals: {
      metric: metrics.Refusals,
      threshold: refusals,
      evaluationPeriods: 1,
      ...SILENCE_IS_GOOD,
      alarmDescription:
        'Many requests come from nobody, or with wrong passwords or tokens. Next: saved query "sign-in refusals": one address and many names is an attack, block it at the load balancer; one name is a job whose token has expired, tell its owner.',
    },
    AuditFaults: {
      metric: metrics.AuditFaults,
      threshold: 1,
      evaluationPeriods: 1,
      ...SILENCE_IS_GOOD,
      alarmDescription:
        'Entries of the audit log could not be written to their table; the log has them all the same. Next: the database of users; keep this log group for the time of the fault, saved query "audit events".',
    },
  } satisfies Record<string, AlarmDefinition>
}
