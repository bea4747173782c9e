/** What a container of the local tier is on the engine, whoever started it. */
import { expect } from 'vitest'
import { docker } from '../support/docker.ts'

/** @throws when the container may do more than it should, or would lose data or requests */
export async function expectConfined(id: string, port: number): Promise<void> {
  const [container] = JSON.parse(await docker('inspect', id))
  expect(container).toMatchObject({
    Config: { User: '50000:50000', StopTimeout: 35, Healthcheck: { Test: ['CMD', 'trackyard', 'health'] } },
    HostConfig: {
      ReadonlyRootfs: true,
      Privileged: false,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges:true'],
      Memory: 1024 * 1024 * 1024,
      MemorySwap: 1024 * 1024 * 1024,
      RestartPolicy: { Name: 'unless-stopped' },
      LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
      PortBindings: { '5000/tcp': [{ HostIp: '127.0.0.1', HostPort: `${port}` }] },
      Tmpfs: { '/tmp': 'size=64m,mode=1777,noexec,nosuid,nodev' },
    },
    Mounts: [{ Type: 'volume', Destination: '/data', RW: true }],
  })
}

/** Creates an experiment with a plain request. */
export async function createExperiment(url: string, name: string): Promise<void> {
  const created = await fetch(`${url}/api/2.0/mlflow/experiments/create`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name }),
  })
  expect(await created.json()).toMatchObject({ experiment_id: expect.any(String) })
}

export async function findExperiment(url: string, name: string): Promise<unknown> {
  const found = await fetch(`${url}/api/2.0/mlflow/experiments/get-by-name?experiment_name=${name}`)
  return found.json()
}
