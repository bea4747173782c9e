/** The team tier as `make` starts it: a project, a port, secrets and volumes of its own. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { Agent, type RequestOptions, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { buildImage, docker } from '../support/docker.ts'
import { REPOSITORY } from '../support/mlflow.ts'
import { freePort } from '../support/server-process.ts'

export const SERVICES = ['backup', 'database', 'proxy', 'server-1', 'server-2'] as const
export type Service = (typeof SERVICES)[number]

export class TeamStack {
  readonly url: string
  readonly project: string
  readonly folder: string
  /** Certificate of the authority that signed the proxy's. */
  readonly authority: string
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 16 })
  private certificates = Buffer.alloc(0)
  private password = ''

  constructor(folder: string, port: number) {
    this.folder = folder
    this.url = `https://localhost:${port}`
    this.project = `trackyard-test-${port}`
    this.authority = join(folder, 'authority.crt')
  }

  get image(): string {
    return `${this.project}:1`
  }

  get secrets(): string {
    return join(this.folder, 'secrets')
  }

  /** `make` as an operator of this stack calls it. */
  async make(target: string, ...variables: string[]): Promise<string> {
    const given = [`ENV=${join(this.folder, 'team.env')}`, `SECRETS=${this.secrets}`, ...variables]
    const { stdout } = await promisify(execFile)(
      'make',
      [target, 'TIER=team', `IMAGE=${this.image}`, ...given],
      {
        cwd: REPOSITORY,
        env: { ...process.env, COMPOSE_PROJECT_NAME: this.project },
        maxBuffer: 64_000_000,
      },
    )
    return stdout
  }

  async up(): Promise<void> {
    await this.make('up')
    await docker(
      'cp',
      `${this.container('proxy')}:/var/tmp/caddy/pki/authorities/local/root.crt`,
      this.authority,
    )
    this.certificates = await readFile(this.authority)
    this.password = await readFile(join(this.secrets, 'admin.password'), 'utf8')
  }

  /** What MLflow's client needs to be the administrator here. */
  get client(): Record<string, string> {
    return {
      MLFLOW_TRACKING_URI: this.url,
      MLFLOW_TRACKING_SERVER_CERT_PATH: this.authority,
      MLFLOW_TRACKING_USERNAME: 'admin',
      MLFLOW_TRACKING_PASSWORD: this.password,
    }
  }

  container(service: Service): string {
    return `${this.project}-${service}-1`
  }

  volume(name: string): string {
    return `${this.project}-${name}`
  }

  /** Runs a program in a container that is up. */
  exec(service: Service, ...command: string[]): Promise<string> {
    return docker('exec', this.container(service), ...command)
  }

  /** One request of the administrator over TLS, whose certificate is checked. @throws when there is no answer */
  async call(method: string, path: string, body?: unknown): Promise<{ status: number; text: string }> {
    const options: RequestOptions = {
      method,
      agent: this.agent,
      ca: this.certificates,
      headers: { 'content-type': 'application/json' },
      auth: `admin:${this.password}`,
    }
    const sent = request(`${this.url}${path}`, options)
    const answered = new Promise<{ status: number; text: string }>((resolve, reject) => {
      sent.on('error', reject)
      sent.on('response', async (response) => {
        resolve({ status: response.statusCode ?? 0, text: (await buffer(response)).toString() })
      })
    })
    sent.end(body === undefined ? undefined : JSON.stringify(body))
    return answered
  }

  async remove(): Promise<void> {
    this.agent.destroy()
    await this.make('down').catch(() => undefined)
    for (const name of ['data', 'database', 'backup', 'proxy'])
      await docker('volume', 'rm', '--force', this.volume(name)).catch(() => undefined)
    await docker('rmi', '--force', this.image, `${this.project}:2`).catch(() => undefined)
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** A stack that is not up yet, and its image. */
export async function prepareTeamStack(): Promise<TeamStack> {
  const folder = await mkdtemp(join(tmpdir(), 'trackyard-team-'))
  const port = await freePort()
  const stack = new TeamStack(folder, port)
  const example = await readFile(join(REPOSITORY, '.envs/team.env.example'), 'utf8')
  const settings = example.replace(/^TEAM_PORT=.*$/m, `TEAM_PORT=${port}`)
  await writeFile(join(folder, 'team.env'), `${settings}\nTRACKYARD_LOG_LEVEL=debug\n`)
  await buildImage(stack.image)
  return stack
}
