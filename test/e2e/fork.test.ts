import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as pulumi from '@pulumi/pulumi'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { resolved, startEngine } from '../stacks/pulumi-engine.ts'
import { buildImage, docker, hasDockerEngine } from '../support/docker.ts'
import { installPackage, typeErrors } from '../support/forked.ts'
import { freePort } from '../support/server-process.ts'
import { AppliedStack } from './pulumi-apply.ts'
import { passwordsOf, runStockClient } from './stock-client.ts'

const STACK = `import * as docker from '@pulumi/docker'
import * as pulumi from '@pulumi/pulumi'
import { TeamTier } from 'trackyard/constructs/pulumi/team-tier'

const config = new pulumi.Config()
const name = config.require('name')
const stack = new TeamTier(name, {
  image: config.require('image'),
  settings: {
    tier: 'team',
    name,
    port: config.requireNumber('port'),
    memoryMiB: 512,
    backup: { at: '03:15', keep: 30 },
    labels: { owner: 'ml-platform' },
  },
})
const scratch = new docker.Volume('scratch', { name: \`\${name}-scratch\` }, { parent: stack })

export const { url, containerIds } = stack
export const scratchName = scratch.name
`

interface Outputs {
  readonly url: pulumi.Output<string>
  readonly containerIds: pulumi.Output<string[]>
  readonly scratchName: pulumi.Output<string>
}

describe("a stack of one's own", () => {
  let project: string

  beforeAll(async () => {
    project = await mkdtemp(join(tmpdir(), 'trackyard-fork-'))
    // One with those of the test, which stands in for Pulumi's engine.
    await installPackage(project, '@pulumi/docker', '@pulumi/pulumi', '@pulumi/random')
    await writeFile(join(project, 'stack.ts'), STACK)
  }, 180_000)
  afterAll(() => rm(project, { recursive: true, force: true }))

  it('is type-checked against the package', async () => {
    await writeFile(join(project, 'wrong.ts'), STACK.replace('memoryMiB: 512', 'memory: 512'))
    expect(await typeErrors(project, 'stack.ts', 'wrong.ts')).toEqual([
      expect.stringMatching(/wrong\.ts.*'memory'/),
    ])
  }, 120_000)

  it.skipIf(!hasDockerEngine())(
    'is applied, with its own resource, used and removed',
    async () => {
      const port = await freePort()
      const name = `trackyard-fork-${port}`
      const [applied, mine] = [new AppliedStack(), `name=^${name}-`]
      try {
        await buildImage(name)
        const registered = await startEngine('prod', applied.create)
        const config = { name, image: name, port: `${port}` }
        const { url, ids, scratch } = await applied.apply(() => runFork(project, config))
        expect(url).toBe(`https://localhost:${port}`)
        expect(await docker('volume', 'inspect', '--format', '{{.Name}}', scratch)).toBe(`${name}-scratch`)
        const shown = '{{.HostConfig.Memory}} {{index .Config.Labels "owner"}}'
        expect(await docker('inspect', '--format', shown, ...ids)).toBe(`${512 * 1024 ** 2} ml-platform`)
        const backup = ['inspect', '--format', '{{.Config.Env}}', `${name}-backup`]
        expect(await docker(...backup)).toMatch(/BACKUP_TIME=03:15 BACKUP_KEEP=30/)
        const root = '/var/tmp/caddy/pki/authorities/local/root.crt'
        const authority = await docker('exec', `${name}-proxy`, 'cat', root)
        const printed = await runStockClient(url, authority, `${passwordsOf(registered).admin}`)
        if (printed !== undefined) expect(printed).toContain('read again: what was logged')
      } finally {
        await applied.remove()
        await docker('rmi', '--force', name)
      }
      for (const kind of ['container', 'volume', 'network'])
        expect(await docker(kind, 'ls', '--quiet', '--filter', mine), kind).toBe('')
    },
    300_000,
  )
})

/** As `pulumi up` runs the program of somebody else's project. */
async function runFork(project: string, config: Record<string, string>) {
  const entries = Object.entries(config).map(([key, value]) => [`trackyard:${key}`, value])
  pulumi.runtime.setAllConfig(Object.fromEntries(entries))
  const stack: Outputs = await import(pathToFileURL(join(project, 'stack.ts')).href)
  const [url, ids, scratch] = await Promise.all([
    resolved(stack.url),
    resolved(stack.containerIds),
    resolved(stack.scratchName),
  ])
  // What no output depends on may still be under way.
  await pulumi.runtime.disconnect()
  return { url, ids, scratch }
}
