/** The spans of a trace for the UI, wherever they are, and the files attached to them. */
import { Readable } from 'node:stream'
import { create as contentDisposition } from 'content-disposition'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { below, locateArtifacts } from '../artifacts/location.ts'
import { safeFilePath } from '../artifacts/safe-path.ts'
import type { Context } from '../context.ts'
import { ApiError, notFound } from '../errors.ts'
import { listSpanContents } from '../store/spans.ts'
import {
  ARTIFACT_LOCATION_TAG,
  getTrace,
  IN_DATABASE,
  SPANS_LOCATION_TAG,
  type Trace,
} from '../store/traces.ts'
import { findQueryValue, type Route } from './route.ts'
import { sendArtifact } from './send-artifact.ts'

const SPANS_FILE = 'traces.json'

export const traceArtifactRoutes: readonly Route[] = ['2.0', '3.0'].map((version) => ({
  method: 'GET',
  path: `/ajax-api/${version}/mlflow/get-trace-artifact`,
  permission: { 'trace.read': (request) => ({ trace: findQueryValue(request, 'request_id') }) },
  async handle(context, request, reply) {
    const traceId = findQueryValue(request, 'request_id')
    if (traceId === undefined) {
      throw new ApiError('BAD_REQUEST', 'Request must include the "request_id" query parameter.')
    }
    const trace = await getTrace(context.db, traceId)
    const attachment = findQueryValue(request, 'path')
    if (attachment !== undefined) {
      const path = `attachments/${safeFilePath(attachment)}`
      return sendArtifact(await fileOf(context, trace, path), request, reply)
    }
    switch (trace.tags[SPANS_LOCATION_TAG]) {
      case IN_DATABASE:
        return sendSpans(context, traceId, request, reply)
      case undefined:
        return sendArtifact(await fileOf(context, trace, SPANS_FILE), request, reply)
      default:
        throw new ApiError(
          'NOT_IMPLEMENTED',
          `This server does not read the archive trace '${traceId}' is in.`,
        )
    }
  },
}))

async function fileOf(context: Context, { row, tags }: Trace, path: string) {
  const location = tags[ARTIFACT_LOCATION_TAG]
  if (!location) throw notFound(`Trace ${row.request_id} has no artifacts.`)
  return below(await locateArtifacts(location, context), path)
}

function sendSpans(
  { db }: Context,
  traceId: string,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  reply.headers({
    'content-type': 'application/octet-stream',
    'content-disposition': contentDisposition(SPANS_FILE),
    'content-security-policy': 'sandbox',
  })
  if (request.method === 'HEAD') return reply.send()
  return reply.send(Readable.from(inDocument(listSpanContents(db, traceId)), { objectMode: false }))
}

async function* inDocument(spans: AsyncIterable<string>): AsyncGenerator<string> {
  yield '{"spans":['
  let separator = ''
  for await (const span of spans) {
    yield separator + span
    separator = ','
  }
  yield ']}'
}
