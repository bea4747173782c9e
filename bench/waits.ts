/** Times one small call again and again on a thread of its own: another thread's work would count as the server's. */
import { setTimeout as delay } from 'node:timers/promises'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { connect } from './http-load.ts'

const PAUSE_MS = 20

/** Begins to time calls of `url`'s server; `end` gives how long they took at the 95th percentile, in ms. */
export function timeCalls(url: string): { end(): Promise<number> } {
  const worker = new Worker(new URL(import.meta.url), { workerData: url })
  const result = new Promise<number>((resolve, reject) =>
    worker.once('message', resolve).once('error', reject),
  )
  return {
    end() {
      worker.postMessage('end')
      return result
    },
  }
}

async function callUntilEnd(url: string): Promise<number> {
  const client = connect(url)
  let isOver = false
  parentPort?.once('message', () => {
    isOver = true
  })
  const waits: number[] = []
  while (!isOver) {
    const asked = performance.now()
    await client.get('experiments/get?experiment_id=0')
    waits.push(performance.now() - asked)
    await delay(PAUSE_MS)
  }
  client.close()
  return waits.sort((a, b) => a - b)[Math.floor(waits.length * 0.95)] ?? 0
}

if (!isMainThread) parentPort?.postMessage(await callUntilEnd(workerData as string))
