/** The real MLflow at the contract's version, in a virtual environment of its own below `.cache/venv`. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { inherited, type RunningServer, startServer } from './server-process.ts'

export const REPOSITORY = join(import.meta.dirname, '../..')
const REQUIREMENTS = join(REPOSITORY, 'test/clients/requirements.txt')

/** Keeps real MLflow off the network, which makes it wait for minutes where there is none. */
export const OFFLINE = {
  MLFLOW_DISABLE_TELEMETRY: 'true',
  LITELLM_LOCAL_MODEL_COST_MAP: 'True',
  MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false',
  GIT_PYTHON_REFRESH: 'quiet',
}

export interface MlflowEnvironment {
  readonly python: string
  readonly mlflow: string
}

/**
 * Python with the pinned MLflow, installed at the first call of all test files. `TRACKYARD_TEST_VENV` names one
 * that is there already. Undefined, with the reason printed, where Python or its packages are not to be had; in
 * CI that is a failure.
 */
export async function mlflowEnvironment(): Promise<MlflowEnvironment | undefined> {
  try {
    return environmentIn(process.env.TRACKYARD_TEST_VENV ?? (await installed()))
  } catch (error) {
    if (process.env.CI === 'true') throw error
    console.warn(`skipped: no Python environment with MLflow: ${(error as Error).message.slice(-500)}`)
    return undefined
  }
}

/** One real `mlflow server` on 127.0.0.1; it takes 20 to 30 s to start. */
export async function startMlflowServer(
  { mlflow }: MlflowEnvironment,
  {
    folder,
    workers = 1,
    environment,
  }: { folder: string; workers?: number; environment?: Record<string, string> },
): Promise<RunningServer> {
  return startServer({
    command: mlflow,
    args: (port) => ['server', '--host', '127.0.0.1', '--port', String(port), '--workers', String(workers)],
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

function storesIn(folder: string): Record<string, string> {
  return {
    MLFLOW_BACKEND_STORE_URI: `sqlite:///${join(folder, 'mlflow.db')}`,
    MLFLOW_ARTIFACTS_DESTINATION: join(folder, 'artifacts'),
  }
}

async function installed(): Promise<string> {
  const requirements = await readFile(REQUIREMENTS)
  const key = createHash('sha256').update(requirements).digest('hex').slice(0, 12)
  const venv = join(REPOSITORY, '.cache/venv', key)
  const complete = join(venv, 'complete')
  if (existsSync(complete)) return venv
  await mkdir(join(REPOSITORY, '.cache/venv'), { recursive: true })
  await withLock(`${venv}.lock`, async () => {
    if (existsSync(complete)) return
    await rm(venv, { recursive: true, force: true })
    await run('python3', ['-m', 'venv', venv])
    await run(environmentIn(venv).python, ['-m', 'pip', 'install', '--quiet', '-r', REQUIREMENTS])
    await writeFile(complete, '')
  })
  return venv
}

function environmentIn(venv: string): MlflowEnvironment {
  return { python: join(venv, 'bin/python'), mlflow: join(venv, 'bin/mlflow') }
}

/** Runs `work` while no other test process does; a lock whose holder has died is taken over. */
async function withLock(path: string, work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      const lock = await open(path, 'wx')
      await lock.writeFile(String(process.pid))
      await lock.close()
      break
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      if (!(await isHeld(path))) await rm(path, { force: true })
      else await delay(500)
    }
  }
  try {
    await work()
  } finally {
    await rm(path, { force: true })
  }
}

async function isHeld(path: string): Promise<boolean> {
  try {
    const holder = Number(await readFile(path, 'utf8'))
    // Empty between its creation and its first write.
    return holder === 0 || process.kill(holder, 0)
  } catch {
    return false
  }
}
