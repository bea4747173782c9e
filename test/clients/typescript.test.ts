/**
 * What MLflow's TypeScript tracing SDK (the npm package mlflow-tracing) sends when a traced function has returned,
 * and what it asks when a trace is read, request by request: the package itself is on none of the registries that
 * the tests may use.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTrackyard } from '../support/mlflow.ts'
import type { RunningServer } from '../support/server-process.ts'

const TRACE_ID = 'tr-6f40929e1d616c6f852c0e31688120c8'

/** Nanoseconds in all their digits, which JSON.stringify would lose. */
const SPANS = `{"spans":[{"trace_id":"b0CSnh1hbG+FLA4xaIEgyA==","span_id":"E9VbYb3JbLk=","parent_span_id":"","name":"getWeather","start_time_unix_nano":1795267175953623288,"end_time_unix_nano":1795267176054054835,"status":{"code":"STATUS_CODE_OK","message":""},"attributes":{"mlflow.spanInputs":"{\\"city\\":\\"San Francisco\\"}","mlflow.traceRequestId":"\\"${TRACE_ID}\\""},"events":[]}]}`

interface Info {
  readonly state: string
  readonly execution_duration: string
  readonly trace_metadata: Record<string, string>
  readonly tags: Record<string, string>
}

describe('the requests of the TypeScript tracing SDK', () => {
  let folder: string
  let server: RunningServer

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'trackyard-typescript-'))
    server = await startTrackyard({ folder })
  }, 30_000)

  afterAll(async () => {
    await server?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  async function send<T>(method: string, path: string, body?: string): Promise<T> {
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: { 'Content-Type': 'application/json' },
      ...(body !== undefined && { body }),
    })
    expect([response.status, path]).toEqual([200, path])
    const text = await response.text()
    return (text === '' ? undefined : JSON.parse(text)) as T
  }

  /** The trace's artifact location, as the SDK makes a URL of it. */
  function spansPath({ tags }: Info): string {
    const { protocol, pathname } = new URL(tags['mlflow.artifactLocation'] ?? '')
    expect(protocol).toBe('mlflow-artifacts:')
    return `/api/2.0/mlflow-artifacts/artifacts${pathname}/traces.json`
  }

  it('export a trace and read it back', async () => {
    const { experiment_id } = await send<{ experiment_id: string }>(
      'POST',
      '/api/2.0/mlflow/experiments/create',
      JSON.stringify({ name: 'from TypeScript' }),
    )
    const started = await send<{ trace: { trace_info: Info } }>(
      'POST',
      '/api/3.0/mlflow/traces',
      JSON.stringify({
        trace: {
          trace_info: {
            trace_id: TRACE_ID,
            trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id } },
            request_preview: '{"city":"San Francisco"}',
            request_time: '2026-11-21T13:19:35.953Z',
            execution_duration: `${100.431547 / 1000}s`,
            state: 'OK',
            trace_metadata: {
              'mlflow.trace_schema.version': '3',
              'mlflow.trace.tokenUsage': '{"input_tokens":1,"output_tokens":2,"total_tokens":3}',
            },
            tags: {},
            assessments: [],
          },
        },
      }),
    )
    await send('PUT', spansPath(started.trace.trace_info), SPANS)

    const { trace } = await send<{ trace: { trace_info: Info } }>('GET', `/api/3.0/mlflow/traces/${TRACE_ID}`)
    expect(trace).toEqual(started.trace)
    expect(trace.trace_info).toMatchObject({ state: 'OK', execution_duration: '0.100s' })
    expect(JSON.parse(trace.trace_info.trace_metadata['mlflow.trace.tokenUsage'] ?? '')).toEqual({
      input_tokens: 1,
      output_tokens: 2,
      total_tokens: 3,
    })
    const spans = await fetch(`${server.url}${spansPath(trace.trace_info)}`)
    expect(await spans.text()).toBe(SPANS)
    await send('POST', '/api/2.0/mlflow/experiments/delete', JSON.stringify({ experiment_id }))
  })
})
