import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DATABASES } from '../../constructs/team.ts'
import { temporaryFolder } from '../server/support.ts'
import { buildImage, docker, hasDockerEngine } from '../support/docker.ts'
import { pulumiPath } from '../support/pulumi.ts'
import { freePort } from '../support/server-process.ts'
import { leftOf, openStack, type PulumiStack } from './pulumi-stack.ts'
import { passwordsOf, runStockClient } from './stock-client.ts'
import { type Client, startLoad, tlsClient } from './team-load.ts'

const path = hasDockerEngine() ? await pulumiPath() : undefined

describe.skipIf(!path)('pulumi up of the stack team on a Docker engine', { timeout: 300_000 }, () => {
  let stack: PulumiStack
  let name: string
  let port: number
  let url: string
  let authority: string
  let client: Client
  let passwords: Record<string, string>

  const settings = (more: Record<string, string> = {}) => ({
    ...{ name, port: `${port}`, replicas: '2', image: name },
    ...more,
  })

  beforeAll(async () => {
    port = await freePort()
    name = `trackyard-${port}`
    await buildImage(name)
    stack = await openStack('team', `${path}`)
    url = (await stack.up(settings())).url
    passwords = passwordsOf(await stack.resources())
    authority = await docker('exec', `${name}-proxy`, 'cat', '/var/tmp/caddy/pki/authorities/local/root.crt')
    client = tlsClient(url, authority, `admin:${passwords.admin}`)
  }, 600_000)
  afterAll(async () => {
    await removeStack(stack, name)
    await docker('rmi', '--force', name)
  }, 120_000)

  it('serves a stock client over TLS that says who it is', async ({ skip }) => {
    const printed = await runStockClient(url, authority, `${passwords.admin}`)
    if (printed === undefined) return skip()
    expect(printed).toContain('read again: what was logged')
  })

  it('asks who is there', async () => {
    const path = '/api/2.0/mlflow/registered-models/search'
    expect((await client(path)).status).toBe(200)
    for (const auth of [undefined, 'admin:password1234', `admin:${passwords.mlflow}`])
      expect((await tlsClient(url, authority, auth)(path)).status).toBe(401)
  })

  it('confines every container, and lets nobody but the proxy be reached from this machine', async () => {
    const containers = await inspectAll(name)
    expect(containers.map((one) => one.Name.slice(1).replace(/-[0-9a-f]{7}$/, '')).sort()).toEqual(
      ['backup', 'database', 'proxy', 'server-1', 'server-2'].map((part) => `${name}-${part}`),
    )
    for (const { Config, HostConfig } of containers) {
      expect(Config.User).toMatch(/^(50000:50000|999:999)$/)
      expect(HostConfig).toMatchObject({
        ReadonlyRootfs: true,
        Privileged: false,
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges:true'],
        NanoCpus: 1e9,
        RestartPolicy: { Name: 'unless-stopped' },
        LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
      })
      expect(HostConfig.Memory).toBeGreaterThan(0)
      expect(HostConfig.MemorySwap).toBe(HostConfig.Memory)
    }
    const published = containers.flatMap(({ HostConfig }) =>
      Object.values(HostConfig.PortBindings ?? {}).flat(),
    )
    expect(published).toEqual([{ HostIp: '127.0.0.1', HostPort: `${port}` }])
  })

  it('keeps its passwords out of the state of Pulumi, docker inspect, logs and process lists, and lets only their user read them', async () => {
    const ids = await containerIds(name)
    const shown = [
      await stack.written(),
      await docker('inspect', ...ids),
      await docker('volume', 'inspect', ...(await volumes(name))),
    ]
    for (const id of await containerIds(name, '--filter', 'status=running')) {
      shown.push(await docker('logs', id), await docker('top', id, '-eo', 'pid,args'))
    }
    expect(Object.keys(passwords).sort()).toEqual(['admin', 'mlflow', 'mlflow_login'])
    for (const secret of Object.values(passwords)) {
      expect(shown.join('\n')).not.toContain(secret)
      expect(shown.join('\n')).not.toContain(Buffer.from(secret).toString('base64'))
    }
    const modes = await docker(
      'exec',
      `${name}-database`,
      'stat',
      '--format=%a %u %n',
      '/run/trackyard/mlflow.password',
    )
    expect(modes).toBe('400 999 /run/trackyard/mlflow.password')
  })

  it('has checksums over its tables, a role that owns only its database, and statistics of statements', async () => {
    const sql = (query: string) =>
      docker('exec', `${name}-database`, 'psql', '-U', 'postgres', '-d', 'postgres', '-Atc', query)
    expect(await sql('show data_checksums')).toBe('on')
    expect(await sql('select count(*) > 0 from pg_stat_statements')).toBe('t')
    expect(
      await sql(
        "select datname, pg_get_userbyid(datdba) from pg_database where datname like 'mlflow%' order by 1",
      ),
    ).toBe('mlflow|mlflow\nmlflow_login|mlflow_login')
    expect(await sql("select has_database_privilege('mlflow', 'mlflow_login', 'connect')")).toBe('f')
    expect(await sql("select count(*) from pg_roles where rolsuper and rolname like 'mlflow%'")).toBe('0')
  })

  it('changes nothing when nothing has changed', async () => {
    await stack.up(settings(), '--expect-no-changes', '--refresh')
  })

  it('replaces the backup alone for another time of it', async () => {
    const before = await containers(stack)
    await stack.up(settings({ backup: '{"at": "03:15", "keep": 14}' }))
    const after = await containers(stack)
    const changed = Object.keys(after).filter((one) => after[one] !== before[one])
    expect(changed).toEqual([`${name}-backup`])
  })

  it('loses no request while its image is replaced, nor data', async () => {
    const [image, before] = [`${name}-next`, await serversOf(name)]
    await buildOn(name, image)
    const runId = await createRun(client, 'upgrade')
    const stop = startLoad(client, runId)
    try {
      await stack.up(settings({ image }))
    } finally {
      await docker('rmi', '--force', image)
    }
    const { sent, failed } = await stop()
    expect(failed.slice(0, 5)).toEqual([])
    expect(sent).toBeGreaterThan(20)
    const after = await serversOf(name)
    expect(after).toHaveLength(2)
    expect(after.filter((one) => before.includes(one))).toEqual([])
    const key = 'metric_key=writer-0&max_results=25000'
    const history = await client(`/api/2.0/mlflow/metrics/get-history?run_id=${runId}&${key}`)
    expect(JSON.parse(history.body).metrics.length).toBeGreaterThan(5)
  })

  it('restores a backup into an empty stack, every table and every file', async () => {
    const backup = (of: string, ...words: string[]) =>
      docker('exec', `${of}-backup`, 'bash', '/run/trackyard/backup.sh', ...words)
    await docker(
      'exec',
      '--user',
      '50000',
      `${name}-backup`,
      'sh',
      '-c',
      'cd /data/artifacts && mkdir -p 1 .artifact.uploading.trackyard && echo more > 1/more && echo half > .artifact.uploading.trackyard/1',
    )
    // Their audit log goes on for a minute after what it tells of, unless they end.
    await docker('stop', ...(await serversOf(name)))
    await backup(name, 'now')
    const newest = (await backup(name, 'list')).split('\n').at(-1) ?? ''
    const other = await openStack('team', `${path}`)
    const otherName = `${name}-restored`
    try {
      await other.up(settings({ name: otherName, port: `${await freePort()}`, replicas: '1' }))
      const copy = ['--volume', `${name}-backup:/from:ro`, '--volume', `${otherName}-backup:/to`]
      await docker(
        'run',
        '--rm',
        '--user',
        '50000',
        ...copy,
        'postgres:17',
        'cp',
        '-a',
        `/from/${newest}`,
        '/to',
      )
      expect(await backup(otherName, 'restore', newest)).toBe(`restored ${newest}`)
      const uploads = ['find', '/data/artifacts', '-path', '*/.artifact.uploading.*']
      expect(await docker('exec', `${otherName}-backup`, ...uploads)).toBe('')
      for (const database of Object.values(DATABASES)) {
        expect(await dump(otherName, database)).toBe(await dump(name, database))
      }
      const files = await digests(name)
      expect(files.length).toBeGreaterThan(0)
      expect(await digests(otherName)).toEqual(files)
    } finally {
      await removeStack(other, otherName)
    }
  })

  it('keeps as many backups as it is told, and counts an artifact that did not change once', async () => {
    const script = 'BACKUP_KEEP=2 bash /run/trackyard/backup.sh now'
    const names: string[] = []
    for (let round = 0; round < 3; round++) {
      await new Promise((resolve) => setTimeout(resolve, 1100))
      names.push((await docker('exec', `${name}-backup`, 'bash', '-c', script)).split(/[ :]/)[1] ?? '')
    }
    const folder = '/var/lib/postgresql/data'
    expect(await docker('exec', `${name}-backup`, 'ls', folder)).toBe(names.slice(1).join('\n'))
    const links = await docker(
      'exec',
      `${name}-backup`,
      'stat',
      '--format=%h',
      `${folder}/${names[2]}/artifacts/1/more`,
    )
    expect(links).toBe('2')
  })

  it('leaves nothing but the volumes of its data when it is destroyed', async () => {
    await stack.destroy()
    expect(await leftOf(name)).toEqual(VOLUMES.map((part) => `volume ${name}-${part}`))
  })
})

/** What outlives its stack. */
const VOLUMES = ['backup', 'data', 'database', 'proxy']

/** With the volumes that `pulumi destroy` leaves. */
async function removeStack(stack: PulumiStack, name: string): Promise<void> {
  await stack.destroy()
  await docker('volume', 'rm', '--force', ...VOLUMES.map((part) => `${name}-${part}`))
  await stack.close()
}

/** The ids of its containers, by the names they have in the program. */
async function containers(stack: PulumiStack): Promise<Record<string, string | undefined>> {
  const found = (await stack.resources()).filter(({ type }) => type.endsWith(':Container'))
  return Object.fromEntries(found.map(({ urn, id }) => [urn.split('::').at(-1), id]))
}

async function containerIds(name: string, ...filters: string[]): Promise<string[]> {
  return (await docker('ps', '--all', '--quiet', '--filter', `name=^${name}-`, ...filters)).split('\n')
}

async function volumes(name: string): Promise<string[]> {
  return (await docker('volume', 'ls', '--quiet', '--filter', `name=^${name}-`)).split('\n')
}

// biome-ignore lint/suspicious/noExplicitAny: what docker inspect shows
async function inspectAll(name: string): Promise<any[]> {
  return JSON.parse(await docker('inspect', ...(await containerIds(name, '--filter', 'status=running'))))
}

async function serversOf(name: string): Promise<string[]> {
  return containerIds(`${name}-server-[12]`, '--filter', 'status=running')
}

/** An image of another content that does the same. */
async function buildOn(base: string, tag: string): Promise<void> {
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'Dockerfile'), `FROM ${base}\nLABEL next=${tag}\n`)
  await docker('build', '--quiet', '--tag', tag, folder)
}

async function createRun(client: Client, experiment: string): Promise<string> {
  const created = JSON.parse((await client('/api/2.0/mlflow/experiments/create', { name: experiment })).body)
  const run = await client('/api/2.0/mlflow/runs/create', { experiment_id: created.experiment_id })
  return JSON.parse(run.body).run.info.run_id
}

/** A database as text, without what differs from dump to dump. */
async function dump(name: string, database: string): Promise<string> {
  const text = await docker(
    'exec',
    `${name}-database`,
    'pg_dump',
    '--data-only',
    '--username=postgres',
    '--inserts',
    database,
  )
  return text.replace(/^\\(un)?restrict .*$/gm, '')
}

async function digests(name: string): Promise<string[]> {
  const command = 'cd /data/artifacts && find . -type f ! -path "./.artifact.*" -exec sha256sum {} +'
  return (await docker('exec', `${name}-backup`, 'sh', '-c', command)).split('\n').sort()
}
