import { execFile } from 'node:child_process'
import { glob, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from './server/support.ts'
import { layerViolations, readModules } from './support/layers.ts'

const ROOT = join(import.meta.dirname, '..')
const DENIED = /ERR_ACCESS_DENIED/
const MODULES = '{server,constructs,stacks}/**/*.ts'

describe('imports', () => {
  it('go down only', async () => {
    const modules = await readModules(ROOT, await Array.fromAsync(glob(MODULES, { cwd: ROOT })))
    expect(modules.size).toBeGreaterThan(50)
    expect(layerViolations(modules)).toEqual([])
  })

  it.each([
    ['server/store/runs.ts', "import { logBatch } from '../operations/log-batch.ts'"],
    ['server/store/runs.ts', "import type { Config } from '../config.ts'"],
    ['server/search/runs.ts', "import { toWire } from '../api/runs.ts'"],
    ['server/operations/gc.ts', "import {\n  openContext,\n} from '../context.ts'"],
    ['server/db/index.ts', "export { getRun } from '../store/runs.ts'"],
    ['server/api/runs.ts', "const app = await import('../app.ts')"],
    ['server/config.ts', "import { settings } from '../constructs/settings.ts'"],
    ['server/new-idea.ts', "import { ApiError } from './errors.ts'"],
    ['server/api/runs.ts', "import type { FastifyRequest } from 'fastify'"],
    ['server/store/runs.ts', "import { DatabaseSync } from 'node:sqlite'"],
    ['server/store/runs.ts', 'const root = process.env.ROOT'],
    ['server/store/runs.ts', "import { env } from 'node:process'"],
    ['constructs/settings.ts', "import { migrate } from '../server/db/migrate.ts'"],
    ['constructs/settings.ts', "import * as docker from '@pulumi/docker'"],
    ['constructs/pulumi/server.ts', "import { Network } from '../cdk/network.ts'"],
    ['constructs/cdk/service.ts', "import { EnterpriseStack } from '../../stacks/enterprise.ts'"],
    ['constructs/cdk/service.ts', 'const region = process.env.AWS_REGION'],
  ])('do not in %s: %s', (path, source) => {
    expect(layerViolations(new Map([[path, source]]))).toHaveLength(1)
  })

  it('may go down, and be spoken of in a comment', () => {
    const source = `
      // import { app } from '../app.ts'
      /** As process.env.HOME, import x from '../app.ts' */
      import type { Db } from '../db/index.ts'
      import { ApiError } from '../errors.ts'
    `
    expect(layerViolations(new Map([['server/store/runs.ts', source]]))).toEqual([])
  })
})

describe('importing a module', () => {
  it('writes nothing, starts nothing, connects to nothing and leaves nothing open', async () => {
    const modules = await Array.fromAsync(glob('{server,constructs}/**/*.ts', { cwd: ROOT }))
    const libraries = modules.filter((path) => path !== 'server/cli.ts')
    expect(await importAll(ROOT, libraries)).toBe('')
  }, 60_000)

  it.each([
    ['writes a file', "import { writeFileSync } from 'node:fs'; writeFileSync('made', '')", DENIED],
    ['starts a program', "import { execFileSync } from 'node:child_process'; execFileSync('true')", DENIED],
    [
      'reads what is not its own',
      "import { readFileSync } from 'node:fs'; readFileSync('/etc/hosts')",
      DENIED,
    ],
    ['connects', "export const socket = (await import('node:net')).connect(9, '127.0.0.1')", DENIED],
    ['prints', "console.log('imported')", /imported/],
    ['keeps the process alive', 'setInterval(() => {}, 1000)', /Command failed/],
  ])('is noticed when it %s', async (_what, source, noticed) => {
    const folder = await temporaryFolder()
    await mkdir(join(folder, 'server'))
    await writeFile(join(folder, 'package.json'), '{"type":"module"}')
    await writeFile(join(folder, 'server/planted.ts'), source)
    expect(await importAll(folder, ['server/planted.ts'], 3_000)).toMatch(noticed)
  })
})

/** Imports modules in a process that may read `root` and nothing else. @returns what went wrong or was printed */
async function importAll(root: string, paths: readonly string[], timeout = 60_000): Promise<string> {
  const program = paths.map((path) => `await import(${JSON.stringify(join(root, path))})`).join('\n')
  const flags = ['--permission', `--allow-fs-read=${root}`, '--no-warnings', '--input-type=module']
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [...flags, '--eval', program], {
      cwd: root,
      timeout,
      env: { PATH: process.env.PATH },
    })
    return stdout + stderr
  } catch (error) {
    return (error as Error).message
  }
}
