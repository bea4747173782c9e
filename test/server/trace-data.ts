import type { FastifyInstance } from 'fastify'
import { call } from './support.ts'

export const TRACES = '/api/3.0/mlflow/traces'

export function infoOf(trace_id: string, more: object = {}) {
  return {
    trace_id,
    trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: '0' } },
    request_time: '2025-01-02T03:04:05.678Z',
    execution_duration: '1.234s',
    state: 'OK',
    ...more,
  }
}

/** The ids of the traces a search of experiment 0 finds, in order. */
export async function traceIds(app: FastifyInstance, search: object = {}): Promise<string[]> {
  const locations = [{ type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: '0' } }]
  const { status, body } = await call(app, 'POST', `${TRACES}/search`, { locations, ...search })
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`)
  return (body.traces ?? []).map((one: { trace_id: string }) => one.trace_id)
}
