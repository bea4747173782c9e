/** Requests over kept connections, some at a time, for a bounded time. */
import { Agent, request } from 'node:http'

export interface Client {
  /** Sends JSON under `/api/2.0/mlflow` and gives the parsed answer. @throws for anything but a 200 */
  // biome-ignore lint/suspicious/noExplicitAny: answers of any shape are read
  post(path: string, body: object): Promise<any>
  // biome-ignore lint/suspicious/noExplicitAny: answers of any shape are read
  get(path: string): Promise<any>
  close(): void
}

export function connect(url: string, own: Readonly<Record<string, string>> = {}): Client {
  const agent = new Agent({ keepAlive: true })
  const send = (method: string, path: string, body?: string) =>
    new Promise<unknown>((resolve, reject) => {
      const headers = body === undefined ? own : { 'content-type': 'application/json', ...own }
      const sent = request(`${url}/api/2.0/mlflow/${path}`, { method, agent, headers }, (response) => {
        const chunks: Buffer[] = []
        response
          .on('data', (chunk: Buffer) => chunks.push(chunk))
          .on('end', () => {
            const text = Buffer.concat(chunks).toString()
            if (response.statusCode === 200) resolve(JSON.parse(text))
            else reject(new Error(`${method} ${path}: ${response.statusCode} ${text.slice(0, 300)}`))
          })
      })
      sent.on('error', reject).end(body)
    })
  return {
    post: (path, body) => send('POST', path, JSON.stringify(body)),
    get: (path) => send('GET', path),
    close: () => agent.destroy(),
  }
}

export interface Bounds {
  /** How many callers work at the same time. */
  readonly callers: number
  /** The most calls. */
  readonly calls: number
  /** No call begins later than this after the first. */
  readonly seconds: number
}

/** Calls `work` within the bounds. @returns calls a second */
export async function measureRate(
  { callers, calls, seconds }: Bounds,
  work: (index: number) => Promise<unknown>,
): Promise<number> {
  const start = performance.now()
  const deadline = start + seconds * 1000
  let begun = 0
  let done = 0
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (begun < calls && performance.now() < deadline) {
        await work(begun++)
        done++
      }
    }),
  )
  return (done / (performance.now() - start)) * 1000
}
