/** Deleting traces, and linking them to runs and prompts. */
import { invalidParameter } from '../errors.ts'
import { type Rpc, rpc } from '../rpc.ts'
import { deleteTraces } from '../store/trace-deletion.ts'
import { linkTraces } from '../store/trace-links.ts'
import { getTraceRow } from '../store/traces.ts'
import { integer, list, message, requiredText, text } from '../wire.ts'
import { checkLength, parseExperimentId } from './limits.ts'

const MOST_LINKS = 100
/** The length of the column that holds the id of what is linked. */
const LINKED_ID = 36

/** How many traces a request may name, as many as a portion of a deletion by time. */
const MOST_DELETED = 500

const prompt = message({ name: requiredText(), version: requiredText() })

export const traceLinkRpcs: readonly Rpc[] = [
  ...(['2.0', '3.0'] as const).map((version) =>
    rpc({
      method: 'POST',
      path: '/mlflow/traces/delete-traces',
      version,
      permission: { 'trace.delete': ({ experiment_id }) => ({ experiment: experiment_id }) },
      request: message({
        experiment_id: requiredText(),
        max_timestamp_millis: integer().optional(),
        max_traces: integer().optional(),
        request_ids: list(text()).default([]),
      }),
      async handler({ db }, { experiment_id, max_timestamp_millis, max_traces, request_ids }) {
        checkDeletion(request_ids, max_timestamp_millis, max_traces)
        const deleted = await deleteTraces(db, {
          experimentId: parseExperimentId(experiment_id),
          traceIds: request_ids.length > 0 ? [...new Set(request_ids)] : undefined,
          untilMs: max_timestamp_millis,
          most: max_traces,
        })
        return { traces_deleted: deleted }
      },
    }),
  ),
  rpc({
    method: 'POST',
    path: '/mlflow/traces/link-to-run',
    permission: {
      'run.update': ({ run_id }) => ({ run: run_id }),
      'trace.read': ({ trace_ids }) => ({ trace: trace_ids }),
    },
    request: message({ trace_ids: list(text()), run_id: requiredText() }),
    async handler({ db, clock }, { trace_ids, run_id }) {
      if (trace_ids.length > MOST_LINKS) {
        throw invalidParameter(
          `Cannot link more than ${MOST_LINKS} traces to a run in a single request. Provided ${trace_ids.length} traces.`,
        )
      }
      for (const id of [run_id, ...trace_ids]) checkLength('id', LINKED_ID, id)
      const links = trace_ids.map((traceId) => ({ traceId, type: 'run', id: run_id }) as const)
      await linkTraces(db, links, clock())
      return {}
    },
  }),
  rpc({
    method: 'POST',
    path: '/mlflow/traces/link-prompts',
    permission: { 'trace.update': ({ trace_id }) => ({ trace: trace_id }) },
    request: message({ trace_id: requiredText(), prompt_versions: list(prompt) }),
    async handler({ db, clock }, { trace_id, prompt_versions }) {
      if (prompt_versions.length === 0) return {}
      await getTraceRow(db, trace_id)
      const links = prompt_versions.map(({ name, version }) => {
        const id = `${name}/${promptVersion(version)}`
        checkLength('prompt_versions', LINKED_ID, id)
        return { traceId: trace_id, type: 'prompt_version', id } as const
      })
      await linkTraces(db, links, clock())
      return {}
    },
  }),
]

function checkDeletion(ids: readonly string[], until: number | undefined, most: number | undefined): void {
  if (until === undefined && ids.length === 0) {
    throw invalidParameter('Either `max_timestamp_millis` or `trace_ids` must be specified.')
  }
  if (until !== undefined && ids.length > 0) {
    throw invalidParameter('Only one of `max_timestamp_millis` and `trace_ids` can be specified.')
  }
  if (ids.length > 0 && most !== undefined) {
    throw invalidParameter("`max_traces` can't be specified if `trace_ids` is specified.")
  }
  if (most !== undefined && most <= 0) {
    throw invalidParameter(`\`max_traces\` must be a positive integer, received ${most}.`)
  }
  if (ids.length > MOST_DELETED) {
    throw invalidParameter(`A request can name at most ${MOST_DELETED} traces, got ${ids.length}.`)
  }
}

function promptVersion(version: string): number {
  if (!/^\d{1,9}$/.test(version)) throw invalidParameter(`Invalid prompt version '${version}'`)
  return Number(version)
}
