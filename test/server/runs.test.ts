import type { FastifyInstance } from 'fastify'
import { describe, expect, it } from 'vitest'
import { call, testApp } from './support.ts'

async function appWithRun(): Promise<{ app: FastifyInstance; run_id: string }> {
  const app = await testApp()
  const { body } = await call(app, 'POST', 'runs/create', { experiment_id: '0', run_name: 'first' })
  return { app, run_id: body.run.info.run_id }
}

async function dataOf(app: FastifyInstance, run_id: string) {
  const { body } = await call(app, 'GET', 'runs/get', { run_id })
  return body.run.data
}

describe('runs', () => {
  it('keeps the name in the column and in the tag, whichever is written', async () => {
    const { app, run_id } = await appWithRun()
    await call(app, 'POST', 'runs/set-tag', { run_id, key: 'mlflow.runName', value: 'second' })
    const named = await call(app, 'GET', 'runs/get', { run_id })
    expect(named.body.run.info.run_name).toBe('second')
    await call(app, 'POST', 'runs/update', { run_id, run_name: 'third' })
    expect((await dataOf(app, run_id)).tags).toEqual([{ key: 'mlflow.runName', value: 'third' }])
  })

  it('gives a run without a name one', async () => {
    const app = await testApp()
    const { body } = await call(app, 'POST', 'runs/create', { experiment_id: '0' })
    expect(body.run.info.run_name).toMatch(/^[a-z]+-[a-z]+-\d{1,3}$/)
  })

  it('leaves unset fields out and prints empty ones that are set', async () => {
    const app = await testApp()
    const { body } = await call(app, 'POST', 'runs/create', { experiment_id: '0', start_time: 5 })
    expect(body.run.info).not.toHaveProperty('end_time')
    expect(body.run.info).toMatchObject({ user_id: '', start_time: 5 })
    expect(body.run.inputs).toEqual({})
    expect(body.run.data).not.toHaveProperty('metrics')
  })

  it('refuses to log to a deleted run, and logs again once it is restored', async () => {
    const { app, run_id } = await appWithRun()
    await call(app, 'POST', 'runs/delete', { run_id })
    const metric = { run_id, key: 'm', value: 1, timestamp: 1 }
    const refused = await call(app, 'POST', 'runs/log-metric', metric)
    expect(refused.status).toBe(400)
    expect(refused.body.message).toContain("must be in the 'active' state")
    await call(app, 'POST', 'runs/restore', { run_id })
    expect((await call(app, 'POST', 'runs/log-metric', metric)).status).toBe(200)
  })

  it('deletes and restores the runs of an experiment with it', async () => {
    const app = await testApp()
    await call(app, 'POST', 'experiments/create', { name: 'e' })
    const { body } = await call(app, 'POST', 'runs/create', { experiment_id: '1' })
    const { run_id } = body.run.info
    await call(app, 'POST', 'experiments/delete', { experiment_id: '1' })
    const deleted = await call(app, 'GET', 'runs/get', { run_id })
    expect(deleted.body.run.info.lifecycle_stage).toBe('deleted')
    await call(app, 'POST', 'experiments/restore', { experiment_id: '1' })
    const restored = await call(app, 'GET', 'runs/get', { run_id })
    expect(restored.body.run.info.lifecycle_stage).toBe('active')
  })
})

describe('parameters', () => {
  it('absorbs the same value and refuses another', async () => {
    const { app, run_id } = await appWithRun()
    const log = (value: string) => call(app, 'POST', 'runs/log-parameter', { run_id, key: 'p', value })
    expect((await log('1')).status).toBe(200)
    expect((await log('1')).status).toBe(200)
    const changed = await log('2')
    expect(changed.status).toBe(400)
    expect(changed.body.message).toContain("was already logged with value='1'")
    expect((await dataOf(app, run_id)).params).toEqual([{ key: 'p', value: '1' }])
  })

  it('cuts long values, counting characters as Python does', async () => {
    const { app, run_id } = await appWithRun()
    await call(app, 'POST', 'runs/log-parameter', { run_id, key: 'p', value: '🦊'.repeat(6001) })
    expect((await dataOf(app, run_id)).params[0].value).toBe('🦊'.repeat(6000))
  })

  it('refuses long values where the server is told not to cut', async () => {
    const app = await testApp({ truncateLongValues: false })
    const { body } = await call(app, 'POST', 'runs/create', { experiment_id: '0' })
    const { run_id } = body.run.info
    const long = await call(app, 'POST', 'runs/log-parameter', { run_id, key: 'p', value: 'x'.repeat(6001) })
    expect(long.status).toBe(400)
  })
})

describe('metrics', () => {
  it('keeps as latest the greatest by step, time and value, not the last written', async () => {
    const { app, run_id } = await appWithRun()
    for (const [value, timestamp, step] of [
      [1, 5, 2],
      [9, 9, 1],
      [3, 5, 2],
      [2, 4, 2],
    ]) {
      await call(app, 'POST', 'runs/log-metric', { run_id, key: 'm', value, timestamp, step })
    }
    expect((await dataOf(app, run_id)).metrics).toEqual([{ key: 'm', value: 3, timestamp: 5, step: 2 }])
  })

  it('reads NaN and infinities back as MLflow does', async () => {
    const { app, run_id } = await appWithRun()
    const points = ['NaN', 'Infinity', '-Infinity'].map((value, step) => ({
      key: 'm',
      value,
      timestamp: 1,
      step,
    }))
    await call(app, 'POST', 'runs/log-batch', { run_id, metrics: points })
    const { body } = await call(app, 'GET', 'metrics/get-history', { run_id, metric_key: 'm' })
    const values = body.metrics.map((metric: { value: unknown }) => metric.value)
    expect(values).toEqual(['NaN', Number.MAX_VALUE, -Number.MAX_VALUE])
  })

  it('keeps every digit of an int64', async () => {
    const { app, run_id } = await appWithRun()
    const response = await app.inject({
      method: 'POST',
      url: '/api/2.0/mlflow/runs/log-metric',
      headers: { 'content-type': 'application/json' },
      payload: `{"run_id":"${run_id}","key":"m","value":1,"timestamp":1795249144990123457,"step":"9007199254740993"}`,
    })
    expect(response.statusCode).toBe(200)
    const history = await app.inject(`/api/2.0/mlflow/metrics/get-history?run_id=${run_id}&metric_key=m`)
    expect(history.payload).toContain('"timestamp":1795249144990123457,"step":9007199254740993')
  })

  it.each([
    ['a value that overflows', { value: '1e400' }],
    ['a fractional timestamp', { timestamp: 1.5 }],
    ['a timestamp beyond int64', { timestamp: '9223372036854775808' }],
    ['a negative timestamp', { timestamp: -1 }],
    ['a name that is a path', { key: '../m' }],
  ])('refuses %s and stores nothing', async (_what, wrong) => {
    const { app, run_id } = await appWithRun()
    const metric = { run_id, key: 'm', value: 1, timestamp: 1, ...wrong }
    expect((await call(app, 'POST', 'runs/log-metric', metric)).status).toBe(400)
    expect(await dataOf(app, run_id)).not.toHaveProperty('metrics')
  })

  it('absorbs points it has', async () => {
    const { app, run_id } = await appWithRun()
    const metrics = Array.from({ length: 1000 }, (_, step) => ({
      key: 'm',
      value: step / 7,
      timestamp: 1,
      step,
    }))
    await call(app, 'POST', 'runs/log-batch', { run_id, metrics })
    expect((await call(app, 'POST', 'runs/log-batch', { run_id, metrics })).status).toBe(200)
    const { body } = await call(app, 'GET', 'metrics/get-history', { run_id, metric_key: 'm' })
    expect(body.metrics).toHaveLength(1000)
    expect(body.metrics[3].value).toBe(3 / 7)
  })

  it('logs all of a batch or nothing', async () => {
    const { app, run_id } = await appWithRun()
    await call(app, 'POST', 'runs/log-parameter', { run_id, key: 'p', value: '1' })
    const refused = await call(app, 'POST', 'runs/log-batch', {
      run_id,
      metrics: [{ key: 'm', value: 1, timestamp: 1 }],
      params: [{ key: 'p', value: '2' }],
      tags: [{ key: 't', value: 'x' }],
    })
    expect(refused.status).toBe(400)
    const data = await dataOf(app, run_id)
    expect(data).not.toHaveProperty('metrics')
    expect(data.tags).toEqual([{ key: 'mlflow.runName', value: 'first' }])
  })

  it('pages a history to its end', async () => {
    const { app, run_id } = await appWithRun()
    const metrics = Array.from({ length: 5 }, (_, step) => ({ key: 'm', value: step, timestamp: 1, step }))
    await call(app, 'POST', 'runs/log-batch', { run_id, metrics })
    const seen: number[] = []
    for (let page_token: string | undefined = ''; page_token !== undefined; ) {
      const page = { run_id, metric_key: 'm', max_results: '2', ...(page_token && { page_token }) }
      const { body } = await call(app, 'GET', 'metrics/get-history', page)
      seen.push(...body.metrics.map((metric: { step: number }) => metric.step))
      page_token = body.next_page_token
    }
    expect(seen).toEqual([0, 1, 2, 3, 4])
  })

  it('samples a long history evenly, its first and last points included', async () => {
    const { app, run_id } = await appWithRun()
    const metrics = Array.from({ length: 1000 }, (_, step) => ({ key: 'm', value: step, timestamp: 1, step }))
    await call(app, 'POST', 'runs/log-batch', { run_id, metrics })
    const { body } = await call(app, 'GET', 'metrics/get-history-bulk-interval', {
      run_ids: [run_id],
      metric_key: 'm',
      max_results: '7',
    })
    const steps = body.metrics.map((metric: { step: number }) => metric.step)
    expect(steps).toEqual([0, 143, 286, 429, 572, 715, 999])
  })
})

describe('inputs and outputs', () => {
  it('ties datasets and models to a run, once each', async () => {
    const { app, run_id } = await appWithRun()
    const dataset = { name: 'd', digest: '1', source_type: 'local', source: '{}' }
    const datasets = [{ dataset, tags: [{ key: 'mlflow.data.context', value: 'train' }] }]
    for (let i = 0; i < 2; i++)
      await call(app, 'POST', 'runs/log-inputs', { run_id, datasets, models: [{ model_id: 'm-1' }] })
    await call(app, 'POST', 'runs/outputs', { run_id, models: [{ model_id: 'm-2', step: 3 }] })
    const { body } = await call(app, 'GET', 'runs/get', { run_id })
    expect(body.run.inputs).toEqual({
      dataset_inputs: [{ tags: [{ key: 'mlflow.data.context', value: 'train' }], dataset }],
      model_inputs: [{ model_id: 'm-1' }],
    })
    expect(body.run.outputs).toEqual({ model_outputs: [{ model_id: 'm-2', step: 3 }] })
    const found = await call(app, 'POST', '/ajax-api/2.0/mlflow/experiments/search-datasets', {
      experiment_ids: ['0'],
    })
    expect(found.body.dataset_summaries).toEqual([
      { experiment_id: '0', name: 'd', digest: '1', context: 'train' },
    ])
  })
})
