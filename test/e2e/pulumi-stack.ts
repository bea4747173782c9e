/** A stack of stacks/pulumi.ts, run by the Pulumi CLI as Pulumi.yaml says, with its state in a temporary folder. */
import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { docker } from '../support/docker.ts'
import { REPOSITORY } from '../support/installed.ts'
import { run } from '../support/programs.ts'

/** What Pulumi reads of a checkout; its configuration and its state are the test's. */
const CHECKOUT = ['Pulumi.yaml', 'package.json', 'node_modules', 'stacks', 'constructs', 'server', 'docker']

/** A resource in the state of a stack. */
export interface StoredResource {
  readonly type: string
  readonly urn: string
  readonly id?: string
  // biome-ignore lint/suspicious/noExplicitAny: inputs of any resource
  readonly inputs: Record<string, any>
}

export type PulumiStack = Awaited<ReturnType<typeof openStack>>

/** @param path is PATH with Pulumi on it */
export async function openStack(tier: 'local' | 'team', path: string) {
  const folder = await mkdtemp(join(tmpdir(), 'trackyard-pulumi-'))
  const state = join(folder, 'state')
  await mkdir(state)
  for (const name of CHECKOUT) await symlink(join(REPOSITORY, name), join(folder, name))
  const environment = {
    PATH: path,
    PULUMI_HOME: join(folder, 'home'),
    PULUMI_BACKEND_URL: `file://${state}`,
    PULUMI_CONFIG_PASSPHRASE: randomUUID(),
    PULUMI_SKIP_UPDATE_CHECK: 'true',
  }
  const pulumi = (...words: string[]) =>
    run('pulumi', ['--non-interactive', '--cwd', folder, ...words], environment)
  await pulumi('stack', 'init', tier)
  return {
    /** Runs `pulumi up` with these settings. @returns the outputs of the stack */
    async up(settings: Record<string, string>, ...flags: string[]) {
      const file = join(folder, `Pulumi.${tier}.yaml`)
      const keys = Object.entries(settings).map(([key, value]) => [`trackyard:${key}`, value])
      const salted = parse(await readFile(file, 'utf8'))
      await writeFile(file, stringify({ ...salted, config: Object.fromEntries(keys) }))
      await pulumi('up', '--yes', '--skip-preview', ...flags)
      return JSON.parse(await pulumi('stack', 'output', '--json'))
    },
    /** What the last `up` did: how many resources it left, made, changed, replaced or deleted. */
    async changes(): Promise<Record<string, number>> {
      const [last] = JSON.parse(await pulumi('stack', 'history', '--json', '--page-size', '1'))
      return last.resourceChanges
    },
    /** Its resources, secrets in the clear. */
    async resources(): Promise<StoredResource[]> {
      const text = await pulumi('stack', 'export', '--show-secrets')
      const { resources } = JSON.parse(text, (_key, value) =>
        value?.plaintext ? JSON.parse(value.plaintext) : value,
      ).deployment
      return resources.map((one: Partial<StoredResource>) => ({ inputs: {}, ...one }))
    },
    /** Everything that Pulumi writes down, and what it shows to who does not ask for secrets. */
    async written(): Promise<string> {
      const names = await readdir(state, { recursive: true, withFileTypes: true })
      const files = names.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name))
      const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')))
      return [await pulumi('stack', 'export'), ...texts].join('\n')
    },
    destroy: () => pulumi('destroy', '--yes', '--skip-preview'),
    close: () => rm(folder, { recursive: true }),
  }
}

/** What is on the engine of a stack of this name. */
export async function leftOf(name: string): Promise<string[]> {
  const kinds = [
    ['container', 'ps', '--all', '--format={{.Names}}'],
    ['network', 'network', 'ls', '--format={{.Name}}'],
    ['volume', 'volume', 'ls', '--format={{.Name}}'],
  ]
  const listed = kinds.map(async ([kind, ...command]) => {
    const names = await docker(...command, '--filter', `name=^${name}(-|$)`)
    return names
      .split('\n')
      .filter(Boolean)
      .map((one) => `${kind} ${one}`)
  })
  return (await Promise.all(listed)).flat().sort()
}
