/** Python with the packages of a file of requirements, in a virtual environment of its own below `.cache/venv`. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { inherited } from './server-process.ts'

export const REPOSITORY = join(import.meta.dirname, '../..')

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
 * Python with what a file of test/clients/ asks for, installed at the first call of all test files. Undefined, with
 * the reason printed, where Python or its packages are not to be had; in CI that is a failure.
 */
export async function pythonEnvironment(requirements: string): Promise<MlflowEnvironment | undefined> {
  try {
    return environmentIn(await installed(join(REPOSITORY, 'test/clients', requirements)))
  } catch (error) {
    if (process.env.CI === 'true') throw error
    console.warn(`skipped: no Python with ${requirements}: ${lastLine((error as Error).message)}`)
    return undefined
  }
}

export function environmentIn(venv: string): MlflowEnvironment {
  return { python: join(venv, 'bin/python'), mlflow: join(venv, 'bin/mlflow') }
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

async function installed(file: string): Promise<string> {
  const requirements = await readFile(file)
  const key = createHash('sha256').update(requirements).digest('hex').slice(0, 12)
  const venv = join(REPOSITORY, '.cache/venv', key)
  const complete = join(venv, 'complete')
  if (existsSync(complete)) return venv
  await mkdir(join(REPOSITORY, '.cache/venv'), { recursive: true })
  await withLock(`${venv}.lock`, async () => {
    if (existsSync(complete)) return
    await rm(venv, { recursive: true, force: true })
    await run('python3', ['-m', 'venv', venv])
    await run(environmentIn(venv).python, ['-m', 'pip', 'install', '--quiet', '-r', file])
    await writeFile(complete, '')
  })
  return venv
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.slice(-500) ?? ''
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
