/** `trackyard health`: a container's health check, which has no shell and no curl to ask with. */
import type { Config } from './config.ts'

const TIMEOUT_MS = 4_000

/** Asks the server that these settings would start whether it is up. @throws Error in one line when it is not */
export async function checkHealth({ host, port, staticPrefix }: Config): Promise<void> {
  const url = `http://${addressOf(host)}:${port}${staticPrefix}/health`
  // Not node:http: importing it by name loads all of undici, which the server's start would pay for.
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch((error: Error) => {
    throw new Error(`no answer from ${url}: ${(error.cause as Error | undefined)?.message ?? error.message}`)
  })
  if (!response.ok) throw new Error(`${url} answered ${response.status}`)
}

/** An address to reach a server at which listens on every one. */
function addressOf(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}
