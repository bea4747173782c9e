/** Figures over traces, for charts: aggregates of one metric by groups and by time. The rows stay in the database. */
import { type RawBuilder, type SqlBool, sql } from 'kysely'
import { type Access, readableExperiments } from '../access/access.ts'
import { dialectOf } from '../db/dialect.ts'
import type { Db } from '../db/index.ts'
import { isOneOf } from '../db/number-match.ts'
import type { Int64 } from '../wire.ts'
import { metricConditions } from './trace-metric-filters.ts'
import {
  type AggregationType,
  checkedMetric,
  DIMENSION_COLUMNS,
  type Metric,
  type Time,
  VIEW,
  type View,
} from './trace-metric-views.ts'

export type Aggregation =
  | { readonly type: Exclude<AggregationType, 'PERCENTILE'> }
  | { readonly type: 'PERCENTILE'; readonly percent: number }

export interface MetricQuery {
  readonly experimentIds: readonly number[]
  readonly view: View
  readonly metricName: string
  readonly aggregations: readonly Aggregation[]
  readonly dimensions: readonly string[]
  readonly filters: readonly string[]
  /** Undefined for all of time in one. */
  readonly intervalSeconds: number | undefined
  readonly startMs: Int64 | undefined
  readonly endMs: Int64 | undefined
  readonly maxResults: number
}

/** One group's figures, in the order of the aggregations asked for; undefined where there is none. */
export interface DataPoint {
  /** Where the group's interval starts. */
  readonly bucketMs: number | undefined
  readonly dimensions: readonly string[]
  readonly values: readonly (number | undefined)[]
}

const INT64_MAX = 2n ** 63n - 1n
const NS_PER_MS = 1_000_000n
/** Beyond these a date has no four digits for its year, and a client may have stored any number. */
const FIRST_MS = Date.UTC(1900)
const LAST_MS = Date.UTC(10_000) - 1

/** Of what the caller may read. */
export async function measureTraces(db: Db, query: MetricQuery, access: Access): Promise<DataPoint[]> {
  const { view, metricName, aggregations, dimensions, intervalSeconds, maxResults } = query
  const types = aggregations.map(({ type }) => type)
  const metric = checkedMetric(view, metricName, types, dimensions)
  const groups = [
    ...(intervalSeconds ? [bucketOf(VIEW[view].time, intervalSeconds)] : []),
    ...dimensions.map((name) => sql.ref<string>(DIMENSION_COLUMNS[name] as string)),
  ]
  const names = groups.map((_, at) => sql.ref(`g${at}`))
  const rows = sql`select ${joined([...groups.map((group, at) => sql`${group} as ${names[at]}`), sql`${sql.raw(metric.value)} as v`])}
    from ${sql.raw(VIEW[view].from)} where ${conditions(db, query, metric, access)}`
  const figures = aggregations.flatMap((one, at) => columnsOf(one, at, metricName))
  const grouped = names.length === 0 ? sql`` : sql`group by ${joined(names)} order by ${joined(names)}`
  const source = types.includes('PERCENTILE') ? ranked(rows, names) : rows
  const { rows: found } = await sql<Record<string, unknown>>`
    select ${joined([...names, ...figures])} from (${source}) as measured ${grouped} limit ${maxResults}`.execute(
    db,
  )
  return found.map((row) => toDataPoint(row, query))
}

function conditions(db: Db, query: MetricQuery, metric: Metric, access: Access): RawBuilder<SqlBool> {
  const { view, filters, dimensions, startMs, endMs, intervalSeconds } = query
  const dialect = dialectOf(db)
  const { experimentId, time, parts } = VIEW[view]
  const readable = parts.reduce((ids, part) => readableExperiments(access, part, ids), query.experimentIds)
  const present = [
    sql`${sql.raw(metric.value)}`,
    ...dimensions.map((name) => sql.ref(DIMENSION_COLUMNS[name] as string)),
  ]
  return joined(
    [
      isOneOf(dialect, sql.ref(experimentId), readable),
      ...metricConditions(dialect, view, readable, filters, access),
      ...within(metric.time ?? time, startMs, endMs),
      ...(intervalSeconds ? within(time, FIRST_MS, LAST_MS) : []),
      ...present.map((value) => sql`${value} is not null`),
    ],
    ' and ',
  ) as RawBuilder<SqlBool>
}

/** From the first nanosecond of the first millisecond to the last of the last. */
function within({ column, isNanoseconds }: Time, startMs: Int64 | undefined, endMs: Int64 | undefined) {
  const scale = isNanoseconds ? NS_PER_MS : 1n
  const time = sql.ref(column)
  const start = startMs === undefined ? undefined : BigInt(startMs) * scale
  const end = endMs === undefined ? undefined : (BigInt(endMs) + 1n) * scale - 1n
  return [
    ...(start === undefined ? [] : [sql<SqlBool>`${time} >= ${toInt64(start)}`]),
    ...(end === undefined ? [] : [sql<SqlBool>`${time} <= ${toInt64(end)}`]),
  ]
}

function toInt64(value: bigint): bigint {
  if (value > INT64_MAX) return INT64_MAX
  return value < -INT64_MAX ? -INT64_MAX : value
}

/** Where the interval starts that a time lies in, in milliseconds: whole numbers throughout, before 1970 too. */
function bucketOf({ column, isNanoseconds }: Time, seconds: number): RawBuilder<unknown> {
  const time = sql.ref(column)
  const unit = isNanoseconds ? 1_000_000 : 1
  const length = sql.lit(seconds * 1000 * unit)
  return sql`(${time} - (${time} % ${length} + ${length}) % ${length}) / ${sql.lit(unit)}`
}

/** Each row with its place among its group's, and how many those are. */
function ranked(rows: RawBuilder<unknown>, names: readonly RawBuilder<unknown>[]): RawBuilder<unknown> {
  const partition = names.length === 0 ? sql`` : sql`partition by ${joined(names)}`
  return sql`select ${joined([...names, sql`v`])},
    row_number() over (${partition} order by v) - 1 as place,
    count(*) over (${partition}) - 1 as last_place
    from (${rows}) as unranked`
}

/** A percentile between two places is made of the values at both. */
function columnsOf(aggregation: Aggregation, at: number, metricName: string): RawBuilder<unknown>[] {
  const as = (name: string) => sql.ref(`${name}${at}`)
  switch (aggregation.type) {
    case 'COUNT': {
      const counted = metricName === 'session_count' ? sql`distinct v` : sql`v`
      return [sql`count(${counted}) as ${as('a')}`]
    }
    case 'SUM':
      // A whole sum could leave SQLite's integers, which is an error there.
      return [sql`sum(v * 1.0) as ${as('a')}`]
    case 'AVG':
    case 'MIN':
    case 'MAX':
      return [sql`${sql.raw(aggregation.type.toLowerCase())}(v) as ${as('a')}`]
    case 'PERCENTILE': {
      const wanted = sql`(${aggregation.percent} * 1.0) * last_place`
      return [
        sql`max(case when place * 100 <= ${wanted} then v end) as ${as('low')}`,
        sql`min(case when place * 100 >= ${wanted} then v end) as ${as('high')}`,
        sql`max(case when place * 100 <= ${wanted} then place end) as ${as('place')}`,
        sql`max(last_place) as ${as('last')}`,
      ]
    }
  }
}

function toDataPoint(row: Record<string, unknown>, query: MetricQuery): DataPoint {
  const first = query.intervalSeconds ? 1 : 0
  return {
    bucketMs: query.intervalSeconds ? Number(row.g0) : undefined,
    dimensions: query.dimensions.map((_, at) => String(row[`g${at + first}`])),
    values: query.aggregations.map((one, at) => {
      if (one.type !== 'PERCENTILE') return numberOf(row[`a${at}`])
      const low = numberOf(row[`low${at}`])
      if (low === undefined) return undefined
      const fraction = (one.percent / 100) * Number(row[`last${at}`]) - Number(row[`place${at}`])
      return low + fraction * (Number(row[`high${at}`]) - low)
    }),
  }
}

function numberOf(value: unknown): number | undefined {
  return value === null || value === undefined ? undefined : Number(value)
}

function joined(parts: readonly unknown[], separator = ', '): RawBuilder<unknown> {
  return sql.join(parts, sql.raw(separator))
}
