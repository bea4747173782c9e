/** MiniStack with our plug-in beside it, on a port and a Docker network of its own, and all that it has started. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { docker } from '../support/docker.ts'
import { REPOSITORY } from '../support/installed.ts'
import type { MlflowEnvironment } from '../support/python.ts'
import { startServer } from '../support/server-process.ts'

export const ACCOUNT = '123456789012'
export const REGION = 'eu-central-1'

export interface Ministack {
  readonly url: string
  readonly folder: string
  readonly network: string
  /** What a program needs to take it for AWS. */
  readonly environment: Record<string, string>
  output(): string
  remove(): Promise<void>
}

export async function startMinistack({ python }: MlflowEnvironment): Promise<Ministack> {
  await removeLeftBehind()
  const folder = await mkdtemp(join(tmpdir(), 'trackyard-rehearsal-'))
  const network = folder.slice(folder.lastIndexOf('/') + 1).toLowerCase()
  const server = await startServer({
    command: 'sh',
    // Its port has no flag.
    args: (port) => ['-c', `GATEWAY_PORT=${port} exec "$0" "$1"`, python, join(REPOSITORY, 'test/rehearsal')],
    environment: {
      BIND_HOST: '127.0.0.1',
      HOSTNAME: '',
      IOT_MTLS_ENABLED: '0',
      LOG_LEVEL: 'INFO',
      MINISTACK_ACCOUNT_ID: ACCOUNT,
      MINISTACK_REGION: REGION,
      PYTHONDONTWRITEBYTECODE: '1',
      REHEARSAL_NETWORK: network,
      REHEARSAL_PARENT: String(process.pid),
      TMPDIR: folder,
    },
    folder,
    startWithinMs: 60_000,
  }).catch(async (error: Error) => {
    await removeNetwork(network)
    throw error
  })
  await mkdir(join(folder, 'docker'))
  return {
    ...server,
    folder,
    network,
    environment: {
      AWS_ENDPOINT_URL: server.url,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_REGION: REGION,
      AWS_DEFAULT_REGION: REGION,
      AWS_EC2_METADATA_DISABLED: 'true',
      // CDK logs in to the registry, which is no business of the engine's user.
      DOCKER_CONFIG: join(folder, 'docker'),
    },
    async remove() {
      await server.stop()
      await removeNetwork(network)
      await removeImages(new URL(server.url).host)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Networks of test runs that were killed, which nobody else will remove. */
async function removeLeftBehind(): Promise<void> {
  const format = '{{.Name}} {{.Label "trackyard.rehearsal"}}'
  const rows = await docker('network', 'ls', '--filter', 'label=trackyard.rehearsal', '--format', format)
  for (const [name = '', pid] of rows.split('\n').map((row) => row.split(' '))) {
    if (pid && !isRunning(Number(pid))) await removeNetwork(name)
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** With the containers on it, each by its id. */
async function removeNetwork(network: string): Promise<void> {
  const ids = await docker('ps', '--all', '--quiet', '--filter', `network=${network}`)
  if (ids) await docker('rm', '--force', '--volumes', ...ids.split('\n'))
  await docker('network', 'rm', network).catch(() => undefined)
}

/** Those pushed to this registry, and the names CDK gave them when it built them. */
async function removeImages(registry: string): Promise<void> {
  const rows = await docker('images', '--format', '{{.ID}} {{.Repository}}:{{.Tag}}')
  const images = rows.split('\n').map((row) => row.split(' ') as [string, string])
  const pushed = new Set(images.filter(([, name]) => name.startsWith(`${registry}/`)).map(([id]) => id))
  const names = images.filter(([id, name]) => pushed.has(id) && /^(cdkasset-|127\.0\.0\.1:)/.test(name))
  if (names.length > 0) await docker('rmi', '--force', ...names.map(([, name]) => name))
}
