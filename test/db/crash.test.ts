import { setTimeout as delay } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { temporaryFolder } from '../server/support.ts'
import { startTrackyard } from '../support/mlflow.ts'
import type { RunningServer } from '../support/server-process.ts'

const WRITERS = 8

/** What clients know: each batch they sent, and whether it was acknowledged. */
interface Journal {
  sent: number
  readonly acknowledged: Set<number>
}

it('loses no acknowledged write, and keeps the others whole or not at all, when it is killed under load', async () => {
  const folder = await temporaryFolder()
  const first = await startTrackyard({ folder })
  onTestFinished(() => first.stop('SIGKILL'))
  const { run } = (await post(first, 'runs/create', { experiment_id: '0' })) as {
    run: { info: { run_id: string } }
  }
  const runId = run.info.run_id
  const journal: Journal = { sent: 0, acknowledged: new Set() }
  const writers = Array.from({ length: WRITERS }, () => writeUntilDown(first, runId, journal))
  while (journal.acknowledged.size < 200) await delay(5)
  await first.stop('SIGKILL')
  await Promise.all(writers)

  const second = await startTrackyard({ folder })
  onTestFinished(() => second.stop())
  const found = await batchesOf(second, runId)
  const lost = [...journal.acknowledged].filter((batch) => !found.has(batch))
  expect(lost).toEqual([])
  const torn = [...found].filter(([, parts]) => parts !== 'metrics params tags')
  expect(torn).toEqual([])
  expect(found.size).toBeLessThanOrEqual(journal.sent)
  await post(second, 'runs/log-metric', { run_id: runId, key: 'after', value: 1, timestamp: 1 })
})

async function writeUntilDown(server: RunningServer, runId: string, journal: Journal): Promise<void> {
  for (;;) {
    const batch = journal.sent++
    const metrics = Array.from({ length: 3 }, (_, step) => ({
      key: `m${batch}`,
      value: step,
      timestamp: step,
      step,
    }))
    const params = [{ key: `p${batch}`, value: 'x' }]
    const tags = [{ key: `t${batch}`, value: 'x' }]
    try {
      await post(server, 'runs/log-batch', { run_id: runId, metrics, params, tags })
    } catch {
      return
    }
    journal.acknowledged.add(batch)
  }
}

/** Each batch that is there, with which of its parts are. */
async function batchesOf(server: RunningServer, runId: string): Promise<Map<number, string>> {
  type Pair = { key: string; value: unknown }
  const response = await fetch(`${server.url}/api/2.0/mlflow/runs/get?run_id=${runId}`)
  const { run } = (await response.json()) as { run: { data: Record<'metrics' | 'params' | 'tags', Pair[]> } }
  const found = new Map<number, string>()
  for (const part of ['metrics', 'params', 'tags'] as const) {
    for (const { key, value } of run.data[part]) {
      const [, number] = /^[mpt](\d+)$/.exec(key) ?? []
      // Of three points of a metric the last one counts, so it says that all three are there.
      if (number === undefined || (part === 'metrics' && value !== 2)) continue
      found.set(Number(number), [found.get(Number(number)), part].filter(Boolean).join(' '))
    }
  }
  return found
}

async function post(server: RunningServer, path: string, json: object): Promise<unknown> {
  const response = await fetch(`${server.url}/api/2.0/mlflow/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(json),
  })
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  return response.json()
}
