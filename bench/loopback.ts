/** A server that does nothing with what it is sent, and sends blocks of nothing: what HTTP on this machine costs alone. */
import { createServer } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import { Readable } from 'node:stream'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { blocks } from './blocks.ts'

/** Starts it on a thread of its own. @returns its URL; `?bytes=N` says how many it sends */
export async function startLoopback(): Promise<{ url: string; stop(): Promise<unknown> }> {
  const worker = new Worker(new URL(import.meta.url))
  const port = await new Promise<number>((resolve, reject) =>
    worker.once('message', resolve).once('error', reject),
  )
  return { url: `http://127.0.0.1:${port}`, stop: () => worker.terminate() }
}

function serve(): Server {
  return createServer((request, answer) => {
    const bytes = Number(URL.parse(request.url ?? '', 'http://x')?.searchParams.get('bytes') ?? 0)
    if (request.method === 'GET') Readable.from(blocks(bytes), { objectMode: false }).pipe(answer)
    else request.resume().once('end', () => answer.end())
  }).listen(0, '127.0.0.1')
}

if (!isMainThread) {
  const server = serve()
  server.once('listening', () => parentPort?.postMessage((server.address() as AddressInfo).port))
}
