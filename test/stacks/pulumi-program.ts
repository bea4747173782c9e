import * as pulumi from '@pulumi/pulumi'
import { vi } from 'vitest'
import { resolved } from './pulumi-engine.ts'

/** Runs stacks/pulumi.ts with a stack's configuration. @returns its outputs */
export async function runProgram(config: Record<string, string> = {}): Promise<Record<string, unknown>> {
  const entries = Object.entries(config).map(([key, value]) => [`trackyard:${key}`, value])
  pulumi.runtime.setAllConfig(Object.fromEntries(entries))
  vi.resetModules()
  const program = await import('../../stacks/pulumi.ts')
  const outputs = Object.entries<pulumi.Output<unknown>>(program).map(async ([name, output]) => [
    name,
    await resolved(output),
  ])
  const resolvedOutputs = Object.fromEntries(await Promise.all(outputs))
  // What no output depends on may still be under way.
  await pulumi.runtime.disconnect()
  return resolvedOutputs
}
