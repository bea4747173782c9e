/** What the two servers are measured at, and the data it is measured on. */
import type { Bounds, Client } from './http-load.ts'

export const BACKENDS = ['sqlite', 'postgres'] as const
export type Backend = (typeof BACKENDS)[number]

export interface Workload {
  readonly name: string
  /** What a call counts as in the table. */
  readonly unit: string
  /** How many of them one call is. */
  readonly perCall: number
  readonly bounds: Bounds
  /** Ours divided by MLflow's must be at least this. */
  readonly atLeast: number
  /** The only database it is for. */
  readonly backend?: Backend
  /** Prepares one server. @returns the call that is measured */
  prepare(client: Client): Promise<(index: number) => Promise<unknown>>
}

/** Runs in the experiment that is searched. */
const RUNS = 20_000
/** Points of the one long history. */
const POINTS = 200_000
const BATCH = 1_000

const SEEDED = 'bench-search'
const LONG = 'bench-history'

/** Fills a database: many small runs to search, and one run with a long history. */
export async function seed(client: Client, progress: (text: string) => void): Promise<void> {
  const { experiment_id } = await client.post('experiments/create', { name: SEEDED })
  await inParallel(16, RUNS, async (index) => {
    const { run } = await client.post('runs/create', {
      experiment_id,
      start_time: index + 1,
      run_name: `run-${index}`,
    })
    await client.post('runs/log-batch', { run_id: run.info.run_id, ...contentOf(index) })
    if (index % 2_000 === 0) progress(`${index} of ${RUNS} runs`)
  })
  const long = await client.post('experiments/create', { name: LONG })
  const { run } = await client.post('runs/create', { experiment_id: long.experiment_id })
  for (let start = 0; start < POINTS; start += BATCH) {
    await client.post('runs/log-batch', { run_id: run.info.run_id, metrics: points('loss', start, BATCH) })
  }
}

export const WORKLOADS: readonly Workload[] = [
  {
    name: 'log-metric, 8 clients',
    unit: 'metrics/s',
    perCall: 1,
    bounds: { callers: 8, calls: 20_000, seconds: 8 },
    atLeast: 100,
    async prepare(client) {
      const run_id = await newRun(client)
      return (step) =>
        client.post('runs/log-metric', { run_id, key: `m${step % 20}`, value: step, timestamp: step, step })
    },
  },
  {
    name: 'log-batch of 500 metrics, 8 clients',
    unit: 'metrics/s',
    perCall: 500,
    bounds: { callers: 8, calls: 2_000, seconds: 8 },
    atLeast: 20,
    async prepare(client) {
      const run_id = await newRun(client)
      return (index) =>
        client.post('runs/log-batch', { run_id, metrics: points(`m${index % 20}`, index * 500, 500) })
    },
  },
  {
    name: 'a job: run, 20 params, 5 batches of 50 metrics, finish',
    unit: 'jobs/s',
    perCall: 1,
    bounds: { callers: 8, calls: 2_000, seconds: 10 },
    atLeast: 30,
    prepare: async (client) => () => job(client),
  },
  {
    name: '20 writers of the same 5 metrics on one run',
    unit: 'batches/s',
    perCall: 1,
    bounds: { callers: 20, calls: 20_000, seconds: 8 },
    atLeast: 10,
    backend: 'postgres',
    async prepare(client) {
      const run_id = await newRun(client)
      const keys = ['accuracy', 'f1', 'loss', 'precision', 'recall']
      // Half of them in the opposite order, which is what deadlocks are made of.
      return (step) =>
        client.post('runs/log-batch', {
          run_id,
          metrics: (step % 2 ? keys : keys.toReversed()).map((key) => ({
            key,
            value: step,
            timestamp: step,
            step,
          })),
        })
    },
  },
  {
    name: `search 100 of ${RUNS} runs by metric, param and tag, ordered by metric`,
    unit: 'searches/s',
    perCall: 1,
    bounds: { callers: 4, calls: 200, seconds: 15 },
    atLeast: 15,
    async prepare(client) {
      const experiment_ids = [await experimentNamed(client, SEEDED)]
      const filter = "metrics.accuracy > 0.5 and params.optimizer = 'adam' and tags.team = 'blue'"
      const order_by = ['metrics.accuracy DESC']
      return () => client.post('runs/search', { experiment_ids, filter, order_by, max_results: 100 })
    },
  },
  {
    name: 'page of 1000 runs with all they logged',
    unit: 'pages/s',
    perCall: 1,
    bounds: { callers: 2, calls: 100, seconds: 15 },
    atLeast: 15,
    async prepare(client) {
      const experiment_ids = [await experimentNamed(client, SEEDED)]
      return () => client.post('runs/search', { experiment_ids, max_results: 1_000 })
    },
  },
  {
    name: `history of ${POINTS} points, whole`,
    unit: 'histories/s',
    perCall: 1,
    bounds: { callers: 1, calls: 10, seconds: 20 },
    atLeast: 15,
    async prepare(client) {
      const run_id = await longRun(client)
      return () => client.get(`metrics/get-history?run_id=${run_id}&metric_key=loss`)
    },
  },
  {
    name: `history of ${POINTS} points, 320 of them`,
    unit: 'samples/s',
    perCall: 1,
    bounds: { callers: 1, calls: 50, seconds: 15 },
    atLeast: 15,
    async prepare(client) {
      const run_id = await longRun(client)
      const query = `run_ids=${run_id}&metric_key=loss&max_results=320`
      return () => client.get(`metrics/get-history-bulk-interval?${query}`)
    },
  },
]

async function job(client: Client): Promise<void> {
  const run_id = await newRun(client)
  for (let index = 0; index < 20; index++) {
    await client.post('runs/log-parameter', { run_id, key: `p${index}`, value: String(index) })
  }
  for (let batch = 0; batch < 5; batch++) {
    await client.post('runs/log-batch', { run_id, metrics: points('loss', batch * 50, 50) })
  }
  await client.post('runs/update', { run_id, status: 'FINISHED', end_time: Date.now() })
}

function contentOf(index: number) {
  const names = ['accuracy', 'loss', 'f1', 'recall']
  return {
    metrics: names.map((key, at) => ({
      key,
      value: ((index * 7919 + at * 104_729) % 1000) / 1000,
      timestamp: index,
      step: 0,
    })),
    params: [
      { key: 'optimizer', value: index % 3 === 0 ? 'adam' : 'sgd' },
      { key: 'layers', value: String(index % 10) },
      { key: 'rate', value: String(index / 1000) },
    ],
    tags: [{ key: 'team', value: index % 2 === 0 ? 'blue' : 'red' }],
  }
}

function points(key: string, start: number, count: number) {
  return Array.from({ length: count }, (_, at) => {
    const step = start + at
    return { key, value: 1 / (step + 1), timestamp: step, step }
  })
}

async function newRun(client: Client): Promise<string> {
  const { run } = await client.post('runs/create', { experiment_id: '0', start_time: Date.now() })
  return run.info.run_id
}

async function longRun(client: Client): Promise<string> {
  const experiment_ids = [await experimentNamed(client, LONG)]
  const { runs } = await client.post('runs/search', { experiment_ids, max_results: 1 })
  return runs[0].info.run_id
}

async function experimentNamed(client: Client, name: string): Promise<string> {
  const { experiment } = await client.get(`experiments/get-by-name?experiment_name=${name}`)
  return experiment.experiment_id
}

async function inParallel(
  callers: number,
  count: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (next < count) await work(next++)
    }),
  )
}
