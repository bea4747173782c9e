import { getWholeTrace, listWholeTraces, type WholeTrace } from '../operations/whole-traces.ts'
import { shownTrace, shownTraces } from '../operations/withheld.ts'
import { toWireSpan } from '../otlp/wire-span.ts'
import { rpc } from '../rpc.ts'
import type { Trace } from '../store/traces.ts'
import { bool, list, message, requiredText, text, unlessEmpty } from '../wire.ts'
import { parseExperimentId } from './limits.ts'
import { toWireTrace } from './trace-messages.ts'
import { checkedIds } from './traces.ts'

export const wholeTraceRpcs = [
  rpc({
    method: 'GET',
    path: '/mlflow/traces/get',
    version: '3.0',
    permission: { 'trace.read': ({ trace_id }) => ({ trace: trace_id }) },
    request: message({ trace_id: requiredText(), allow_partial: bool().default(false) }),
    async handler({ db, caller }, { trace_id, allow_partial }) {
      const { trace, spans } = await getWholeTrace(db, trace_id, allow_partial)
      return { trace: toWire({ trace: await shownTrace(db, caller.access, trace), spans }) }
    },
  }),
  rpc({
    method: 'GET',
    path: '/mlflow/traces/batchGet',
    version: '3.0',
    permission: { 'trace.read': ({ trace_ids }) => ({ trace: trace_ids }) },
    request: message({ trace_ids: list(text()), experiment_ids: list(text()).optional() }),
    async handler({ db, caller }, { trace_ids, experiment_ids }) {
      const allowed = experiment_ids?.map(parseExperimentId)
      const found = await listWholeTraces(
        db,
        checkedIds(trace_ids),
        ({ row }) => allowed?.includes(row.experiment_id) ?? true,
        caller.access,
      )
      const traces = await shownTraces(
        db,
        caller.access,
        found.map(({ trace }) => trace),
      )
      return {
        traces: unlessEmpty(
          found.map(({ spans }, index) => toWire({ trace: traces[index] as Trace, spans })),
        ),
      }
    },
  }),
]

function toWire({ trace, spans }: WholeTrace) {
  return { trace_info: toWireTrace(trace), spans: unlessEmpty(spans.map(toWireSpan)) }
}
