import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

const TEMPLATE = '.template.json'

export interface StackFile {
  readonly stack: string
  readonly path: string
  /** Where it goes, if it says so. */
  readonly region: string | undefined
}

/** The templates in what `cdk synth` made, or the one at `path`. @throws Error when there is none */
export async function stackFiles(path: string): Promise<StackFile[]> {
  const found = await stat(path).catch(() => undefined)
  if (!found) throw new Error(`${path}: no such file or folder; make it with cdk synth`)
  const folder = found.isDirectory() ? path : dirname(path)
  const files = found.isDirectory() ? await readdir(path) : [basename(path)]
  const templates = files.filter((file) => !found.isDirectory() || file.endsWith(TEMPLATE)).sort()
  if (templates.length === 0) throw new Error(`${path}: holds no template; make one with cdk synth`)
  return Promise.all(
    templates.map(async (file) => {
      const stack = file.replace(/(\.template)?\.json$/, '')
      return { stack, path: join(folder, file), region: await regionOf(folder, stack) }
    }),
  )
}

async function regionOf(folder: string, stack: string): Promise<string | undefined> {
  const manifest = await readFile(join(folder, 'manifest.json'), 'utf8').catch(() => '{}')
  const { artifacts } = JSON.parse(manifest) as { artifacts?: Record<string, { environment?: string }> }
  const region = artifacts?.[stack]?.environment?.split('/').at(-1)
  return region === 'unknown-region' ? undefined : region
}
