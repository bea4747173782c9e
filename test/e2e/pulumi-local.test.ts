import { describe, expect, it } from 'vitest'
import { startEngine } from '../stacks/pulumi-engine.ts'
import { runProgram } from '../stacks/pulumi-program.ts'
import { hasDockerEngine } from '../support/docker.ts'
import { freePort } from '../support/server-process.ts'
import { createExperiment, expectConfined, findExperiment } from './local-tier.ts'
import { appliedStack } from './pulumi-apply.ts'

describe.skipIf(!hasDockerEngine())('the Pulumi stack local on a Docker engine', () => {
  it('builds the image and runs it confined, reachable from this machine', async () => {
    const port = await freePort()
    const stack = appliedStack()
    await startEngine('local', stack.create)
    const program = () => runProgram({ name: `trackyard-${port}`, port: `${port}` })
    const { url, containerIds } = await stack.apply(program)
    expect(url).toBe(`http://127.0.0.1:${port}`)
    const health = await fetch(`${url}/health`)
    expect([health.status, await health.text()]).toEqual([200, 'OK'])
    await expectConfined(`${containerIds}`, port)
    await createExperiment(`${url}`, 'from-pulumi')
    expect(await findExperiment(`${url}`, 'from-pulumi')).toMatchObject({
      experiment: { name: 'from-pulumi' },
    })
  }, 600_000)
})
