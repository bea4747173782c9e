/** What the charts over traces are drawn from. */
import { ONLY_SEEN } from '../auth/permission.ts'
import { invalidParameter, missingValue } from '../errors.ts'
import { PythonFloat, pythonJson } from '../python-json.ts'
import { rpc } from '../rpc.ts'
import { AGGREGATIONS, type AggregationType, VIEWS } from '../search/trace-metric-views.ts'
import { type Aggregation, type DataPoint, measureTraces } from '../search/trace-metrics.ts'
import {
  double,
  enumeration,
  int64,
  integer,
  list,
  message,
  requiredText,
  text,
  unlessEmpty,
  wireDouble,
} from '../wire.ts'
import { parseExperimentId } from './limits.ts'

const DEFAULT_RESULTS = 1000
const MOST_RESULTS = 50_000
const MOST_AGGREGATIONS = 20
/** Thirty years in one; more would leave an int64 of nanoseconds. */
const LONGEST_INTERVAL_SECONDS = 1_000_000_000

const aggregationMessage = message({
  aggregation_type: enumeration(AGGREGATIONS),
  percentile_value: double().optional(),
})

export const traceMetricRpcs = [
  rpc({
    method: 'POST',
    path: '/mlflow/traces/metrics',
    version: '3.0',
    permission: { 'trace.read': ONLY_SEEN },
    request: message({
      experiment_ids: list(requiredText()),
      view_type: enumeration(VIEWS),
      metric_name: requiredText(),
      aggregations: list(aggregationMessage),
      dimensions: list(text()).default([]),
      filters: list(text()).default([]),
      time_interval_seconds: integer().default(0),
      start_time_ms: int64().optional(),
      end_time_ms: int64().optional(),
      max_results: integer().default(DEFAULT_RESULTS),
    }),
    async handler({ db, caller }, query) {
      if (!query.view_type) throw missingValue('view_type')
      if (query.aggregations.length === 0) throw missingValue('aggregations')
      if (query.aggregations.length > MOST_AGGREGATIONS) {
        throw invalidParameter(`At most ${MOST_AGGREGATIONS} aggregations can be asked for at once`)
      }
      const intervalSeconds = query.time_interval_seconds || undefined
      checkTimes(intervalSeconds, query.start_time_ms, query.end_time_ms)
      if (query.max_results < 0 || query.max_results > MOST_RESULTS) {
        throw invalidParameter(`max_results must be between 0 and ${MOST_RESULTS}, got ${query.max_results}`)
      }
      const aggregations = new Map(
        query.aggregations.map(toAggregation).map((one) => [labelOf(one), one] as const),
      )
      const dimensions = [...new Set(query.dimensions)]
      const figures = {
        experimentIds: query.experiment_ids.map(parseExperimentId),
        view: query.view_type,
        metricName: query.metric_name,
        aggregations: [...aggregations.values()],
        dimensions,
        filters: query.filters,
        intervalSeconds,
        startMs: query.start_time_ms,
        endMs: query.end_time_ms,
        maxResults: query.max_results,
      }
      const points = await measureTraces(db, figures, caller.access)
      const toWire = (point: DataPoint) =>
        toWirePoint(query.metric_name, dimensions, [...aggregations.keys()], point)
      return { data_points: unlessEmpty(points.map(toWire).filter((one) => one !== undefined)) }
    },
  }),
]

function checkTimes(interval: number | undefined, start: unknown, end: unknown): void {
  if (interval === undefined) return
  if (start === undefined || end === undefined) {
    throw invalidParameter('start_time_ms and end_time_ms are required if time_interval_seconds is set')
  }
  if (interval < 0 || interval > LONGEST_INTERVAL_SECONDS) {
    throw invalidParameter(
      `time_interval_seconds must be between 0 and ${LONGEST_INTERVAL_SECONDS}, got ${interval}`,
    )
  }
}

function toAggregation({
  aggregation_type: type,
  percentile_value: percent,
}: {
  aggregation_type?: AggregationType | undefined
  percentile_value?: number | undefined
}): Aggregation {
  if (!type) throw missingValue('aggregation_type')
  if (type !== 'PERCENTILE') {
    if (percent === undefined) return { type }
    throw invalidParameter(`percentile_value is only allowed for PERCENTILE, got it for ${type}`)
  }
  if (percent === undefined || !(percent >= 0 && percent <= 100)) {
    throw invalidParameter('PERCENTILE needs a percentile_value between 0 and 100')
  }
  return { type, percent }
}

function labelOf(aggregation: Aggregation): string {
  return aggregation.type === 'PERCENTILE'
    ? `P${pythonJson(new PythonFloat(aggregation.percent))}`
    : aggregation.type
}

/** Undefined for a group that has no figure at all. */
function toWirePoint(
  metric_name: string,
  names: readonly string[],
  labels: readonly string[],
  { bucketMs, dimensions, values }: DataPoint,
) {
  const known = labels.flatMap((label, at) => {
    const value = values[at]
    return value === undefined ? [] : [[label, wireDouble(value)]]
  })
  if (known.length === 0) return undefined
  const groups = [
    ...(bucketMs === undefined
      ? []
      : [['time_bucket', `${new Date(bucketMs).toISOString().slice(0, 19)}+00:00`]]),
    ...names.map((name, at) => [name, dimensions[at]]),
  ]
  return {
    metric_name,
    ...(groups.length > 0 && { dimensions: Object.fromEntries(groups) }),
    values: Object.fromEntries(known),
  }
}
