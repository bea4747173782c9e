import type { FastifyInstance } from 'fastify'
import { call } from './support.ts'

export interface RunFixture {
  readonly name: string
  readonly start?: number
  readonly end?: number
  readonly user?: string
  readonly metrics?: Record<string, number | string>
  readonly params?: Record<string, string>
  readonly tags?: Record<string, string>
  readonly dataset?: { name: string; digest: string; context?: string }
  readonly deleted?: boolean
}

/** Logs runs in experiment 0 the way a client does; gives their ids by name. */
export async function logRuns(
  app: FastifyInstance,
  runs: readonly RunFixture[],
): Promise<Map<string, string>> {
  const ids = new Map<string, string>()
  for (const run of runs) ids.set(run.name, await logRun(app, run))
  return ids
}

/** The names of the runs a search of experiment 0 finds, in order. */
export async function findRuns(app: FastifyInstance, search: object): Promise<string[]> {
  const { status, body } = await call(app, 'POST', 'runs/search', { experiment_ids: ['0'], ...search })
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`)
  return (body.runs ?? []).map((run: { info: { run_name: string } }) => run.info.run_name)
}

async function logRun(app: FastifyInstance, run: RunFixture): Promise<string> {
  const created = await post(app, 'runs/create', {
    experiment_id: '0',
    run_name: run.name,
    start_time: run.start ?? 0,
    user_id: run.user ?? '',
  })
  const run_id: string = created.run.info.run_id
  await post(app, 'runs/log-batch', {
    run_id,
    metrics: pairs(run.metrics).map((metric) => ({ ...metric, timestamp: 1, step: 0 })),
    params: pairs(run.params),
    tags: pairs(run.tags),
  })
  if (run.dataset) await post(app, 'runs/log-inputs', { run_id, datasets: [datasetInput(run.dataset)] })
  if (run.end) await post(app, 'runs/update', { run_id, status: 'FINISHED', end_time: run.end })
  if (run.deleted) await post(app, 'runs/delete', { run_id })
  return run_id
}

function datasetInput({ name, digest, context }: NonNullable<RunFixture['dataset']>) {
  return {
    tags: context ? [{ key: 'mlflow.data.context', value: context }] : [],
    dataset: { name, digest, source_type: 'local', source: '/data' },
  }
}

function pairs<V>(values: Record<string, V> = {}): { key: string; value: V }[] {
  return Object.entries(values).map(([key, value]) => ({ key, value }))
}

/** Sends what must succeed. */
// biome-ignore lint/suspicious/noExplicitAny: tests read answers of any shape
export async function post(app: FastifyInstance, path: string, json: object): Promise<any> {
  const { status, body } = await call(app, 'POST', path, json)
  if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`)
  return body
}
