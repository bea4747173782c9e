import { join } from 'node:path'
import { run } from '../test/support/mlflow.ts'

export type Way = 'up' | 'down'
/** One that costs next to nothing, and MLflow's. */
export type Client = 'bare' | 'stock'

/**
 * Sends `bytes` to each URL, or takes them from there, in a process of its own; `bare` all at once.
 * @param python with MLflow for the client `stock`
 * @returns the seconds it took from when the client had started
 */
export async function send(
  python: string,
  { way, client }: { way: Way; client: Client },
  bytes: number,
  urls: readonly string[],
): Promise<number> {
  const script = join(import.meta.dirname, `${client}-client.py`)
  const printed = await run(python, [script, way, String(bytes), ...urls], {
    MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD: 'false',
    MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD: 'false',
  })
  return JSON.parse(printed.trim().split('\n').at(-1) ?? '').seconds
}
