/** The Pulumi CLI, with the language host and the providers of our stacks. */
import { execFileSync } from 'node:child_process'
import { readdir, readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { installOnce, lastLine, REPOSITORY } from './installed.ts'
import { run } from './programs.ts'

/** A module each: they do not agree on the versions of what they need. */
const MODULES = join(REPOSITORY, 'test/pulumi')
const PROGRAMS = {
  cli: 'github.com/pulumi/pulumi/pkg/v3/cmd/pulumi',
  language: 'github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs',
  'pulumi-resource-docker': '.',
}

/**
 * What PATH has to be for `pulumi` to be there: the machine's own, whose providers Pulumi fetches, or else with what is
 * built from the pinned Go modules in test/pulumi/ at the first call of all test files. Undefined, with the reason
 * printed, where neither is to be had; in CI that is a failure.
 */
export async function pulumiPath(): Promise<string | undefined> {
  const path = process.env.PATH ?? ''
  if (isInstalled()) return path
  try {
    return `${await installOnce('pulumi', await sources(), build)}:${path}`
  } catch (error) {
    if (process.env.CI === 'true') throw error
    console.warn(`skipped: no Pulumi CLI: ${lastLine(error as Error)}`)
    return undefined
  }
}

function isInstalled(): boolean {
  try {
    execFileSync('pulumi', ['version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

async function sources(): Promise<Buffer> {
  const files = (await readdir(MODULES, { recursive: true })).filter((file) => /\.(go|mod|sum)$/.test(file))
  return Buffer.concat(await Promise.all(files.sort().map((file) => readFile(join(MODULES, file)))))
}

async function build(folder: string): Promise<void> {
  const flags = ['-mod=readonly', '-buildvcs=false', '-ldflags=-s -w', '-o', `${folder}/`]
  for (const [module, program] of Object.entries(PROGRAMS)) {
    // no_compose: the provider without a resource that no stack of ours has, and that needs much.
    await run('go', ['-C', join(MODULES, module), 'build', '-tags=no_compose', ...flags, program])
  }
  await symlink('pulumi-resource-docker', join(folder, 'pulumi-resource-random'))
}
