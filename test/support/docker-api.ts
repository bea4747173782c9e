/** The Docker engine's own protocol, for what its command line cannot say. */
import { type IncomingMessage, request } from 'node:http'

const SOCKET = process.env.DOCKER_HOST?.replace(/^unix:\/\//, '') ?? '/var/run/docker.sock'

/** Sends one request and gives its answer as JSON. @throws with the engine's message when it refuses */
export async function dockerApi<T = Record<string, unknown>>(
  method: string,
  path: string,
  body?: Buffer | object,
): Promise<T> {
  const raw = Buffer.isBuffer(body) ? body : body && Buffer.from(JSON.stringify(body))
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const type = Buffer.isBuffer(body) ? 'application/x-tar' : 'application/json'
    const headers = raw ? { 'content-type': type, 'content-length': raw.length } : {}
    request({ socketPath: SOCKET, method, path, headers }, resolve).on('error', reject).end(raw)
  })
  const text = Buffer.concat(await response.toArray()).toString()
  if ((response.statusCode ?? 500) >= 400) throw new Error(`${method} ${path}: ${text}`)
  return (text.startsWith('{') ? JSON.parse(text) : {}) as T
}
