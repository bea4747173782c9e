/** OpenTelemetry's own way to send spans: OTLP over HTTP. */
import type { IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'
import { ApiError, invalidParameter } from '../errors.ts'
import { logSpans } from '../operations/log-spans.ts'
import { BINARY, decodeRequest, decompress, JSON_TYPE } from '../otlp/decode.ts'
import { toSpan } from '../otlp/span.ts'
import { linkTraces } from '../store/trace-links.ts'
import type { Route } from './route.ts'

export const otlpRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/v1/traces',
    unprefixed: true,
    permission: {
      'trace.create': ({ headers }) => ({ experiment: headers['x-mlflow-experiment-id'] }),
      'run.update': ({ headers }) => ({ run: headers['x-mlflow-run-id'] }),
    },
    async handle({ db, config, clock }, request, reply) {
      const experimentId = experimentOf(request)
      const body = await readBody(request.raw, config.maxRequestBytes)
      const encoding = String(request.headers['content-encoding'] ?? '').toLowerCase()
      const plain = await decompress(body, encoding, config.maxRequestBytes)
      const { resourceSpans } = await decodeRequest(plain, mediaTypeOf(request))
      const spans = resourceSpans.flatMap(({ resource, scopeSpans }) =>
        scopeSpans.flatMap((scope) => scope.spans.map((span) => toSpan(span, resource.attributes))),
      )
      await logSpans(db, experimentId, spans, request.caller.access)
      const runId = request.headers['x-mlflow-run-id']
      if (typeof runId === 'string' && runId !== '') {
        const roots = spans.filter(({ parentId }) => parentId === null)
        await linkTraces(
          db,
          roots.map(({ traceId }) => ({ traceId, type: 'run', id: runId.slice(0, 36) })),
          clock(),
        )
      }
      // The answer of OTLP to spans that were all taken is a message without fields.
      return reply.header('content-type', BINARY).send(Buffer.alloc(0))
    },
  },
]

function experimentOf({ headers }: FastifyRequest): number {
  const id = headers['x-mlflow-experiment-id']
  if (typeof id !== 'string' || !/^\d{1,15}$/.test(id)) {
    throw invalidParameter(
      'The header x-mlflow-experiment-id must name the experiment, whose id is a number.',
    )
  }
  return Number(id)
}

/** Routes hide the type of a body from the framework; the connection still knows it. */
function mediaTypeOf({ raw }: FastifyRequest): string {
  const at = raw.rawHeaders.findIndex((name, index) => index % 2 === 0 && /^content-type$/i.test(name))
  const type = at < 0 ? '' : (raw.rawHeaders[at + 1]?.split(';')[0]?.trim().toLowerCase() ?? '')
  if (type !== BINARY && type !== JSON_TYPE) {
    throw new ApiError('BAD_REQUEST', `Invalid Content-Type: ${type}. Expected: ${BINARY} or ${JSON_TYPE}`)
  }
  return type
}

async function readBody(body: IncomingMessage, mostBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body.iterator({ destroyOnReturn: false })) {
    bytes += chunk.length
    if (bytes > mostBytes) throw new ApiError('REQUEST_TOO_LARGE', 'The request body is too large.')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
