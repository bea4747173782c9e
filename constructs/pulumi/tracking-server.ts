import * as docker from '@pulumi/docker'
import * as pulumi from '@pulumi/pulumi'
import type { Config } from '../../server/config.ts'
import { CONTAINER_USER, HEALTH_CHECK, SCRATCH, stopTimeoutSeconds, tmpfsOptions } from '../container.ts'
import { trackingEnvironment } from '../environment.ts'
import {
  CONTAINER_PORT,
  DATA_FOLDER,
  parseSettings,
  type TrackingSettings,
  type TrackingSettingsInput,
} from '../settings.ts'
import { confined, environmentList, labelList } from './confined.ts'
import type { ContainerFiles } from './container-files.ts'
import { watched } from './health.ts'
import { type ImageSource, serverImage } from './images.ts'

export interface TrackingServerArgs {
  readonly settings: pulumi.Input<TrackingSettingsInput>
  /** The server's image. */
  readonly image: ImageSource
  /** @default none: a port of the host leads to it, and its data is in a volume of its own */
  readonly behindProxy?: BehindProxy
}

/** What a server has that is one of several behind a proxy. */
export interface BehindProxy {
  /** Networks of the proxy and of the database. */
  readonly networks: pulumi.Input<string>[]
  /** The volume of the artifacts, which all servers share; none with artifacts in S3. */
  readonly dataVolume?: pulumi.Input<string>
  /** Secrets that its environment names. */
  readonly files: ContainerFiles
  /** Settings that are known only when the rest of the stack is made. @default none */
  readonly made?: pulumi.Input<Partial<Config>>
  /** Variables that are no settings of the server, such as those of the SDK of AWS. @default none */
  readonly environment?: pulumi.Input<Readonly<Record<string, string>>>
}

/**
 * A tracking server in one container of a Docker engine. Alone it has a name, a port and a volume; behind a proxy it
 * has a new name whenever it is replaced, so that the old one answers until the new one does.
 */
export class TrackingServer extends pulumi.ComponentResource {
  /** Where clients and browsers on this host reach it, when it is alone. */
  readonly url: pulumi.Output<string>
  /** The volume with the database and the artifacts; `pulumi destroy` leaves it. */
  readonly volumeName: pulumi.Output<string | undefined>
  readonly containerId: pulumi.Output<string>
  readonly containerName: pulumi.Output<string>

  constructor(name: string, args: TrackingServerArgs, opts?: pulumi.ComponentResourceOptions) {
    super('trackyard:docker:TrackingServer', name, {}, opts)
    const settings = pulumi.output(args.settings).apply(parseSettings)
    const image = serverImage(name, args.image, settings.name, this)
    const { behindProxy } = args
    const container = behindProxy
      ? new docker.Container(
          name,
          { image, ...oneOfSeveral(settings, behindProxy) },
          // Said aloud: the provider's own way with a container is to delete it first.
          { parent: this, deleteBeforeReplace: false },
        )
      : this.alone(name, image, settings)
    this.url = settings.apply(urlOf)
    this.containerId = container.id
    this.containerName = container.name
    this.volumeName = dataVolume(container)
    const { url, containerId, containerName, volumeName } = this
    this.registerOutputs({ url, containerId, containerName, volumeName })
  }

  private alone(name: string, image: pulumi.Output<string>, settings: pulumi.Output<TrackingSettings>) {
    const volume = new docker.Volume(
      `${name}-data`,
      { name: pulumi.interpolate`${settings.name}-data`, labels: labelList(settings.labels) },
      { parent: this, retainOnDelete: true },
    )
    return new docker.Container(
      name,
      {
        image,
        name: settings.name,
        envs: settings.apply((values) => environmentList(trackingEnvironment(values))),
        ...processArgs(settings),
        volumes: [{ volumeName: volume.name, containerPath: DATA_FOLDER }],
        ports: settings.apply(({ bindAddress, port }) => [
          { internal: CONTAINER_PORT, external: port, ip: bindAddress },
        ]),
      },
      // The name and the port of the old container are taken until it is gone.
      { parent: this, deleteBeforeReplace: true },
    )
  }
}

function oneOfSeveral(settings: pulumi.Output<TrackingSettings>, place: BehindProxy) {
  const { networks, dataVolume, files, made = {}, environment = {} } = place
  return {
    // No name: the new container and the old one are there at the same time.
    envs: pulumi
      .all([settings, made, environment])
      .apply(([values, config, more]) =>
        environmentList({ ...trackingEnvironment(values, config), ...more }),
      ),
    ...processArgs(settings),
    volumes: [...(dataVolume ? [{ volumeName: dataVolume, containerPath: DATA_FOLDER }] : []), files.mount],
    networksAdvanced: networks.map((network) => ({ name: network })),
  }
}

/** How a server is confined, watched and stopped. */
function processArgs(settings: pulumi.Output<TrackingSettings>) {
  return {
    ...confined({
      user: CONTAINER_USER,
      memoryMiB: settings.memoryMiB,
      cpus: settings.cpus,
      tmpfs: { [SCRATCH.path]: tmpfsOptions(SCRATCH.sizeMiB) },
      stopSeconds: settings.apply(stopTimeoutSeconds),
      labels: settings.labels,
    }),
    ...watched(HEALTH_CHECK.command),
  }
}

function dataVolume({ volumes }: docker.Container): pulumi.Output<string | undefined> {
  return volumes.apply((mounts) => mounts?.find((one) => one.containerPath === DATA_FOLDER)?.volumeName)
}

function urlOf({ bindAddress, port, staticPrefix }: TrackingSettings): string {
  const host = bindAddress.includes(':') ? `[${bindAddress}]` : bindAddress
  return `http://${host}:${port}${staticPrefix}`
}
