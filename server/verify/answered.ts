import type { Served } from './served.ts'

/**
 * The answer of one of MLflow's RPCs.
 * @param path below `/api/2.0/mlflow/`
 * @param body of a POST; a GET has none
 * @throws Error with what the server said where that is not 200
 */
// biome-ignore lint/suspicious/noExplicitAny: the shape is each caller's to know
export async function answered(served: Served, path: string, body?: object): Promise<any> {
  const answer = await served.ask(`/api/2.0/mlflow/${path}`, body && { body })
  const text = await answer.text()
  if (answer.status !== 200) throw new Error(`${path.split('?')[0]}: ${answer.status} ${text.slice(0, 300)}`)
  return JSON.parse(text)
}
