/** `trackyard canary`: does what a training job does, again and again, so that whoever runs a stack hears first. */
import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { pino } from 'pino'
import type { Environment } from './config.ts'
import { type Answer, ask, excerpt, type Question, type Stack } from './doctor/http.ts'
import { stackOf } from './doctor/stack.ts'
import { whyUnreachable } from './doctor/unreachable.ts'

/** As many bytes as no proxy keeps back, and few enough for every limit. */
const ARTIFACT_BYTES = 65_536
const ARTIFACT = 'canary.bin'
const TAG = 'trackyard.canary'
/** What an earlier canary did not live to delete; a younger one may be at work. */
const LEFT_BEHIND_MS = 600_000

interface Report {
  /** 1 when a step failed: a number, so that a metric can be made of it. */
  failed: 0 | 1
  ms: number
  /** How long each took, in milliseconds. */
  readonly steps: Record<string, number>
  /** The first that failed. */
  step?: string
  reason?: string
}

type Timed = <T>(step: string, work: () => Promise<T>) => Promise<T>

interface Run {
  readonly id: string
  /** Where its artifact is, below the server's proxy for them. */
  readonly artifactPath: string
}

/**
 * @returns the process's exit code: 1 when a step failed
 * @throws Error with a line a person can act on, for what was asked
 */
export async function tryStack(environment: Environment, argv: string[]): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: {
      url: { type: 'string' },
      experiment: { type: 'string', default: 'trackyard-canary' },
      json: { type: 'boolean', default: false },
    },
  })
  if (!values.url) throw new Error('--url: which stack to try; see trackyard canary --help')
  const report = await tryOnce(await stackOf(values.url, environment), values.experiment)
  if (values.json) pino().info({ canary: report }, 'canary')
  else process.stdout.write(`${toText(report)}\n`)
  return report.failed
}

async function tryOnce(stack: Stack, experiment: string): Promise<Report> {
  const startedAt = performance.now()
  const report: Report = { failed: 0, ms: 0, steps: {} }
  const timed: Timed = async (step, work) => {
    const from = performance.now()
    try {
      return await work()
    } catch (error) {
      // What fails after it, such as the cleaning, is not the cause.
      report.step ??= step
      report.reason ??= reasonOf(stack, error as Error)
      throw error
    } finally {
      report.steps[step] = Math.round(performance.now() - from)
    }
  }
  await thereAndBack(stack, experiment, timed).catch(() => {
    report.failed = 1
  })
  report.ms = Math.round(performance.now() - startedAt)
  return report
}

async function thereAndBack(stack: Stack, name: string, timed: Timed): Promise<void> {
  const experimentId = await timed('experiment', () => ensureExperiment(stack, name))
  const metric = Math.random()
  const bytes = randomBytes(ARTIFACT_BYTES)
  const run = await timed('create_run', () => createRun(stack, experimentId))
  try {
    await timed('log', () => logValues(stack, run, metric))
    await timed('read', () => compareValues(stack, run, metric))
    await timed('write_artifact', () => artifact(stack, run, { method: 'PUT', body: bytes }))
    await timed('read_artifact', () => compareArtifact(stack, run, bytes))
  } finally {
    await timed('clean_up', () => cleanUp(stack, run, experimentId))
  }
}

async function ensureExperiment(stack: Stack, name: string): Promise<string> {
  const path = `experiments/get-by-name?experiment_name=${encodeURIComponent(name)}`
  const found = await rpc(stack, 'GET', path)
  if (found.status === 200) return parsed(found).experiment.experiment_id
  if (found.status !== 404) throw unexpected(path, found)
  const made = await rpc(stack, 'POST', 'experiments/create', { name })
  if (made.status === 200) return parsed(made).experiment_id
  // Another canary made it in between, or it was deleted: the answer to the second question says which.
  return (await answered(stack, 'GET', path)).experiment.experiment_id
}

async function createRun(stack: Stack, experiment_id: string): Promise<Run> {
  const tags = [{ key: TAG, value: 'true' }]
  const body = { experiment_id, start_time: Date.now(), run_name: 'canary', tags }
  const { run_id, artifact_uri } = (await answered(stack, 'POST', 'runs/create', body)).run.info
  return { id: run_id, artifactPath: `${proxiedPath(artifact_uri)}/${ARTIFACT}` }
}

function proxiedPath(artifactUri: string): string {
  const uri = URL.parse(artifactUri)
  if (uri?.protocol === 'mlflow-artifacts:') return uri.pathname
  throw new Error('the server has its clients keep artifacts elsewhere: use an experiment whose are with it')
}

async function logValues(stack: Stack, { id: run_id }: Run, value: number): Promise<void> {
  const metrics = [{ key: 'value', value, timestamp: Date.now(), step: 0 }]
  const params = [{ key: 'bytes', value: String(ARTIFACT_BYTES) }]
  await answered(stack, 'POST', 'runs/log-batch', { run_id, metrics, params })
  await answered(stack, 'POST', 'runs/update', { run_id, status: 'FINISHED', end_time: Date.now() })
}

async function compareValues(stack: Stack, { id }: Run, value: number): Promise<void> {
  const { info, data } = (await answered(stack, 'GET', `runs/get?run_id=${id}`)).run
  const isSame = info.status === 'FINISHED' && data.metrics?.[0]?.value === value
  if (!isSame || data.params?.[0]?.value !== String(ARTIFACT_BYTES))
    throw new Error('the run that was read is not the one that was logged')
}

async function compareArtifact(stack: Stack, run: Run, bytes: Buffer): Promise<void> {
  const { body } = await artifact(stack, run, { method: 'GET' })
  if (!body.equals(bytes)) throw new Error('the artifact that was read is not the one that was written')
}

async function artifact(stack: Stack, { artifactPath }: Run, question: Question): Promise<Answer> {
  const answer = await ask(stack, `/api/2.0/mlflow-artifacts/artifacts${artifactPath}`, question)
  if (answer.status !== 200) throw unexpected(`${question.method} of an artifact`, answer)
  return answer
}

async function cleanUp(stack: Stack, run: Run, experimentId: string): Promise<void> {
  const written = await ask(stack, `/api/2.0/mlflow-artifacts/artifacts${run.artifactPath}`, {
    method: 'DELETE',
  })
  await answered(stack, 'POST', 'runs/delete', { run_id: run.id })
  if (written.status !== 200 && written.status !== 404) throw unexpected('DELETE of an artifact', written)
  const { runs = [] } = await answered(stack, 'POST', 'runs/search', {
    experiment_ids: [experimentId],
    filter: `tags.\`${TAG}\` = 'true' AND attributes.start_time < ${Date.now() - LEFT_BEHIND_MS}`,
    max_results: 100,
  })
  for (const { info } of runs) await answered(stack, 'POST', 'runs/delete', { run_id: info.run_id })
}

function rpc(stack: Stack, method: 'GET' | 'POST', path: string, body?: object): Promise<Answer> {
  return ask(stack, `/api/2.0/mlflow/${path}`, {
    method,
    ...(body && { body: Buffer.from(JSON.stringify(body)), type: 'application/json' }),
  })
}

async function answered(...question: Parameters<typeof rpc>) {
  const answer = await rpc(...question)
  if (answer.status !== 200) throw unexpected(question[2].split('?')[0] ?? '', answer)
  return parsed(answer)
}

// biome-ignore lint/suspicious/noExplicitAny: what a step needs is not there where the answer has another shape
function parsed({ body }: Answer): any {
  return JSON.parse(body.toString())
}

function unexpected(what: string, answer: Answer): Error {
  return new Error(`${what} answers ${answer.status}: ${excerpt(answer)}`)
}

function reasonOf({ url }: Stack, error: NodeJS.ErrnoException): string {
  const isNetwork =
    error.code !== undefined || error.name === 'TimeoutError' || error.name === 'AggregateError'
  if (!isNetwork) return error.message
  const { found, advice } = whyUnreachable(url, error)
  return `${found}; ${advice}`
}

function toText({ failed, ms, steps, step, reason }: Report): string {
  const times = Object.entries(steps).map(([name, took]) => `${name} ${took} ms`)
  const outcome = failed ? `failed: ${step}: ${reason}` : `ok in ${ms} ms`
  return `${outcome} (${times.join(', ')})`
}
