import * as docker from '@pulumi/docker'
import * as pulumi from '@pulumi/pulumi'
import { DATABASE, DATABASE_HOST, DATABASES, databaseCommand } from '../team.ts'
import { confined, environmentList, type Labels, labelList } from './confined.ts'
import { ContainerFiles } from './container-files.ts'
import { watched } from './health.ts'
import { remoteImage } from './images.ts'
import { shippedFile } from './shipped-file.ts'

/** Password of each role; the role's database has its name. */
export type DatabasePasswords = Readonly<Record<keyof typeof DATABASES, pulumi.Input<string>>>

export interface PostgresDatabaseArgs {
  /** Prefix of the names of container and volume. */
  readonly name: pulumi.Input<string>
  /** Network that it is reached in, as `database:5432`; no port of the host leads to it. */
  readonly network: pulumi.Input<string>
  readonly passwords: DatabasePasswords
  /** In MiB; a quarter of it is PostgreSQL's own cache. */
  readonly memoryMiB: pulumi.Input<number>
  readonly cpus: pulumi.Input<number>
  /** Connections it takes at the same time. */
  readonly maxConnections: pulumi.Input<number>
  /** One that names no user. @default postgres:17 */
  readonly image?: pulumi.Input<string>
  /** @default none */
  readonly labels?: pulumi.Input<Labels>
}

/** PostgreSQL in a container, with checksums over its files, a role for each purpose, and pg_stat_statements. */
export class PostgresDatabase extends pulumi.ComponentResource {
  /** Where the servers of its network reach it, without user and password. */
  readonly uri: pulumi.Output<string>
  /** The volume with its files; `pulumi destroy` leaves it. */
  readonly volumeName: pulumi.Output<string>
  readonly containerId: pulumi.Output<string>

  constructor(name: string, args: PostgresDatabaseArgs, opts?: pulumi.ComponentResourceOptions) {
    super('trackyard:docker:PostgresDatabase', name, {}, opts)
    const { labels = {} } = args
    const owner = DATABASE.user
    const image = remoteImage(name, args.image ?? DATABASE.image, this)
    const files = new ContainerFiles(
      `${name}-files`,
      {
        image,
        owner,
        labels,
        files: { ...passwordFiles(args.passwords), 'database.sh': shippedFile('docker/team/database.sh') },
      },
      { parent: this },
    )
    const volume = new docker.Volume(
      name,
      { name: pulumi.interpolate`${args.name}-database`, labels: labelList(labels) },
      { parent: this, retainOnDelete: true },
    )
    const container = new docker.Container(
      name,
      {
        name: pulumi.interpolate`${args.name}-database`,
        image,
        entrypoints: [...DATABASE.entrypoint],
        command: pulumi
          .all([args.memoryMiB, args.maxConnections])
          .apply(([memory, connections]) => databaseCommand(memory, connections)),
        envs: environmentList({ DATABASES: Object.values(DATABASES).join(' ') }),
        ...confined({
          ...DATABASE,
          ...args,
          labels: pulumi.output(labels).apply((given) => ({ ...given, ...files.labels })),
        }),
        ...watched(DATABASE.health),
        stopSignal: 'SIGINT',
        shmSize: DATABASE.sharedMemoryMiB,
        volumes: [{ volumeName: volume.name, containerPath: DATABASE.dataFolder }, files.mount],
        networksAdvanced: [{ name: args.network, aliases: [DATABASE_HOST] }],
      },
      // One at a time has the files of the database.
      { parent: this, deleteBeforeReplace: true, dependsOn: files },
    )
    this.uri = container.id.apply(
      () => `postgresql://${DATABASES.tracking}@${DATABASE_HOST}:5432/${DATABASES.tracking}?sslmode=disable`,
    )
    this.volumeName = volume.name
    this.containerId = container.id
    this.registerOutputs({ uri: this.uri, volumeName: this.volumeName, containerId: this.containerId })
  }
}

/** A file for each role, as the scripts of the containers read them. */
export function passwordFiles(passwords: Partial<DatabasePasswords>): Record<string, pulumi.Input<string>> {
  return Object.fromEntries(
    Object.entries(passwords).map(([purpose, password]) => [
      passwordFile(purpose as keyof DatabasePasswords),
      password,
    ]),
  )
}

export const passwordFile = (purpose: keyof DatabasePasswords) => `${DATABASES[purpose]}.password`
