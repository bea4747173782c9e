import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it, onTestFinished } from 'vitest'
import { temporaryFolder } from '../server/support.ts'
import { type MlflowEnvironment, mlflowEnvironment, startTrackyard } from '../support/mlflow.ts'
import { emptyDatabase, hasPostgres, query } from '../support/postgres.ts'
import { type ProxiedRequest, startProxy } from '../support/proxy.ts'
import { runScript } from './scripts.ts'

const mlflow = await mlflowEnvironment()
const BACKENDS = hasPostgres() ? ['SQLite', 'PostgreSQL'] : ['SQLite']

const STEPS = 8
/** The writes of writing.py: four a step, and six. */
const WRITES = 4 * STEPS + 6

/** Rows that writing.py and the set-up below leave, each once. */
const ROWS = {
  metrics: 6 * STEPS,
  latest_metrics: 6,
  params: 2 * STEPS,
  // Two of the script's own, and the name of the run.
  tags: 3,
  inputs: 1,
  input_tags: 1,
  datasets: 1,
  experiment_tags: 1,
  registered_model_tags: 1,
  registered_model_aliases: 1,
  model_version_tags: 1,
}

describe.skipIf(!mlflow).each(BACKENDS)('the stock Python client on %s', { timeout: 120_000 }, (backend) => {
  it('writes nothing twice when every answer to a write is lost once', async () => {
    const { storage, start } = await storageOn(backend)
    const server = await start()
    const lost = new Set<string>()
    const proxy = await proxyTo(server.url, (request) => {
      const key = keyOf(request)
      if (isRead(request) || lost.has(key)) return true
      lost.add(key)
      return false
    })
    const told = await log(proxy.url, await prepare(server.url))
    expect(lost.size).toBe(WRITES)
    expect(proxy.requests.filter((request) => !isRead(request))).toHaveLength(2 * WRITES)
    expect(told).toEqual(READ_BACK)
    expect(await countRows(storage)).toEqual(ROWS)
  })

  it('writes nothing twice, and loses nothing, when the server is killed before it has answered', async () => {
    const { storage, start } = await storageOn(backend)
    let server = await start()
    let writes = 0
    const killedAt: string[] = []
    const proxy = await proxyTo(server.url, async (request) => {
      if (isRead(request) || ++writes % 13 !== 0) return true
      killedAt.push(request.path)
      await server.stop('SIGKILL')
      server = await start()
      proxy.target = server.url
      return false
    })
    const told = await log(proxy.url, await prepare(server.url))
    expect(killedAt.length).toBeGreaterThan(1)
    expect(told).toEqual(READ_BACK)
    expect(await countRows(storage)).toEqual(ROWS)
  })
})

const READ_BACK = {
  status: 'FINISHED',
  metrics: {
    single: (STEPS - 1) / 8,
    ...Object.fromEntries([0, 1, 2, 3, 4].map((i) => [`batch-${i}`, i / 8])),
  },
  history: STEPS,
  params: 2 * STEPS,
  tags: { single: String(STEPS - 1), batch: String(STEPS - 1) },
}

/** A database and a folder of artifacts, and the way to start a server on them; it ends with the test. */
async function storageOn(backend: string) {
  const folder = await temporaryFolder()
  const uri = backend === 'PostgreSQL' ? await emptyDatabase() : undefined
  const start = async () => {
    const server = await startTrackyard({ folder, environment: uri ? { MLFLOW_BACKEND_STORE_URI: uri } : {} })
    onTestFinished(() => server.stop())
    return server
  }
  return { storage: uri ?? join(folder, 'mlflow.db'), start }
}

async function proxyTo(url: string, answered: (request: ProxiedRequest) => boolean | Promise<boolean>) {
  const proxy = await startProxy(url, answered)
  onTestFinished(() => proxy.close())
  return proxy
}

/** A run, and a version of a model, made past the proxy. */
async function prepare(url: string): Promise<string[]> {
  // biome-ignore lint/suspicious/noExplicitAny: answers of any shape
  const post = async (path: string, body: object): Promise<any> => {
    const answer = await fetch(`${url}/api/2.0/mlflow/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    expect(answer.status).toBe(200)
    return answer.json()
  }
  const { run } = await post('runs/create', { experiment_id: '0', run_name: 'unlucky' })
  const { run_id } = run.info
  await post('registered-models/create', { name: 'm' })
  await post('model-versions/create', { name: 'm', source: `runs:/${run_id}/m`, run_id })
  return [run_id, 'm', String(STEPS)]
}

function log(url: string, args: readonly string[]) {
  return runScript(mlflow as MlflowEnvironment, 'writing.py', {
    url,
    args,
    environment: { MLFLOW_HTTP_REQUEST_MAX_RETRIES: '5', MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR: '0' },
  })
}

function isRead({ method }: ProxiedRequest): boolean {
  return method === 'GET'
}

function keyOf({ method, path, body }: ProxiedRequest): string {
  return `${method} ${path} ${body}`
}

async function countRows(storage: string): Promise<Record<string, number>> {
  const statement = Object.keys(ROWS)
    .map((table) => `(select count(*) from ${table}) as ${table}`)
    .join(', ')
  if (storage.startsWith('postgresql:')) {
    const [row = {}] = await query(storage, `select ${statement}`)
    return Object.fromEntries(Object.entries(row).map(([table, count]) => [table, Number(count)]))
  }
  const db = new DatabaseSync(storage)
  try {
    return { ...(db.prepare(`select ${statement}`).get() as Record<string, number>) }
  } finally {
    db.close()
  }
}
