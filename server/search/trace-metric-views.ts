/** What can be measured of traces, of their spans and of what was said of them, and by what it can be grouped. */
import type { Part } from '../access/grants.ts'
import { invalidParameter } from '../errors.ts'

export const VIEWS = { TRACES: 1, SPANS: 2, ASSESSMENTS: 3 } as const
export type View = keyof typeof VIEWS

export const AGGREGATIONS = { COUNT: 1, SUM: 2, AVG: 3, PERCENTILE: 4, MIN: 5, MAX: 6 } as const
export type AggregationType = keyof typeof AGGREGATIONS

export interface Metric {
  /** What a row counts for; a row without it counts for nothing. */
  readonly value: string
  readonly aggregations: readonly AggregationType[]
  readonly dimensions: readonly string[]
  /** In which column a request's time range is looked for, and whether in nanoseconds; by default the view's. */
  readonly time?: Time
}

export interface Time {
  readonly column: string
  readonly isNanoseconds: boolean
}

interface ViewOf {
  readonly from: string
  readonly experimentId: string
  /** What one must be allowed to read. */
  readonly parts: readonly Part[]
  /** What the buckets of time are made of. */
  readonly time: Time
  readonly metrics: Readonly<Record<string, Metric>>
}

const COUNT = ['COUNT'] as const
const SPREAD = ['AVG', 'MAX', 'MIN', 'PERCENTILE'] as const
const SUMMED = [...SPREAD, 'SUM'] as const
const TRACE_TIME: Time = { column: 'trace_info.timestamp_ms', isNanoseconds: false }

/** Whole milliseconds: not every database divides integers as integers. */
const SPAN_LATENCY = '((spans.duration_ns - spans.duration_ns % 1000000) / 1000000)'

export const VIEW: Readonly<Record<View, ViewOf>> = {
  TRACES: {
    from: 'trace_info',
    experimentId: 'trace_info.experiment_id',
    parts: ['trace'],
    time: TRACE_TIME,
    metrics: {
      trace_count: {
        value: 'trace_info.request_id',
        aggregations: COUNT,
        dimensions: ['trace_name', 'trace_status'],
      },
      session_count: { value: 'trace_info.session_id', aggregations: COUNT, dimensions: [] },
      latency: { value: 'trace_info.execution_time_ms', aggregations: SPREAD, dimensions: ['trace_name'] },
      ...tokens(
        'input_tokens',
        'output_tokens',
        'total_tokens',
        'cache_read_input_tokens',
        'cache_creation_input_tokens',
      ),
    },
  },
  SPANS: {
    from: 'trace_info inner join spans on spans.trace_id = trace_info.request_id',
    experimentId: 'trace_info.experiment_id',
    parts: ['trace'],
    time: { column: 'spans.start_time_unix_nano', isNanoseconds: true },
    metrics: {
      span_count: {
        value: 'spans.span_id',
        aggregations: COUNT,
        dimensions: ['span_model_name', 'span_model_provider', 'span_name', 'span_status', 'span_type'],
        time: TRACE_TIME,
      },
      latency: {
        value: SPAN_LATENCY,
        aggregations: SPREAD,
        dimensions: ['span_name', 'span_status'],
        time: TRACE_TIME,
      },
      ...costs('input_cost', 'output_cost', 'total_cost'),
    },
  },
  ASSESSMENTS: {
    from: 'assessments inner join trace_info on trace_info.request_id = assessments.trace_id and assessments.valid = true',
    experimentId: 'assessments.experiment_id',
    parts: ['trace', 'assessment'],
    time: { column: 'assessments.trace_timestamp_ms', isNanoseconds: false },
    metrics: {
      assessment_count: {
        value: 'assessments.assessment_id',
        aggregations: COUNT,
        dimensions: ['assessment_name', 'assessment_value'],
      },
      assessment_value: {
        value: 'assessments.aggregate_value',
        aggregations: SPREAD,
        dimensions: ['assessment_name'],
      },
    },
  },
}

export const DIMENSION_COLUMNS: Readonly<Record<string, string>> = {
  trace_name: 'trace_info.trace_name',
  trace_status: 'trace_info.status',
  span_name: 'spans.name',
  span_type: 'spans.type',
  span_status: 'spans.status',
  span_model_name: 'spans.model_name',
  span_model_provider: 'spans.model_provider',
  assessment_name: 'assessments.name',
  assessment_value: 'assessments.value',
}

/** @throws ApiError for what cannot be measured, aggregated or grouped like that */
export function checkedMetric(
  view: View,
  name: string,
  aggregations: readonly AggregationType[],
  dimensions: readonly string[],
): Metric {
  const { metrics } = VIEW[view]
  const metric = Object.hasOwn(metrics, name) ? metrics[name] : undefined
  if (!metric) {
    throw invalidParameter(`metric_name must be one of ${shown(Object.keys(metrics))}, got '${name}'`)
  }
  const wrong = without(aggregations, metric.aggregations)
  if (wrong.length > 0) {
    throw invalidParameter(
      `Found invalid aggregation_type(s): ${shown(wrong)}. Supported aggregation types: ${shown(metric.aggregations)}`,
    )
  }
  const unknown = without(dimensions, metric.dimensions)
  if (unknown.length > 0) {
    throw invalidParameter(
      `Found invalid dimension(s): ${shown(unknown)}. Supported dimensions: ${shown(metric.dimensions)}`,
    )
  }
  return metric
}

function tokens(...columns: string[]): Record<string, Metric> {
  return usage('trace_info', columns, ['trace_name'])
}

function costs(...columns: string[]): Record<string, Metric> {
  return usage('spans', columns, ['span_model_name', 'span_model_provider'])
}

function usage(table: string, columns: readonly string[], dimensions: readonly string[]) {
  return Object.fromEntries(
    columns.map((column) => [column, { value: `${table}.${column}`, aggregations: SUMMED, dimensions }]),
  )
}

function without(names: readonly string[], known: readonly string[]): string[] {
  return [...new Set(names)].filter((name) => !known.includes(name)).sort()
}

/** Names as MLflow's refusals have them. */
export function shown(names: readonly string[]): string {
  return `[${names.map((name) => `'${name}'`).join(', ')}]`
}
