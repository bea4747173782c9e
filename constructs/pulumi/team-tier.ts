import * as pulumi from '@pulumi/pulumi'
import { RandomPassword } from '@pulumi/random'
import type { Config } from '../../server/config.ts'
import { CONTAINER_USER, FILES_FOLDER } from '../container.ts'
import { parseSettings, type TrackingSettings, type TrackingSettingsInput } from '../settings.ts'
import { DATABASE_HOST, DATABASES, PROXY } from '../team.ts'
import { ArtifactVolume } from './artifact-volume.ts'
import { Backup } from './backup.ts'
import { ContainerFiles } from './container-files.ts'
import { type ImageSource, remoteImage, serverImage } from './images.ts'
import { PostgresDatabase, passwordFile, passwordFiles } from './postgres-database.ts'
import { type Administrator, PreparedDatabase } from './prepared-database.ts'
import { ReverseProxy, type ReverseProxyArgs } from './reverse-proxy.ts'
import { TrackingNetwork } from './tracking-network.ts'
import { TrackingServer } from './tracking-server.ts'

export interface TeamTierArgs {
  /** Of the tier `team`. */
  readonly settings: TrackingSettingsInput
  /** The server's image. */
  readonly image: ImageSource
  /** Certificate and key in PEM, where `tls` is of kind files. @default none */
  readonly certificate?: ReverseProxyArgs['certificate']
  /** What is in AWS, where artifacts are of kind s3 or the database is of kind rds. @default none */
  readonly cloud?: Served
}

/** What part of a stack gives to its servers. */
export interface Served {
  readonly files: Readonly<Record<string, pulumi.Input<string>>>
  /** Settings of the server that are known only when the part is made. */
  readonly made: pulumi.Input<Partial<Config>>
  /** Variables that are no settings of the server. */
  readonly environment: pulumi.Input<Readonly<Record<string, string>>>
  /** Who makes the roles and databases that `made` names. @default none: they are there */
  readonly administrator?: Administrator
}

/** Servers behind a proxy on one Docker engine, with PostgreSQL and daily backups. */
export class TeamTier extends pulumi.ComponentResource {
  /** Where clients and browsers reach it. */
  readonly url: pulumi.Output<string>
  /** The servers' containers. */
  readonly containerIds: pulumi.Output<string[]>
  /** The volume of the artifacts; none where they are in S3. */
  readonly volumeName: pulumi.Output<string | undefined>

  constructor(name: string, args: TeamTierArgs, opts?: pulumi.ComponentResourceOptions) {
    super('trackyard:docker:TeamTier', name, {}, opts)
    const settings = parseSettings(args.settings)
    const network = new TrackingNetwork(name, settings, { parent: this })
    const data = this.artifacts(name, settings)
    const database = this.database(name, settings, network, data)
    const login = this.login(name, settings)
    const parts: Served[] = [database, args.cloud, login].filter((part) => part !== undefined)
    const image = serverImage(name, args.image, settings.name, this)
    const files = new ContainerFiles(
      `${name}-server-files`,
      {
        // The servers' own names a user.
        image: remoteImage(`${name}-server-files`, PROXY.image, this),
        owner: CONTAINER_USER,
        files: Object.assign({}, ...parts.map((part) => part.files)),
        labels: settings.labels,
      },
      { parent: this },
    )
    const behindProxy = {
      networks: [network.edge, network.inside],
      dataVolume: data?.volumeName,
      files,
      made: merged([
        ...parts.map((part) => part.made),
        this.prepared(name, settings, network, image, args.cloud),
      ]),
      environment: merged(parts.map((part) => part.environment)),
    }
    const servers: TrackingServer[] = []
    for (let number = 1; number <= settings.replicas; number++) {
      const server = new TrackingServer(
        `${name}-server-${number}`,
        { settings, image: { id: image }, behindProxy },
        // One after another: a faulty image ends an update at the first.
        { parent: this, dependsOn: [files, ...servers.slice(-1), ...(database?.dependsOn ?? [])] },
      )
      servers.push(server)
    }
    const proxy = new ReverseProxy(
      `${name}-proxy`,
      {
        settings,
        network: network.edge,
        servers: servers.map((server) => server.containerName),
        certificate: args.certificate,
      },
      { parent: this },
    )
    this.url = proxy.url
    this.containerIds = pulumi.all(servers.map((server) => server.containerId))
    this.volumeName = pulumi.output(data?.volumeName)
    this.registerOutputs({ url: this.url, containerIds: this.containerIds, volumeName: this.volumeName })
  }

  private artifacts(name: string, { artifacts, labels, ...settings }: TrackingSettings) {
    if (artifacts.kind !== 'local') return undefined
    return new ArtifactVolume(
      `${name}-data`,
      { volumeName: `${settings.name}-data`, labels },
      { parent: this },
    )
  }

  /** The database, its backups, and what the servers must know of it. */
  private database(
    name: string,
    settings: TrackingSettings,
    network: TrackingNetwork,
    data: ArtifactVolume | undefined,
  ): (Served & { readonly dependsOn: pulumi.Resource[] }) | undefined {
    if (settings.database.kind !== 'container') return undefined
    const passwords = {
      tracking: this.password(`${name}-password`),
      login: this.password(`${name}-login-password`),
    }
    const common = {
      name: settings.name,
      network: network.inside,
      passwords,
      cpus: settings.cpus,
      labels: settings.labels,
    }
    const database = new PostgresDatabase(
      `${name}-database`,
      { ...common, ...settings.database },
      { parent: this },
    )
    if (settings.backup) {
      new Backup(
        `${name}-backup`,
        { ...common, ...settings.backup, dataVolume: data?.volumeName },
        { parent: this, dependsOn: database },
      )
    }
    const login = settings.login === 'basic'
    return {
      files: passwordFiles(login ? passwords : { tracking: passwords.tracking }),
      made: database.uri.apply((backendStoreUri) => ({
        backendStoreUri,
        databasePasswordFile: `${FILES_FOLDER}/${passwordFile('tracking')}`,
        ...(login && USERS),
      })),
      environment: {},
      dependsOn: [database],
    }
  }

  private login(name: string, { login }: TrackingSettings): Served | undefined {
    if (login !== 'basic') return undefined
    const files = { [ADMIN_FILE]: this.password(`${name}-admin-password`) }
    return { files, made: LOGIN, environment: {} }
  }

  /** What servers are told of a database that is not the stack's own, known once they can log in to it. */
  private prepared(
    name: string,
    { labels }: TrackingSettings,
    { edge: network }: TrackingNetwork,
    image: pulumi.Output<string>,
    cloud: Served | undefined,
  ): Served['made'] {
    if (!cloud?.administrator) return {}
    const { administrator, made: settings } = cloud
    const args = { image, network, settings, administrator, labels }
    return new PreparedDatabase(`${name}-prepare`, args, { parent: this }).settings
  }

  private password(name: string): pulumi.Output<string> {
    // Letters and digits: nothing that has to be escaped in some file.
    return pulumi.secret(new RandomPassword(name, { length: 32, special: false }, { parent: this }).result)
  }
}

const ADMIN_FILE = 'admin.password'

/** Users are in a database of their own, beside that of runs. */
const USERS = {
  authDatabaseUri: `postgresql://${DATABASES.login}@${DATABASE_HOST}:5432/${DATABASES.login}?sslmode=disable`,
  authDatabasePasswordFile: `${FILES_FOLDER}/${passwordFile('login')}`,
} satisfies Partial<Config>

/** What the servers know of the login, wherever its users are. */
const LOGIN = {
  appName: 'basic-auth',
  authAdminPasswordFile: `${FILES_FOLDER}/${ADMIN_FILE}`,
  // Docker's own networks: nobody but the proxy reaches the servers in them.
  trustedProxies: ['172.16.0.0/12', '192.168.0.0/16'],
} satisfies Partial<Config>

function merged<T extends object>(parts: pulumi.Input<T>[]): pulumi.Output<T> {
  return pulumi.all(parts).apply((known) => Object.assign({}, ...known) as T)
}
