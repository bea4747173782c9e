/** `trackyard health`: a container's health check, which has no shell and no curl to ask with. */
import { get } from 'node:http'
import type { Config } from './config.ts'

const TIMEOUT_MS = 4_000

/** Asks the server that these settings would start whether it is up. @throws Error in one line when it is not */
export async function checkHealth({ host, port, staticPrefix }: Config): Promise<void> {
  const url = `http://${addressOf(host)}:${port}${staticPrefix}/health`
  const status = await statusOf(url).catch((cause: Error) => {
    throw new Error(`no answer from ${url}: ${cause.message}`, { cause })
  })
  if (status !== 200) throw new Error(`${url} answered ${status}`)
}

/** An address to reach a server at which listens on every one. */
function addressOf(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}

function statusOf(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = get(url, { timeout: TIMEOUT_MS, agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    request.on('timeout', () => request.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)))
    request.on('error', reject)
  })
}
