/** Runs the Python scripts of this folder against a server. */
import { join } from 'node:path'
import { type MlflowEnvironment, run } from '../support/mlflow.ts'

/**
 * What a script prints as JSON on its last line. The client asks again once only, unless told otherwise: more would
 * hide an answer that it should not have had to ask for again.
 */
export async function runScript(
  { python }: MlflowEnvironment,
  script: string,
  {
    url,
    args = [],
    environment = {},
  }: { url: string; args?: readonly string[]; environment?: Record<string, string> },
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers of any shape
): Promise<any> {
  const printed = await run(python, ['-W', 'ignore', join(import.meta.dirname, script), ...args], {
    MLFLOW_TRACKING_URI: url,
    MLFLOW_HTTP_REQUEST_MAX_RETRIES: '1',
    MLFLOW_HTTP_REQUEST_TIMEOUT: '30',
    MLFLOW_ENABLE_ASYNC_LOGGING: 'false',
    MLFLOW_LOGGING_LEVEL: 'ERROR',
    ...environment,
  })
  return JSON.parse(printed.trim().split('\n').at(-1) ?? '')
}
