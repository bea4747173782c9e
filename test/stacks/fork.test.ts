import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../support/mlflow.ts'
import { startEngine } from './pulumi-engine.ts'

const ROOT = join(import.meta.dirname, '../..')

const STACK = `import * as docker from '@pulumi/docker'
import { TeamTier } from 'trackyard/constructs/pulumi/team-tier'

const stack = new TeamTier('models', {
  image: 'registry.example.com/trackyard:1.2.3',
  settings: {
    tier: 'team',
    name: 'models',
    hostName: 'models.example.com',
    port: 8443,
    replicas: 3,
    memoryMiB: 2048,
    backup: { at: '03:15', keep: 30 },
    labels: { owner: 'ml-platform' },
  },
})
const scratch = new docker.Volume('scratch', { name: 'models-scratch' }, { parent: stack })

export const url = stack.url
export const scratchName = scratch.name
`

describe("a stack of one's own", () => {
  let project: string

  beforeAll(async () => {
    project = await mkdtemp(join(tmpdir(), 'trackyard-fork-'))
    // Pulumi's own packages must be one with those of the test: the rest is as npm installs it.
    await run('mkdir', ['-p', join(project, 'node_modules/trackyard')])
    const tsc = join(ROOT, 'node_modules/.bin/tsc')
    const target = join(project, 'node_modules/trackyard')
    await run(tsc, ['-p', join(ROOT, 'tsconfig.build.json'), '--outDir', join(target, 'dist')])
    await cp(join(ROOT, 'package.json'), join(target, 'package.json'))
    await cp(join(ROOT, 'docker/team'), join(target, 'docker/team'), { recursive: true })
    for (const dependency of ['@pulumi', 'zod', '@types']) {
      await symlink(join(ROOT, 'node_modules', dependency), join(project, 'node_modules', dependency))
    }
    await writeFile(join(project, 'package.json'), '{"private":true,"type":"module"}')
    await writeFile(join(project, 'stack.ts'), STACK)
  }, 180_000)
  afterAll(() => rm(project, { recursive: true, force: true }))

  it('is type-checked against the package', async () => {
    const tsc = join(ROOT, 'node_modules/.bin/tsc')
    const options = [
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      '--ignoreConfig',
      '--module',
      'nodenext',
      '--target',
      'es2024',
    ]
    const types = ['--types', 'node', '--typeRoots', join(ROOT, 'node_modules/@types')]
    const check = (file: string) => run(tsc, [...options, ...types, join(project, file)])
    await check('stack.ts')
    await writeFile(join(project, 'wrong.ts'), STACK.replace('replicas: 3', 'replica: 3'))
    await expect(check('wrong.ts')).rejects.toMatchObject({ stdout: expect.stringContaining("'replica'") })
  }, 120_000)

  it('has its own settings, and its own resource beside those of the package', async () => {
    const registered = await startEngine('prod')
    const stack = await import(pathToFileURL(join(project, 'stack.ts')).href)
    const url = await new Promise((resolve) => stack.url.apply(resolve))
    expect(url).toBe('https://models.example.com:8443')
    const containers = registered.filter(({ type }) => type.endsWith(':Container'))
    expect(containers.filter(({ name }) => /server-\d$/.test(name))).toHaveLength(3)
    expect(registered.map(({ name }) => name)).toContain('scratch')
  }, 60_000)
})
