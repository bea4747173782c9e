import * as docker from '@pulumi/docker'
import * as pulumi from '@pulumi/pulumi'
import { CONTAINER_USER, SCRATCH, tmpfsOptions } from '../container.ts'
import { DATA_FOLDER } from '../settings.ts'
import { BACKUP, backupEnvironment } from '../team.ts'
import { confined, environmentList, type Labels, labelList } from './confined.ts'
import { ContainerFiles } from './container-files.ts'
import { watched } from './health.ts'
import { remoteImage } from './images.ts'
import { type DatabasePasswords, passwordFiles } from './postgres-database.ts'
import { shippedFile } from './shipped-file.ts'

export interface BackupArgs {
  /** Prefix of the names of container and volume. */
  readonly name: pulumi.Input<string>
  /** Network that the database is reached in. */
  readonly network: pulumi.Input<string>
  readonly passwords: DatabasePasswords
  /** Volume of the artifacts. @default none: artifacts are in S3, whose versions are their backup */
  readonly dataVolume?: pulumi.Input<string>
  /** Time of day in UTC. */
  readonly at: pulumi.Input<string>
  /** How many are kept. */
  readonly keep: pulumi.Input<number>
  readonly cpus: pulumi.Input<number>
  /** @default none */
  readonly labels?: pulumi.Input<Labels>
}

/**
 * A dump of each database and the artifacts, every day, in a volume of its own. The newest is checked: a container
 * without a backup of the last 26 hours is unhealthy, and a stack is up only when its first one is made.
 */
export class Backup extends pulumi.ComponentResource {
  /** The volume of the backups; `pulumi destroy` leaves it. */
  readonly volumeName: pulumi.Output<string>
  readonly containerId: pulumi.Output<string>

  constructor(name: string, args: BackupArgs, opts?: pulumi.ComponentResourceOptions) {
    super('trackyard:docker:Backup', name, {}, opts)
    const { labels = {} } = args
    const image = remoteImage(name, BACKUP.image, this)
    const files = new ContainerFiles(
      `${name}-files`,
      {
        image,
        owner: CONTAINER_USER,
        labels,
        files: { ...passwordFiles(args.passwords), 'backup.sh': shippedFile('docker/team/backup.sh') },
      },
      { parent: this },
    )
    const volume = new docker.Volume(
      name,
      { name: pulumi.interpolate`${args.name}-backup`, labels: labelList(labels) },
      { parent: this, retainOnDelete: true },
    )
    const container = new docker.Container(
      name,
      {
        name: pulumi.interpolate`${args.name}-backup`,
        image,
        entrypoints: [...BACKUP.entrypoint],
        command: [...BACKUP.command],
        envs: pulumi
          .all([args.at, args.keep])
          .apply(([at, keep]) => environmentList(backupEnvironment({ at, keep }))),
        ...confined({
          ...BACKUP,
          // The servers': it reads their artifacts, and puts them back as theirs.
          user: CONTAINER_USER,
          cpus: args.cpus,
          tmpfs: { [SCRATCH.path]: tmpfsOptions(SCRATCH.sizeMiB) },
          labels: pulumi.output(labels).apply((given) => ({ ...given, ...files.labels })),
        }),
        ...watched(BACKUP.health),
        volumes: [
          { volumeName: volume.name, containerPath: BACKUP.folder },
          ...(args.dataVolume ? [{ volumeName: args.dataVolume, containerPath: DATA_FOLDER }] : []),
          files.mount,
        ],
        networksAdvanced: [{ name: args.network }],
      },
      { parent: this, deleteBeforeReplace: true, dependsOn: files },
    )
    this.volumeName = volume.name
    this.containerId = container.id
    this.registerOutputs({ volumeName: this.volumeName, containerId: this.containerId })
  }
}
