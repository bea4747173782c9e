import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { packageRoot } from './folder.ts'

/** Runs bin/fetch-ui.py, which prints where the UI is. @returns its exit code */
export async function fetchUi(argv: readonly string[]): Promise<number> {
  const root = packageRoot()
  if (!root) throw new Error('bin/fetch-ui.py is not beside this program; set TRACKYARD_UI_DIR instead')
  for (const python of ['python3', 'python']) {
    const code = await run(python, [join(root, 'bin', 'fetch-ui.py'), ...argv])
    if (code !== undefined) return code
  }
  throw new Error('`trackyard ui` needs Python 3 with pip, and there is no python3 on the PATH')
}

/** @returns the exit code, or undefined where there is no such command */
async function run(command: string, args: string[]): Promise<number | undefined> {
  const child = spawn(command, args, { stdio: 'inherit' })
  try {
    const [code] = (await once(child, 'close')) as [number | null]
    return code ?? 1
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
