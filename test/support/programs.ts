/** Programs of others, run to their end. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { inherited } from './server-process.ts'

/** Keeps real MLflow off the network, which makes it wait for minutes where there is none. */
export const OFFLINE = {
  MLFLOW_DISABLE_TELEMETRY: 'true',
  LITELLM_LOCAL_MODEL_COST_MAP: 'True',
  MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false',
  GIT_PYTHON_REFRESH: 'quiet',
}

/** Runs a program to its end. @throws with what it printed when it fails */
export async function run(
  command: string,
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<string> {
  const { stdout } = await promisify(execFile)(command, args, {
    env: { ...inherited(), ...OFFLINE, ...environment },
    maxBuffer: 64_000_000,
  })
  return stdout
}
