/** Clients that write all the time, without a second try, and what came of it. */
import { setTimeout as delay } from 'node:timers/promises'

interface Server {
  /** One request. @throws when there is no answer */
  call(method: string, path: string, body?: unknown): Promise<{ status: number; text: string }>
}

export async function startWriters(server: Server) {
  const created = await server.call('POST', '/api/2.0/mlflow/runs/create', { experiment_id: '0' })
  const { run_id } = JSON.parse(created.text).run.info
  const acknowledged: number[] = []
  const failures: string[] = []
  let next = 0
  let writing = true
  const writers = Array.from({ length: 6 }, async () => {
    while (writing) {
      const step = next++
      const metric = { run_id, key: 'm', value: step, timestamp: step, step }
      const answer = await server.call('POST', '/api/2.0/mlflow/runs/log-metric', metric).then(
        ({ status, text }) => (status === 200 ? 'ok' : `${status} ${text}`),
        (error: Error) => error.message,
      )
      if (answer === 'ok') acknowledged.push(step)
      else failures.push(answer)
      await delay(20)
    }
  })
  const write = {
    done: () => acknowledged.length + failures.length,
    async until(count: number) {
      while (write.done() < count) await delay(50)
    },
  }
  return {
    run_id,
    write,
    async stop() {
      writing = false
      await Promise.all(writers)
      return { acknowledged, failures }
    },
  }
}
