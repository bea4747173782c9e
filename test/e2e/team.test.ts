/** The team tier on a real engine. One stack for all: each test leaves it up, and the next begins with what is there. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { docker, hasDockerEngine } from '../support/docker.ts'
import { mlflowEnvironment, REPOSITORY, run } from '../support/mlflow.ts'
import { prepareTeamStack, SERVICES, type TeamStack } from './team-stack.ts'
import { startWriters } from './writers.ts'

const mlflow = hasDockerEngine() ? await mlflowEnvironment() : undefined

describe.skipIf(!mlflow)('make up TIER=team', { timeout: 300_000 }, () => {
  let stack: TeamStack

  beforeAll(async () => {
    stack = await prepareTeamStack()
    await stack.up()
  }, 900_000)

  afterAll(() => stack?.remove(), 120_000)

  it('confines every container, and publishes the port of the proxy alone, on this machine', async () => {
    const containers = JSON.parse(await docker('inspect', ...SERVICES.map((one) => stack.container(one))))
    for (const { Name, Config, HostConfig } of containers) {
      expect({ Name, user: Config.User }).not.toMatchObject({
        user: expect.stringMatching(/^(0|root)?(:|$)/),
      })
      expect(HostConfig, Name).toMatchObject({
        ReadonlyRootfs: true,
        Privileged: false,
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges:true'],
        RestartPolicy: { Name: 'unless-stopped' },
        LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
        NanoCpus: 1_000_000_000,
      })
      expect(HostConfig.Memory, Name).toBeGreaterThan(0)
      expect(HostConfig.MemorySwap, Name).toBe(HostConfig.Memory)
      const published = Object.values<[{ HostIp: string }]>(HostConfig.PortBindings ?? {}).flat()
      expect(published.map(({ HostIp }) => HostIp)).toEqual(
        Name === `/${stack.container('proxy')}` ? ['127.0.0.1'] : [],
      )
    }
  })

  it('lets a stock client train, register and load a model over TLS', async () => {
    if (!mlflow) return
    const printed = await run(mlflow.python, [join(REPOSITORY, 'examples/training/train.py')], {
      ...stack.client,
      MLFLOW_HTTP_REQUEST_MAX_RETRIES: '1',
    })
    expect(printed).toMatch(/^wine version 1 is the champion; predicts the same when loaded: True$/m)
  })

  it('asks who is there, and finds nothing wrong with itself', async () => {
    const trackyard = join(REPOSITORY, 'bin/trackyard')
    const outside = await run(trackyard, ['doctor', '--json', '--url', stack.url], stack.client)
    expect(JSON.parse(outside)).toContainEqual({
      check: 'login',
      outcome: 'ok',
      found: 'on, and takes these credentials',
    })
    const inside = await stack.exec('server-1', 'trackyard', 'doctor', '--json')
    const outcomes = [...JSON.parse(outside), ...JSON.parse(inside)].map(({ check, outcome }) => [
      check,
      outcome,
    ])
    const wrong = outcomes.filter(([, outcome]) => !['ok', 'skipped'].includes(outcome))
    // How full the disk is belongs to the machine.
    expect(wrong.filter(([check]) => check !== 'disk space')).toEqual([])
  })

  it('shows no secret to who looks at containers, logs and processes', async () => {
    const files = await readdir(stack.secrets)
    const secrets = await Promise.all(files.map((file) => readFile(join(stack.secrets, file), 'utf8')))
    expect(secrets).toHaveLength(3)
    const names = SERVICES.map((one) => stack.container(one))
    const seen = await Promise.all([
      docker('inspect', ...names),
      docker('inspect', stack.image),
      ...names.map((name) => docker('logs', name)),
      ...names.map((name) => docker('top', name, '-eo', 'pid,args')),
    ])
    for (const secret of secrets) {
      expect(secret).toMatch(/^[0-9a-f]{48}$/)
      expect(seen.filter((text) => text.includes(secret))).toEqual([])
    }
  })

  it('keeps its secrets and its data when it is taken down and started again', async () => {
    const before = await readFile(join(stack.secrets, 'mlflow.password'), 'utf8')
    await stack.make('down')
    await stack.make('up')
    expect(await readFile(join(stack.secrets, 'mlflow.password'), 'utf8')).toBe(before)
    expect((await stack.call('GET', '/api/2.0/mlflow/registered-models/get?name=wine')).status).toBe(200)
  })

  it('fails no request while its servers are replaced by those of another image', async () => {
    const { run_id, write, stop } = await startWriters(stack)
    await write.until(50)
    const image = `${stack.project}:2`
    await docker(
      'build',
      '--quiet',
      '--tag',
      image,
      '--label',
      'version=2',
      '--file',
      join(REPOSITORY, 'docker/Dockerfile'),
      REPOSITORY,
    )
    const before = await imagesOf(stack)
    await stack.make('upgrade', `IMAGE=${image}`)
    await write.until(write.done() + 50)
    const { acknowledged, failures } = await stop()
    expect(failures).toEqual([])
    expect(await imagesOf(stack)).not.toContain(before[0])
    expect(await stepsOf(stack, run_id)).toEqual(new Set(acknowledged))
  })

  it('fails no request while both its servers are on their way out', async () => {
    const { run_id, write, stop } = await startWriters(stack)
    await write.until(50)
    const restarts = (['server-1', 'server-2'] as const).map((one) => docker('restart', stack.container(one)))
    // The proxy has looked at both by then, and neither has left: TRACKYARD_LEAVE_SECONDS is 5.
    await delay(4000)
    const { acknowledged, failures } = await stop()
    await Promise.all(restarts)
    expect(failures).toEqual([])
    expect(await stepsOf(stack, run_id)).toEqual(new Set(acknowledged))
  })

  it.each(SERVICES)('comes back by itself when %s is killed', async (service) => {
    const [{ State }] = JSON.parse(await docker('inspect', stack.container(service)))
    // Of the engine's host: Docker does not restart what it has killed itself.
    await docker('run', '--rm', '--pid', 'host', '--user', '0', 'postgres:17', 'kill', '-9', `${State.Pid}`)
    await expect
      .poll(
        async () => {
          const [{ State: now }] = JSON.parse(await docker('inspect', stack.container(service)))
          const answer = await stack
            .call('GET', '/api/2.0/mlflow/registered-models/get?name=wine')
            .catch(() => undefined)
          return now.Pid !== State.Pid && now.Health.Status === 'healthy' && answer?.status === 200
        },
        { timeout: 90_000, interval: 500 },
      )
      .toBe(true)
  })

  it('restores a backup into an empty stack, every row and every file', async () => {
    // Their audit log goes on for a minute after what it tells of, unless they end.
    await docker('stop', stack.container('server-1'), stack.container('server-2'))
    expect(await stack.make('backup')).toMatch(/^backup \S+: /m)
    const name =
      (await stack.exec('backup', 'bash', '/run/trackyard/backup.sh', 'list')).split('\n').at(-1) ?? ''
    const before = await contentsOf(stack)
    expect(before.files.length).toBeGreaterThan(5)
    await stack.make('down')
    await docker('volume', 'rm', stack.volume('database'), stack.volume('data'))
    await stack.make('up')
    expect((await stack.call('GET', '/api/2.0/mlflow/registered-models/get?name=wine')).status).toBe(404)
    await stack.make('restore', `BACKUP=${name}`)
    expect(await contentsOf(stack)).toEqual(before)
    expect((await stack.call('GET', '/api/2.0/mlflow/registered-models/get?name=wine')).status).toBe(200)
  })
})

async function stepsOf(stack: TeamStack, run: string): Promise<Set<number>> {
  const query = `select step from metrics where run_uuid = '${run}'`
  const rows = await stack.exec(
    'database',
    'psql',
    '--no-psqlrc',
    '-U',
    'postgres',
    '-d',
    'mlflow',
    '-tAc',
    query,
  )
  return new Set(rows.split('\n').map(Number))
}

async function imagesOf(stack: TeamStack): Promise<string[]> {
  const images = await docker(
    'inspect',
    '--format',
    '{{.Image}}',
    stack.container('server-1'),
    stack.container('server-2'),
  )
  return images.split('\n')
}

/** Every row of every table of both databases, and the digest of every artifact. */
async function contentsOf(stack: TeamStack): Promise<{ rows: string[]; files: string[] }> {
  const dumps = ['mlflow', 'mlflow_login'].map((database) =>
    stack.exec(
      'database',
      'pg_dump',
      '-U',
      'postgres',
      '--data-only',
      '--inserts',
      '--rows-per-insert=1',
      database,
    ),
  )
  const rows = (await Promise.all(dumps))
    .join('\n')
    .split('\n')
    .filter((line) => !/^(--|\\|SET |$)/.test(line))
  const digests = await stack.exec(
    'backup',
    'sh',
    '-c',
    'cd /data/artifacts && find . -type f -exec sha256sum {} +',
  )
  return { rows: rows.sort(), files: digests.split('\n').sort() }
}
