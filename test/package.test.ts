import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import packageJson from '../package.json' with { type: 'json' }

const ROOT = join(import.meta.dirname, '..')
const PINNED_NODE = process.execPath
const VERSION = `trackyard ${packageJson.version} (MLflow 3.17.2)`

/** A project of a user's, with this package installed from what `npm pack` makes. */
let project: string
/** A PATH whose `node` is too old, and nothing else is. */
let oldNodePath: string

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'trackyard-package-'))
  await mkdir(join(project, 'old'))
  await writeFile(join(project, 'old/node'), '#!/bin/sh\necho 20\n')
  await chmod(join(project, 'old/node'), 0o755)
  oldNodePath = `${join(project, 'old')}:/usr/bin:/bin`
  const npmPath = `${dirname(PINNED_NODE)}:${process.env.PATH}`
  await run('npm', ['pack', '--loglevel=error', '--pack-destination', project], ROOT, npmPath)
  await writeFile(join(project, 'package.json'), '{"private":true,"type":"module"}')
  const tarball = join(project, `trackyard-${packageJson.version}.tgz`)
  await run(
    'npm',
    ['install', '--prefer-offline', '--no-audit', '--loglevel=error', tarball],
    project,
    npmPath,
  )
}, 180_000)

afterAll(() => rm(project, { recursive: true, force: true }))

describe('bin/trackyard in a checkout', () => {
  it('runs under the pinned Node, from any folder, through symlinks, with an old Node in the PATH', async () => {
    await symlink(join(ROOT, 'bin'), join(project, 'tools'))
    await symlink('../tools/trackyard', join(project, 'old/ty'))
    expect(await run(join(project, 'old/ty'), ['--version'], '/', oldNodePath)).toBe(VERSION)
  })
})

describe('the package as it is installed', () => {
  it("says in one line that it needs a newer Node than the caller's", async () => {
    const failed = run(join(project, 'node_modules/.bin/trackyard'), ['--version'], '/', oldNodePath)
    await expect(failed).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^trackyard needs Node 26 or newer: .*\n$/),
    })
  })

  it('runs under the Node that is installed beside it, from any folder and through a symlink', async () => {
    // What installing the package `node` does.
    await symlink(PINNED_NODE, join(project, 'node_modules/.bin/node'))
    await symlink(join(project, 'node_modules/.bin/trackyard'), join(project, 'ty'))
    expect(await run(join(project, 'ty'), ['--version'], '/', oldNodePath)).toBe(VERSION)
  })

  it('holds no TypeScript to run, no tests and nothing of the development', async () => {
    const root = join(project, 'node_modules/trackyard')
    const shipped = ['LICENSE', 'README.md', 'bin', 'dist', 'docker', 'docs', 'package.json']
    expect(shipped).toEqual(expect.arrayContaining(await readdir(root)))
    const sources = (await readdir(join(root, 'dist'), { recursive: true })).filter((path) =>
      /(?<!\.d)\.ts$/.test(path),
    )
    expect(sources).toEqual([])
    expect(await readdir(join(project, 'node_modules'))).not.toContain('aws-cdk-lib')
  })

  it('gives its types to who describes a stack', async () => {
    await writeFile(
      join(project, 'stack.ts'),
      `import { parseSettings, type TrackingSettingsInput } from 'trackyard/constructs/settings'
      const input: TrackingSettingsInput = { tier: 'local', port: 5001 }
      export const port: number = parseSettings(input).port
      // @ts-expect-error a misspelt option does not compile
      export const misspelt: TrackingSettingsInput = { tier: 'local', prot: 5001 }
      `,
    )
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024']
    const types = ['--types', 'node', '--typeRoots', join(ROOT, 'node_modules/@types')]
    const tsc = join(ROOT, 'node_modules/.bin/tsc')
    await run(tsc, [...options, ...types, 'stack.ts'], project, `${dirname(PINNED_NODE)}:/usr/bin:/bin`)
    const program = `import { parseSettings } from 'trackyard/constructs/settings'
      console.log(parseSettings({ tier: 'local', port: 5001 }).port)`
    expect(await run(PINNED_NODE, ['--input-type=module', '--eval', program], project)).toBe('5001')
  })
})

/** Runs a program to its end. @throws with its exit code and what it printed when it fails */
async function run(
  program: string,
  args: readonly string[],
  cwd: string,
  path = process.env.PATH,
): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { cwd, env: { ...process.env, PATH: path } })
  return stdout.trim()
}
