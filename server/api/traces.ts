import type { z } from 'zod'
import { ONLY_SEEN } from '../auth/permission.ts'
import { invalidParameter } from '../errors.ts'
import { startTrace } from '../operations/start-trace.ts'
import { shownTrace, shownTraces } from '../operations/withheld.ts'
import { rpc } from '../rpc.ts'
import { searchTraces } from '../search/traces.ts'
import { getTrace, listTraces, withTraceData } from '../store/traces.ts'
import { checkMaxResults, integer, list, message, requiredText, text, unlessEmpty } from '../wire.ts'
import { parseExperimentId } from './limits.ts'
import { location, toNewTrace, toWireTrace, traceInfoMessage } from './trace-messages.ts'

export const MOST_RESULTS = 500
const DEFAULT_RESULTS = 100

export const searchMessage = {
  filter: text().default(''),
  max_results: integer().default(DEFAULT_RESULTS),
  order_by: list(text()).default([]),
  page_token: text().optional(),
}

export const traceRpcs = [
  rpc({
    method: 'POST',
    path: '/mlflow/traces',
    version: '3.0',
    permission: {
      'trace.create': ({ trace }) => ({ experiment: experimentOf(trace.trace_info) }),
      'assessment.create': ({ trace: { trace_info } }) =>
        trace_info.assessments.length > 0 ? { experiment: experimentOf(trace_info) } : {},
    },
    request: message({ trace: message({ trace_info: traceInfoMessage }) }),
    async handler({ db, config, clock, caller }, { trace }) {
      const started = await startTrace(db, toNewTrace(trace.trace_info, config), {
        access: caller.access,
        now: clock(),
      })
      return { trace: { trace_info: toWireTrace(await shownTrace(db, caller.access, started)) } }
    },
  }),
  rpc({
    method: 'GET',
    path: '/mlflow/traces/:trace_id',
    version: '3.0',
    permission: { 'trace.read': ({ trace_id }) => ({ trace: trace_id }) },
    request: message({ trace_id: requiredText() }),
    async handler({ db, caller }, { trace_id }) {
      const trace = await shownTrace(db, caller.access, await getTrace(db, trace_id))
      return { trace: { trace_info: toWireTrace(trace) } }
    },
  }),
  rpc({
    method: 'POST',
    path: '/mlflow/traces/batchGetInfos',
    version: '3.0',
    permission: { 'trace.read': ({ trace_ids }) => ({ trace: trace_ids }) },
    request: message({ trace_ids: list(text()), experiment_ids: list(text()).optional() }),
    async handler({ db, caller }, { trace_ids, experiment_ids }) {
      const allowed = experiment_ids?.map(parseExperimentId)
      const found = await listTraces(db, checkedIds(trace_ids), caller.access)
      const wanted = found.filter(({ row }) => allowed?.includes(row.experiment_id) ?? true)
      const traces = await shownTraces(db, caller.access, wanted)
      return { trace_infos: unlessEmpty(traces.map(toWireTrace)) }
    },
  }),
  rpc({
    method: 'POST',
    path: '/mlflow/traces/search',
    version: '3.0',
    permission: { 'trace.read': ONLY_SEEN },
    request: message({ locations: list(location), ...searchMessage }),
    async handler({ db, caller }, { locations, filter, max_results, order_by, page_token }) {
      checkMaxResults(max_results, MOST_RESULTS)
      const search = {
        experimentIds: locations.flatMap(({ mlflow_experiment }) =>
          mlflow_experiment ? [parseExperimentId(mlflow_experiment.experiment_id)] : [],
        ),
        filter,
        orderBy: order_by,
        maxResults: max_results,
        pageToken: page_token,
      }
      const { rows, nextPageToken } = await searchTraces(db, search, caller.access)
      const traces = await shownTraces(db, caller.access, await withTraceData(db, rows))
      return { traces: unlessEmpty(traces.map(toWireTrace)), next_page_token: nextPageToken }
    },
  }),
]

function experimentOf({ trace_location }: z.output<typeof traceInfoMessage>): string {
  return trace_location.mlflow_experiment.experiment_id
}

/** A request names no more traces than a page of a search. @throws ApiError for more */
export function checkedIds(traceIds: readonly string[]): readonly string[] {
  if (traceIds.length > MOST_RESULTS) {
    throw invalidParameter(`A request can name at most ${MOST_RESULTS} traces, got ${traceIds.length}.`)
  }
  return traceIds
}
