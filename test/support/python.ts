/** Python with the packages of a file of requirements, in a virtual environment of its own below `.cache/venv`. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { installOnce, lastLine, REPOSITORY } from './installed.ts'
import { run } from './programs.ts'

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
    console.warn(`skipped: no Python with ${requirements}: ${lastLine(error as Error)}`)
    return undefined
  }
}

export function environmentIn(venv: string): MlflowEnvironment {
  return { python: join(venv, 'bin/python'), mlflow: join(venv, 'bin/mlflow') }
}

async function installed(file: string): Promise<string> {
  return installOnce('venv', await readFile(file), async (venv) => {
    await run('python3', ['-m', 'venv', venv])
    // Python compiles what is imported by itself; all of it at once takes longer than the installation.
    const install = ['-m', 'pip', 'install', '--quiet', '--no-compile', '-r', file]
    await run(environmentIn(venv).python, install)
  })
}
