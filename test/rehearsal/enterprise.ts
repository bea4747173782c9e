/** An EnterpriseStack in rehearsal: what it has made, and requests to it as its clients send them. */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { SecretsManager } from '@aws-sdk/client-secrets-manager'
import { docker } from '../support/docker.ts'
import type { MlflowEnvironment } from '../support/python.ts'
import { Checkout, type Outcome } from './checkout.ts'
import { type FrontDoor, openFrontDoor } from './front-door.ts'
import { ACCOUNT, type Ministack, REGION, startMinistack } from './ministack.ts'

const NAME = 'EnterpriseStack'
const DEPLOY = ['deploy', '--require-approval', 'never']
const SETTINGS = {
  profile: 'lean',
  account: ACCOUNT,
  region: REGION,
  replicas: 2,
  memoryMiB: 512,
  service: { architecture: 'x86_64' },
  // The PostgreSQL of the rehearsal knows no tokens of IAM.
  database: { login: 'password', deletionProtection: false },
  edge: {
    domainName: 'mlflow.example.com',
    certificateArn: `arn:aws:acm:${REGION}:${ACCOUNT}:certificate/rehearsal`,
    deletionProtection: false,
  },
}

interface ClientConfiguration {
  readonly endpoint: string
  readonly region: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  readonly forcePathStyle: boolean
}

export class Rehearsal {
  readonly aws: Ministack
  readonly checkout: Checkout
  #outputs: Record<string, string> = {}
  #door: FrontDoor | undefined
  #password = ''

  private constructor(aws: Ministack, checkout: Checkout) {
    this.aws = aws
    this.checkout = checkout
  }

  static async begin(python: MlflowEnvironment): Promise<Rehearsal> {
    const aws = await startMinistack(python)
    try {
      return new Rehearsal(aws, await Checkout.copy(aws, SETTINGS))
    } catch (error) {
      await aws.remove()
      throw error
    }
  }

  /** @throws with what CDK printed when it fails */
  async deploy(): Promise<void> {
    const file = join(this.aws.folder, 'outputs.json')
    await this.checkout.mustCdk(...DEPLOY, '--outputs-file', file)
    this.#outputs = JSON.parse(await readFile(file, 'utf8'))[NAME]
    const SecretId = this.output('AdminPasswordSecret')
    const { SecretString = '' } = await this.client(SecretsManager).getSecretValue({ SecretId })
    this.#password = SecretString
    this.#door ??= await openFrontDoor(this.aws.url, new URL(this.output('Url')))
  }

  /** A deployment that may fail. */
  tryDeploy(): Promise<Outcome> {
    return this.checkout.cdk(...DEPLOY)
  }

  /** An output of the stack as it was last deployed. */
  output(name: string): string {
    const value = this.#outputs[name]
    if (!value) throw new Error(`the stack has no output ${name}: ${Object.keys(this.#outputs)}`)
    return value
  }

  /** What MLflow's client needs to be the administrator here. */
  get environment(): Record<string, string> {
    return {
      MLFLOW_TRACKING_URI: this.url,
      MLFLOW_TRACKING_USERNAME: 'admin',
      MLFLOW_TRACKING_PASSWORD: this.#password,
    }
  }

  /** Where clients of this machine reach the load balancer. */
  private get url(): string {
    if (!this.#door) throw new Error('it is not deployed')
    return this.#door.url
  }

  /** Ids of the servers' containers that run. */
  async tasks(...filters: string[]): Promise<string[]> {
    const all = [`network=${this.aws.network}`, 'label=com.amazonaws.ecs.container-name=server', ...filters]
    const ids = await docker('ps', '--quiet', '--no-trunc', ...all.flatMap((one) => ['--filter', one]))
    return ids.split('\n').filter(Boolean)
  }

  healthy(): Promise<string[]> {
    return this.tasks('health=healthy')
  }

  /** Which of its image's labels each running server was started with. */
  async releases(): Promise<string[]> {
    const format = '{{index .Config.Labels "release"}}'
    return (await docker('inspect', '--format', format, ...(await this.tasks()))).split('\n')
  }

  /** Runs SQL as the database's administrator. */
  async sql(statement: string): Promise<string> {
    const [host] = this.output('DatabaseHost').split('.')
    const program =
      'exec psql --no-psqlrc -U "$POSTGRES_USER" -d mlflow --tuples-only --no-align --command "$0"'
    return docker('exec', `${this.aws.network}-${host}`, 'sh', '-c', program, statement)
  }

  /** As RDS does it: in the database first, in Secrets Manager a moment later. Connections begin anew after it. */
  async rotatePassword(): Promise<void> {
    const secrets = this.client(SecretsManager)
    const SecretId = await this.setting('TRACKYARD_DATABASE_SECRET')
    const { SecretString = '' } = await secrets.getSecretValue({ SecretId })
    const login = { ...JSON.parse(SecretString), password: randomBytes(18).toString('hex') }
    await this.sql(`alter user ${login.username} password '${login.password}'`)
    await this.sql('select pg_terminate_backend(pid) from pg_stat_activity where client_addr is not null')
    await delay(500)
    await secrets.putSecretValue({ SecretId, SecretString: JSON.stringify(login) })
  }

  /** What the servers were told. */
  private async setting(name: string): Promise<string | undefined> {
    const [task = ''] = await this.tasks()
    const [{ Config }] = JSON.parse(await docker('inspect', task))
    const line = Config.Env.find((one: string) => one.startsWith(`${name}=`))
    return line?.slice(name.length + 1)
  }

  /** A client of MiniStack as of AWS. */
  client<T>(type: new (configuration: ClientConfiguration) => T): T {
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
    return new type({ endpoint: this.aws.url, region: REGION, credentials, forcePathStyle: true })
  }

  async call(method: string, path: string, body?: unknown): Promise<{ status: number; text: string }> {
    const answer = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        'content-type': 'application/json',
        authorization: `Basic ${btoa(`admin:${this.#password}`)}`,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    return { status: answer.status, text: await answer.text() }
  }

  async end(): Promise<void> {
    await this.#door?.close()
    await this.aws.remove()
  }
}
