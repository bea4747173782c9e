/** Traces as clients before MLflow 3 speak of them: requests that are started and ended. */
import { ONLY_SEEN } from '../auth/permission.ts'
import { endTrace, startTraceV2 } from '../operations/trace-v2.ts'
import { shownTrace, shownTraces } from '../operations/withheld.ts'
import { rpc } from '../rpc.ts'
import { searchTraces } from '../search/traces.ts'
import { getTrace, withTraceData } from '../store/traces.ts'
import { checkMaxResults, list, message, requiredText, text, unlessEmpty } from '../wire.ts'
import { parseExperimentId } from './limits.ts'
import { moment } from './proto-time.ts'
import { keyedMessage } from './tags.ts'
import { fittedPairs, toWireTraceV2, traceState } from './trace-messages.ts'
import { MOST_RESULTS, searchMessage } from './traces.ts'

const pairs = {
  request_metadata: list(keyedMessage).default([]),
  tags: list(keyedMessage).default([]),
}

export const traceV2Rpcs = [
  rpc({
    method: 'POST',
    path: '/mlflow/traces',
    permission: { 'trace.create': ({ experiment_id }) => ({ experiment: experiment_id }) },
    request: message({ experiment_id: requiredText(), timestamp_ms: moment().default(0), ...pairs }),
    async handler({ db, config, caller }, { experiment_id, timestamp_ms, request_metadata, tags }) {
      const trace = await startTraceV2(db, {
        experimentId: parseExperimentId(experiment_id),
        requestTime: timestamp_ms,
        metadata: fittedPairs('request_metadata', entriesOf(request_metadata), config),
        tags: fittedPairs('tags', entriesOf(tags), config),
      })
      return { trace_info: toWireTraceV2(await shownTrace(db, caller.access, trace)) }
    },
  }),
  rpc({
    method: 'PATCH',
    path: '/mlflow/traces/:request_id',
    permission: { 'trace.update': ({ request_id }) => ({ trace: request_id }) },
    request: message({
      request_id: requiredText(),
      timestamp_ms: moment().default(0),
      status: traceState,
      ...pairs,
    }),
    async handler({ db, config, caller }, { request_id, timestamp_ms, status, request_metadata, tags }) {
      const trace = await endTrace(db, request_id, {
        endTime: timestamp_ms,
        state: status ?? 'STATE_UNSPECIFIED',
        metadata: fittedPairs('request_metadata', entriesOf(request_metadata), config),
        tags: fittedPairs('tags', entriesOf(tags), config),
      })
      return { trace_info: toWireTraceV2(await shownTrace(db, caller.access, trace)) }
    },
  }),
  rpc({
    method: 'GET',
    path: '/mlflow/traces/:request_id/info',
    permission: { 'trace.read': ({ request_id }) => ({ trace: request_id }) },
    request: message({ request_id: requiredText() }),
    async handler({ db, caller }, { request_id }) {
      const trace = await shownTrace(db, caller.access, await getTrace(db, request_id))
      return { trace_info: toWireTraceV2(trace) }
    },
  }),
  rpc({
    method: 'GET',
    path: '/mlflow/traces',
    permission: { 'trace.read': ONLY_SEEN },
    request: message({ experiment_ids: list(text()), ...searchMessage }),
    async handler({ db, caller }, { experiment_ids, filter, max_results, order_by, page_token }) {
      checkMaxResults(max_results, MOST_RESULTS)
      const search = {
        experimentIds: experiment_ids.map(parseExperimentId),
        filter,
        orderBy: order_by,
        maxResults: max_results,
        pageToken: page_token,
      }
      const { rows, nextPageToken } = await searchTraces(db, search, caller.access)
      const traces = await shownTraces(db, caller.access, await withTraceData(db, rows))
      return { traces: unlessEmpty(traces.map(toWireTraceV2)), next_page_token: nextPageToken }
    },
  }),
]

function entriesOf(all: readonly { key: string; value: string }[]): [string, string][] {
  return all.map(({ key, value }) => [key, value])
}
