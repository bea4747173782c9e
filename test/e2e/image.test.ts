import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import {
  buildImage,
  createVolume,
  docker,
  hasDockerEngine,
  startContainer,
  tryDocker,
} from '../support/docker.ts'

const IMAGE = `trackyard-test:${process.pid}`
const LOCKED_DOWN = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges']

describe.skipIf(!hasDockerEngine())('the image', { timeout: 60_000 }, () => {
  beforeAll(() => buildImage(IMAGE), 600_000)
  afterAll(async () => {
    await docker('rmi', '--force', IMAGE)
  })

  it('serves API and UI without a writable root, without capabilities and not as root', async () => {
    const { id, url } = await startContainer(IMAGE, LOCKED_DOWN)
    await until(id, 'running healthy')
    expect(await (await fetch(`${url}/health`)).text()).toBe('OK')
    expect(await (await fetch(`${url}/readyz`)).json()).toEqual({ database: 'ok', artifacts: 'ok' })
    expect(await (await fetch(url)).text()).toContain('<div id="root"')
    expect(await docker('top', id, '-eo', 'pid,uid,gid,args')).toMatch(
      /^\s*\d+\s+50000\s+50000\s+\S*node .*trackyard server$/m,
    )
  })

  it('keeps what was logged when its container is replaced', async () => {
    const storage = ['--volume', `${await createVolume()}:/data`]
    const first = await startContainer(IMAGE, storage)
    await until(first.id, 'running healthy')
    const created = await fetch(`${first.url}/api/2.0/mlflow/experiments/create`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'kept' }),
    })
    expect(created.status).toBe(200)
    await docker('rm', '--force', first.id)
    const second = await startContainer(IMAGE, storage)
    await until(second.id, 'running healthy')
    const found = await fetch(`${second.url}/api/2.0/mlflow/experiments/get-by-name?experiment_name=kept`)
    expect(await found.json()).toMatchObject({ experiment: { name: 'kept', lifecycle_stage: 'active' } })
  })

  it('ends with exit code 0 when it is stopped', async () => {
    const { id } = await startContainer(IMAGE)
    await until(id, 'running healthy')
    await docker('stop', '--time', '20', id)
    expect(await docker('inspect', id, '--format', '{{.State.ExitCode}}')).toBe('0')
  })

  it('turns unhealthy when its server no longer answers', async () => {
    const often = ['--health-interval', '1s', '--health-timeout', '1s', '--health-retries', '1']
    const { id } = await startContainer(IMAGE, often)
    await until(id, 'running healthy')
    await docker('kill', '--signal', 'STOP', id)
    await until(id, 'running unhealthy')
    await docker('kill', '--signal', 'CONT', id)
    await until(id, 'running healthy')
  })

  it('says in one line that it cannot write its data', async () => {
    const { code, stderr } = await tryDocker('run', '--rm', '--tmpfs', '/data:mode=0555,uid=0', IMAGE)
    expect(code).toBe(1)
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(stderr).toContain('/data')
  })

  it('has no shell, no npm and no secret inside', async () => {
    for (const program of ['sh', 'bash', 'npm', 'apt-get']) {
      const { code } = await tryDocker('run', '--rm', '--entrypoint', program, IMAGE, '--version')
      expect(code, program).toBe(127)
    }
    const [image] = JSON.parse(await docker('image', 'inspect', IMAGE))
    const names = image.Config.Env.map((line: string) => line.split('=')[0]).sort()
    expect(names).toEqual([
      'MLFLOW_ARTIFACTS_DESTINATION',
      'MLFLOW_BACKEND_STORE_URI',
      'MLFLOW_HOST',
      'MLFLOW_PORT',
      'PATH',
      'TRACKYARD_UI_DIR',
    ])
    expect(await docker('history', '--no-trunc', IMAGE)).not.toMatch(/token|password|registry/i)
  })

  it('says what it is in its labels', async () => {
    const labels = JSON.parse(await docker('image', 'inspect', IMAGE, '--format', '{{json .Config.Labels}}'))
    expect(labels).toMatchObject({
      'org.opencontainers.image.title': packageJson.name,
      'org.opencontainers.image.description': packageJson.description,
      'org.opencontainers.image.licenses': packageJson.license,
      'org.opencontainers.image.version': packageJson.version,
    })
    expect(labels).toHaveProperty(['org.opencontainers.image.source'])
  })
})

/** Waits for what the image's own health check says. */
async function until(id: string, wanted: 'running healthy' | 'running unhealthy'): Promise<void> {
  let state = ''
  for (let attempt = 0; attempt < 150; attempt++) {
    state = await docker('inspect', id, '--format', '{{.State.Status}} {{.State.Health.Status}}')
    if (state === wanted) return
    if (!state.startsWith('running')) break
    await delay(100)
  }
  throw new Error(`${state}, not ${wanted}:\n${(await tryDocker('logs', id)).stdout}`)
}
