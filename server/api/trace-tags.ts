import { invalidParameter } from '../errors.ts'
import { tagTrace, untagTrace } from '../operations/trace-tags.ts'
import { type Rpc, rpc } from '../rpc.ts'
import { TRACE_NAME_TAG } from '../store/trace-columns.ts'
import { ARTIFACT_LOCATION_TAG, SPANS_LOCATION_TAG } from '../store/traces.ts'
import { message, requiredText, text } from '../wire.ts'
import { checkedTag, checkLength } from './limits.ts'

const TRACE_NAME = 4_096
const ARCHIVAL_FAILURE = 'mlflow.trace.archivalFailure'

/** What servers keep in tags for themselves. */
const RESERVED = [ARTIFACT_LOCATION_TAG, SPANS_LOCATION_TAG, 'mlflow.trace.archiveLocation', ARCHIVAL_FAILURE]

/** Version 2 calls a trace a request. */
const traceOnly = { trace_id: requiredText() }
const ALIASES = { request_id: 'trace_id' } as const

export const traceTagRpcs: readonly Rpc[] = (['2.0', '3.0'] as const).flatMap((version) => {
  const path = `/mlflow/traces/:${version === '2.0' ? 'request_id' : 'trace_id'}/tags`
  return [
    rpc({
      method: 'PATCH',
      path,
      version,
      permission: { 'trace.update': ({ trace_id }) => ({ trace: trace_id }) },
      request: message({ ...traceOnly, key: requiredText(), value: text().default('') }, ALIASES),
      async handler({ db, config }, { trace_id, key, value }) {
        if (RESERVED.includes(key)) throw immutable(key, 'set')
        const tag = checkedTag('', { key, value }, { ...config, truncateLongValues: true })
        if (key === TRACE_NAME_TAG) checkLength('Trace name', TRACE_NAME, value)
        await tagTrace(db, trace_id, tag)
        return {}
      },
    }),
    rpc({
      method: 'DELETE',
      path,
      version,
      permission: { 'trace.update': ({ trace_id }) => ({ trace: trace_id }) },
      request: message({ ...traceOnly, key: requiredText() }, ALIASES),
      async handler({ db }, { trace_id, key }) {
        if (RESERVED.includes(key) && key !== ARCHIVAL_FAILURE) throw immutable(key, 'deleted')
        await untagTrace(db, trace_id, key)
        return {}
      },
    }),
  ]
})

function immutable(key: string, operation: string): Error {
  return invalidParameter(`Tag '${key}' is immutable and cannot be ${operation} on a trace.`)
}
