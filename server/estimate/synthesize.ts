import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

type Json = Readonly<Record<string, unknown>>

/**
 * Makes the templates of the CDK app in `folder`, as `cdk synth` would with `context`.
 * @throws Error when there is no app, or the app fails: it has said why
 */
export async function synthesize(
  folder: string,
  outdir: string,
  context: Json,
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  const { app, context: written = {} } = await readJson(join(folder, 'cdk.json'))
  if (typeof app !== 'string') throw new Error(`${join(folder, 'cdk.json')}: names no app`)
  const found = await readJson(join(folder, 'cdk.context.json'))
  const CDK_CONTEXT_JSON = JSON.stringify({ ...found, ...(written as Json), ...context })
  const env = { ...environment, CDK_OUTDIR: outdir, CDK_CONTEXT_JSON }
  const child = spawn(app, { cwd: folder, env, shell: true, stdio: ['ignore', 'ignore', 'inherit'] })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${app}: ended with ${code}`)
}

async function readJson(path: string): Promise<Json> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw new Error(`${path}: ${(error as Error).message}`, { cause: error })
  }
}
