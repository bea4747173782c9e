import * as pulumi from '@pulumi/pulumi'
import { describe, expect, it } from 'vitest'
import { TrackingServer, type TrackingServerArgs } from '../../constructs/pulumi/tracking-server.ts'
import { type Registered, resolved, startEngine } from '../stacks/pulumi-engine.ts'

const BUILD = { build: { context: '/src' } }

describe('a TrackingServer', () => {
  it('confines its container', async () => {
    const { container } = await make({ settings: { tier: 'local', memoryMiB: 512 }, image: BUILD })
    expect(container.inputs).toMatchObject({
      user: '50000:50000',
      readOnly: true,
      capabilities: { drops: ['ALL'] },
      securityOpts: ['no-new-privileges:true'],
      tmpfs: { '/tmp': 'size=64m,mode=1777,noexec,nosuid,nodev' },
      memory: 512,
      memorySwap: 512,
      cpus: '1.0',
      logDriver: 'json-file',
      logOpts: { 'max-size': '10m', 'max-file': '3' },
      ports: [{ internal: 5000, external: 5000, ip: '127.0.0.1' }],
    })
    expect(container.inputs.privileged).toBeUndefined()
  })

  it('lets requests in flight end before its container is stopped or replaced', async () => {
    const { container } = await make({ settings: { tier: 'local', drainSeconds: 60 }, image: BUILD })
    expect(container.inputs).toMatchObject({ stopTimeout: 70, destroyGraceSeconds: 70 })
    expect(container.inputs.envs).toContain('TRACKYARD_DRAIN_SECONDS=60')
  })

  it('is restarted with the engine and watched by the health check of the image', async () => {
    const { container } = await make({ settings: { tier: 'local' }, image: BUILD })
    expect(container.inputs).toMatchObject({
      restart: 'unless-stopped',
      healthcheck: { tests: ['CMD', 'trackyard', 'health'], interval: '30s', retries: 3 },
      wait: true,
    })
  })

  it('keeps its data in a volume', async () => {
    const { container, one } = await make({ settings: { tier: 'local', name: 'mine' }, image: BUILD })
    expect(one('Volume').inputs).toEqual({ name: 'mine-data', labels: [] })
    expect(container.inputs.volumes).toEqual([{ volumeName: 'mine-data', containerPath: '/data' }])
    expect(container.inputs.envs).toEqual(
      expect.arrayContaining([
        'MLFLOW_BACKEND_STORE_URI=sqlite:////data/mlflow.db',
        'MLFLOW_ARTIFACTS_DESTINATION=/data/artifacts',
        'MLFLOW_HOST=0.0.0.0',
      ]),
    )
  })

  it('runs the image that was just built, by its content', async () => {
    const { container, one } = await make({ settings: { tier: 'local' }, image: BUILD })
    expect(one('Image').inputs).toMatchObject({
      imageName: 'trackyard:local',
      skipPush: true,
      build: { context: '/src', dockerfile: '/src/docker/Dockerfile' },
    })
    expect(container.inputs.image).toBe('sha256:built')
  })

  it('takes settings and an image that are known later', async () => {
    const { container, one, server } = await make({
      settings: pulumi.output({ tier: 'local', port: 5001 } as const),
      image: pulumi.output('trackyard:1.2.3'),
    })
    expect(one('RemoteImage').inputs).toEqual({ name: 'trackyard:1.2.3', keepLocally: true })
    expect(container.inputs.image).toBe('sha256:given')
    expect(await resolved(server.url)).toBe('http://127.0.0.1:5001')
  })

  it('is the parent of everything it makes', async () => {
    const parents: unknown[] = []
    const { server } = await make(
      { settings: { tier: 'local' }, image: BUILD },
      { transformations: [({ opts }) => void parents.push(opts.parent)] },
    )
    expect(parents).toHaveLength(4)
    expect(parents.filter((parent) => parent === server)).toHaveLength(3)
  })

  it('writes an IPv6 address into its URL as browsers want it', async () => {
    const { server } = await make({ settings: { tier: 'local', bindAddress: '::1' }, image: BUILD })
    expect(await resolved(server.url)).toBe('http://[::1]:5000')
  })
})

async function make(args: TrackingServerArgs, options?: pulumi.ComponentResourceOptions) {
  const registered = await startEngine('local', async ({ type, name }) => ({
    id: `id-of-${name}`,
    outputs: type.endsWith(':Image') ? { repoDigest: 'sha256:built' } : { imageId: 'sha256:given' },
  }))
  const server = new TrackingServer('server', args, options)
  await resolved(server.containerId)
  const one = (type: string): Registered => {
    const found = registered.filter((resource) => resource.type.endsWith(`:${type}`))
    expect(found).toHaveLength(1)
    return found[0] as Registered
  }
  return { server, one, container: one('Container') }
}
