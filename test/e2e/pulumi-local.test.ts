import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildImage, docker, hasDockerEngine } from '../support/docker.ts'
import { pulumiPath } from '../support/pulumi.ts'
import { freePort } from '../support/server-process.ts'
import { createExperiment, expectConfined, findExperiment } from './local-tier.ts'
import { leftOf, openStack, type PulumiStack } from './pulumi-stack.ts'

const path = hasDockerEngine() ? await pulumiPath() : undefined

describe.skipIf(!path)('pulumi up of the stack local on a Docker engine', { timeout: 300_000 }, () => {
  let stack: PulumiStack
  let port: number
  let name: string
  const settings = (more: Record<string, string> = {}) => ({ name, port: `${port}`, image: name, ...more })

  beforeAll(async () => {
    port = await freePort()
    name = `trackyard-${port}`
    await buildImage(name)
    stack = await openStack('local', `${path}`)
  }, 600_000)
  afterAll(async () => {
    await stack.destroy()
    await docker('volume', 'rm', '--force', `${name}-data`)
    await docker('rmi', '--force', name)
    await stack.close()
  }, 120_000)

  it('runs a server that is confined, and reachable from this machine', async () => {
    const { url, containerIds } = await stack.up(settings())
    expect(url).toBe(`http://127.0.0.1:${port}`)
    const health = await fetch(`${url}/health`)
    expect([health.status, await health.text()]).toEqual([200, 'OK'])
    await expectConfined(`${containerIds}`, port)
    await createExperiment(url, 'from-pulumi')
  })

  it('changes nothing when nothing has changed', async () => {
    await stack.up(settings(), '--expect-no-changes', '--refresh')
  })

  it('changes the server alone, in place, for more or less memory, and keeps its data', async () => {
    const { url } = await stack.up(settings({ memoryMiB: '768' }))
    expect(await stack.changes()).toEqual({ same: 4, update: 1 })
    expect(await findExperiment(url, 'from-pulumi')).toMatchObject({ experiment: { name: 'from-pulumi' } })
  })

  it('leaves nothing but the volume of its data when it is destroyed', async () => {
    await stack.destroy()
    expect(await leftOf(name)).toEqual([`volume ${name}-data`])
    const { url } = await stack.up(settings())
    expect(await findExperiment(url, 'from-pulumi')).toMatchObject({ experiment: { name: 'from-pulumi' } })
  })
})
