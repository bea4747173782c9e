/** The real MLflow at the contract's version, and our server as users start it. */
import { join } from 'node:path'
import { REPOSITORY } from './installed.ts'
import { OFFLINE } from './programs.ts'
import { environmentIn, type MlflowEnvironment, pythonEnvironment } from './python.ts'
import { type RunningServer, startServer } from './server-process.ts'

export { REPOSITORY } from './installed.ts'
export { run } from './programs.ts'
export type { MlflowEnvironment } from './python.ts'

/** Python with the contract's MLflow; `TRACKYARD_TEST_VENV` names one that is there already. */
export async function mlflowEnvironment(): Promise<MlflowEnvironment | undefined> {
  const there = process.env.TRACKYARD_TEST_VENV
  return there ? environmentIn(there) : pythonEnvironment('requirements.txt')
}

/** One real `mlflow server` on 127.0.0.1; it takes 20 to 30 s to start. */
export async function startMlflowServer(
  { mlflow }: MlflowEnvironment,
  {
    folder,
    workers = 1,
    app,
    environment,
  }: { folder: string; workers?: number; app?: 'basic-auth'; environment?: Record<string, string> },
): Promise<RunningServer> {
  return startServer({
    command: mlflow,
    args: (port) => [
      ...['server', '--host', '127.0.0.1', '--port', String(port), '--workers', String(workers)],
      ...(app ? ['--app-name', app] : []),
    ],
    environment: { ...storesIn(folder), ...OFFLINE, ...environment },
    folder,
    startWithinMs: 150_000,
  })
}

/** Our server as users start it: `bin/trackyard server`. */
export async function startTrackyard({
  folder,
  environment,
}: {
  folder: string
  environment?: Record<string, string>
}): Promise<RunningServer> {
  return startServer({
    command: join(REPOSITORY, 'bin/trackyard'),
    args: (port) => ['server', '--host', '127.0.0.1', '--port', String(port)],
    environment: { ...storesIn(folder), TRACKYARD_LOG_LEVEL: 'warn', ...environment },
    folder,
    startWithinMs: 20_000,
  })
}

function storesIn(folder: string): Record<string, string> {
  return {
    MLFLOW_BACKEND_STORE_URI: `sqlite:///${join(folder, 'mlflow.db')}`,
    MLFLOW_ARTIFACTS_DESTINATION: join(folder, 'artifacts'),
  }
}
