/** Requests to a team's stack over TLS, as a client without retries sends them. */
import { Agent, request } from 'node:https'

export interface Answer {
  readonly status: number
  readonly body: string
}

/** A client that trusts `authority` alone and reaches `url` by its name; `auth` is user and password, as `user:password`. */
export function tlsClient(url: string, authority: string, auth?: string) {
  const agent = new Agent({ ca: authority, keepAlive: true })
  return function send(path: string, body?: object): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const method = body ? 'POST' : 'GET'
      const headers = body ? { 'content-type': 'application/json' } : {}
      const sent = request(`${url}${path}`, { agent, method, headers, auth }, async (response) => {
        const chunks = await response.toArray()
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() })
      })
      // As urllib3 and browsers: the proxy had closed a connection that lay idle, and read nothing of this request.
      const again = (error: NodeJS.ErrnoException) =>
        sent.reusedSocket && error.code === 'ECONNRESET' ? resolve(send(path, body)) : reject(error)
      sent.on('error', again).end(body && JSON.stringify(body))
    })
  }
}

export type Client = ReturnType<typeof tlsClient>

/** Writes and reads until it is told to stop. @returns how many requests there were, and what was not a 200 */
export function startLoad(client: Client, runId: string) {
  let going = true
  const failed: string[] = []
  let sent = 0
  const writer = async (number: number) => {
    for (let step = 0; going; step++) {
      const answer = await client('/api/2.0/mlflow/runs/log-metric', {
        run_id: runId,
        key: `writer-${number}`,
        value: step,
        timestamp: 1,
        step,
      }).catch((error) => ({ status: 0, body: String(error) }))
      sent++
      if (answer.status !== 200) failed.push(`${answer.status} ${answer.body}`)
    }
  }
  const writers = [0, 1, 2, 3].map(writer)
  return async () => {
    going = false
    await Promise.all(writers)
    return { sent, failed }
  }
}
