/** OTLP trace requests as they come: binary or JSON, compressed or not. */
import { promisify } from 'node:util'
import { gunzip, inflate, inflateRaw } from 'node:zlib'
import type { Type } from 'protobufjs'
import { ApiError } from '../errors.ts'
import { isDeeperThan, parseJson } from '../wire.ts'
import { exportRequest, MESSAGES, type OtlpRequest } from './schema.ts'

export const BINARY = 'application/x-protobuf'
export const JSON_TYPE = 'application/json'

/** Deeper JSON is refused: it is read by functions that call themselves. A value within another is four levels. */
const MOST_DEPTH = 400

/**
 * The body of a request without its compression.
 * @throws ApiError for another compression, and for one that would not fit in `mostBytes`
 */
export async function decompress(body: Buffer, encoding: string, mostBytes: number): Promise<Buffer> {
  const options = { maxOutputLength: mostBytes }
  try {
    switch (encoding) {
      case '':
      case 'identity':
        return body
      case 'gzip':
        return await promisify(gunzip)(body, options)
      case 'deflate':
        // Some clients leave out the wrapping.
        return (body[0] ?? 0) % 16 === 8
          ? await promisify(inflate)(body, options)
          : await promisify(inflateRaw)(body, options)
    }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new ApiError('REQUEST_TOO_LARGE', 'The request body is too large.', { cause })
    }
    throw malformed(`Failed to decompress ${encoding} payload`, cause)
  }
  throw malformed(`Unsupported Content-Encoding: ${encoding}`)
}

/** @throws ApiError for what is no request of OTLP */
export async function decodeRequest(body: Buffer, mediaType: string): Promise<OtlpRequest> {
  const json = mediaType === BINARY ? await decodeBinary(body) : decodeJson(body)
  if (isDeeperThan(json, MOST_DEPTH)) throw malformed('The attributes of a span are nested too deeply')
  const parsed = exportRequest.safeParse(json)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw malformed(`Invalid OpenTelemetry format: ${issue?.path.join('.')}: ${issue?.message}`)
  }
  if (parsed.data.resourceSpans.length === 0) throw malformed('Invalid OpenTelemetry format - no spans found')
  return parsed.data
}

function decodeJson(body: Buffer): unknown {
  try {
    return parseJson(body.toString('utf8'))
  } catch (cause) {
    throw malformed('Invalid OpenTelemetry format', cause)
  }
}

async function decodeBinary(body: Buffer): Promise<unknown> {
  const type = await requestType()
  try {
    const decoded = type.toObject(type.decode(body), { longs: String, bytes: String, arrays: false })
    return withHexIds(decoded as { resourceSpans?: Json[] })
  } catch (cause) {
    throw malformed('Invalid OpenTelemetry format', cause)
  }
}

let requestTypeOnce: Promise<Type> | undefined

/** The decoder is loaded with the first request that needs it. */
function requestType(): Promise<Type> {
  requestTypeOnce ??= import('protobufjs/light.js').then(({ default: { Root } }) =>
    Root.fromJSON(MESSAGES).lookupType('Request'),
  )
  return requestTypeOnce
}

type Json = Record<string, unknown>

const IDS = ['traceId', 'spanId', 'parentSpanId']

/** The JSON form has ids in hexadecimal, and all other bytes in base64. */
function withHexIds(request: { resourceSpans?: Json[] }): unknown {
  for (const { scopeSpans } of (request.resourceSpans ?? []) as { scopeSpans?: { spans?: Json[] }[] }[]) {
    for (const { spans } of scopeSpans ?? []) {
      for (const span of spans ?? []) {
        for (const owner of [span, ...((span.links ?? []) as Json[])]) toHex(owner)
      }
    }
  }
  return { resourceSpans: [], ...request }
}

function toHex(owner: Json): void {
  for (const id of IDS) {
    if (typeof owner[id] === 'string') owner[id] = Buffer.from(owner[id], 'base64').toString('hex')
  }
}

function malformed(message: string, cause?: unknown): ApiError {
  return new ApiError('BAD_REQUEST', message, { cause })
}
