import { invalidParameter } from '../errors.ts'
import { rpc } from '../rpc.ts'
import { pageToken, parsePageToken } from '../search/page-token.ts'
import {
  type HistoryPoint,
  listHistory,
  readHistory,
  type StepRange,
  sampleHistory,
} from '../store/metric-history.ts'
import { readValue } from '../store/metrics.ts'
import { readableRuns } from '../store/readable.ts'
import {
  type Int64,
  int64,
  integer,
  list,
  message,
  requiredText,
  streamedList,
  text,
  unlessEmpty,
  wireDouble,
} from '../wire.ts'
import { RUN_ID_ALIAS } from './runs.ts'

const POINTS_PER_BULK = 25_000
const RUNS_PER_BULK = 100
const POINTS_PER_SAMPLE = 2_500

export const metricRpcs = [
  rpc({
    method: 'GET',
    path: '/mlflow/metrics/get-history',
    permission: { 'run.read': ({ run_id }) => ({ run: run_id }) },
    request: message(
      {
        run_id: requiredText(),
        metric_key: requiredText(),
        max_results: integer().optional(),
        page_token: text().optional(),
      },
      RUN_ID_ALIAS,
    ),
    async handler({ db }, { run_id, metric_key, max_results, page_token }) {
      if (max_results !== undefined && max_results <= 0) {
        throw invalidParameter(
          `Invalid value ${max_results} for parameter 'max_results' supplied. It must be a positive integer.`,
        )
      }
      const offset = parsePageToken(page_token)
      const toWire = (point: HistoryPoint) => toWirePoint(metric_key, point)
      if (max_results === undefined) {
        return streamedList('metrics', readHistory(db, run_id, metric_key, offset), toWire)
      }
      const points = await listHistory(db, [run_id], metric_key, { limit: max_results + 1, offset })
      return {
        metrics: unlessEmpty(points.slice(0, max_results).map(toWire)),
        next_page_token: points.length > max_results ? pageToken(offset + max_results) : undefined,
      }
    },
  }),
  rpc({
    method: 'GET',
    path: '/mlflow/metrics/get-history-bulk',
    surface: 'ui',
    permission: { 'run.read': ({ run_id }) => ({ run: run_id }) },
    request: message({
      run_id: list(text()).default([]),
      metric_key: text().optional(),
      max_results: integer().default(POINTS_PER_BULK),
    }),
    async handler({ db, caller }, { run_id, metric_key, max_results }) {
      checkRunCount('GetMetricHistoryBulk', 'run_ids', run_id.length)
      if (metric_key === undefined) {
        throw invalidParameter('GetMetricHistoryBulk request must specify a metric_key.')
      }
      const limit = Math.max(0, Math.min(max_results, POINTS_PER_BULK))
      const readable = await readableRuns(db, caller.access, run_id)
      const points = await listHistory(db, readable, metric_key, { limit })
      return { metrics: points.map((point) => toWireRunPoint(metric_key, point)) }
    },
  }),
  rpc({
    method: 'GET',
    path: '/mlflow/metrics/get-history-bulk-interval',
    permission: { 'run.read': ({ run_ids }) => ({ run: run_ids }) },
    request: message({
      run_ids: list(text()).min(1),
      metric_key: requiredText(),
      start_step: int64().optional(),
      end_step: int64().optional(),
      max_results: integer().default(POINTS_PER_SAMPLE),
    }),
    async handler({ db, caller }, { run_ids, metric_key, start_step, end_step, max_results }) {
      checkRunCount('GetMetricHistoryBulkInterval', 'run_ids', run_ids.length)
      if (max_results < 1 || max_results > POINTS_PER_SAMPLE) {
        throw invalidParameter(
          `max_results must be between 1 and ${POINTS_PER_SAMPLE}. See the API docs for more information about request parameters.`,
        )
      }
      const steps = stepRange(start_step, end_step)
      const metrics: object[] = []
      for (const runId of await readableRuns(db, caller.access, run_ids)) {
        const points = await sampleHistory(db, runId, metric_key, max_results, steps)
        metrics.push(...points.map((point) => toWireRunPoint(metric_key, point)))
      }
      return { metrics: unlessEmpty(metrics) }
    },
  }),
]

export function stepRange(start: Int64 | undefined, end: Int64 | undefined): StepRange | undefined {
  if (start === undefined && end === undefined) return undefined
  if (start === undefined || end === undefined) {
    throw invalidParameter('If either start step or end step are specified, both must be specified.')
  }
  if (start > end) {
    throw invalidParameter(
      `end_step must be greater than start_step. Found start_step=${start} and end_step=${end}.`,
    )
  }
  return { start, end }
}

export function toWireRunPoint(key: string, point: HistoryPoint) {
  return { ...toWirePoint(key, point), run_id: point.run_uuid }
}

function toWirePoint(key: string, point: HistoryPoint) {
  return { key, value: wireDouble(readValue(point)), timestamp: point.timestamp, step: point.step }
}

function checkRunCount(request: string, field: string, count: number): void {
  if (count === 0) throw invalidParameter(`${request} request must specify at least one run_id.`)
  if (count > RUNS_PER_BULK) {
    throw invalidParameter(
      `${request} request cannot specify more than ${RUNS_PER_BULK} ${field}. Received ${count} ${field}.`,
    )
  }
}
