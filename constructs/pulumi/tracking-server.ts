import * as docker from '@pulumi/docker'
import * as pulumi from '@pulumi/pulumi'
import { CONTAINER_USER, HEALTH_CHECK, LOG_ROTATION, SCRATCH, stopTimeoutSeconds } from '../container.ts'
import { trackingEnvironment } from '../environment.ts'
import {
  CONTAINER_PORT,
  DATA_FOLDER,
  parseSettings,
  type TrackingSettings,
  type TrackingSettingsInput,
} from '../settings.ts'

/** An image to build on the engine that runs it. */
export interface ImageBuild {
  /** Folder that is sent to the engine. */
  readonly context: pulumi.Input<string>
  /** @default docker/Dockerfile in the context */
  readonly dockerfile?: pulumi.Input<string>
}

export interface TrackingServerArgs {
  readonly settings: pulumi.Input<TrackingSettingsInput>
  /** The server's image: a reference to one that exists, or how to build it. */
  readonly image: pulumi.Input<string> | { readonly build: ImageBuild }
}

/** A tracking server in one container of a Docker engine, with its data in a volume that outlives it. */
export class TrackingServer extends pulumi.ComponentResource {
  /** Where clients and browsers on this host reach it. */
  readonly url: pulumi.Output<string>
  /** The volume with the database and the artifacts; `pulumi destroy` leaves it. */
  readonly volumeName: pulumi.Output<string>
  readonly containerId: pulumi.Output<string>

  constructor(name: string, args: TrackingServerArgs, opts?: pulumi.ComponentResourceOptions) {
    super('trackyard:docker:TrackingServer', name, {}, opts)
    const settings = pulumi.output(args.settings).apply(parseSettings)

    const volume = new docker.Volume(
      `${name}-data`,
      { name: pulumi.interpolate`${settings.name}-data` },
      { parent: this, retainOnDelete: true },
    )
    const container = new docker.Container(
      name,
      {
        image: imageId(name, args.image, settings, this),
        volumes: [{ volumeName: volume.name, containerPath: DATA_FOLDER }],
        name: settings.name,
        ...processArgs(settings),
        ...sandboxArgs(settings),
      },
      // The name and the port of the old container are taken until it is gone.
      { parent: this, deleteBeforeReplace: true },
    )

    this.url = settings.apply(urlOf)
    this.volumeName = volume.name
    this.containerId = container.id
    this.registerOutputs({ url: this.url, volumeName: this.volumeName, containerId: this.containerId })
  }
}

/** The image by its content, so that a container is replaced when the image changes under the same name. */
function imageId(
  name: string,
  image: TrackingServerArgs['image'],
  settings: pulumi.Output<TrackingSettings>,
  parent: pulumi.Resource,
): pulumi.Output<string> {
  if (typeof image === 'string' || pulumi.Output.isInstance(image) || image instanceof Promise) {
    return new docker.RemoteImage(`${name}-image`, { name: image, keepLocally: true }, { parent }).imageId
  }
  const { context, dockerfile = pulumi.interpolate`${context}/docker/Dockerfile` } = image.build
  return new docker.Image(
    `${name}-image`,
    { imageName: pulumi.interpolate`${settings.name}:local`, skipPush: true, build: { context, dockerfile } },
    { parent },
  ).repoDigest
}

/** What runs and how it starts, is watched and stops. */
function processArgs(settings: pulumi.Output<TrackingSettings>) {
  return {
    envs: settings.apply((values) =>
      Object.entries(trackingEnvironment(values)).map(([variable, value]) => `${variable}=${value}`),
    ),
    ports: settings.apply(({ bindAddress, port }) => [
      { internal: CONTAINER_PORT, external: port, ip: bindAddress },
    ]),
    restart: 'unless-stopped',
    stopTimeout: settings.apply(stopTimeoutSeconds),
    // Without it the provider kills a container that it replaces.
    destroyGraceSeconds: settings.apply(stopTimeoutSeconds),
    healthcheck: {
      tests: [...HEALTH_CHECK.command],
      interval: `${HEALTH_CHECK.intervalSeconds}s`,
      timeout: `${HEALTH_CHECK.timeoutSeconds}s`,
      startPeriod: `${HEALTH_CHECK.startPeriodSeconds}s`,
      startInterval: `${HEALTH_CHECK.startIntervalSeconds}s`,
      retries: HEALTH_CHECK.retries,
    },
    wait: true,
    waitTimeout: HEALTH_CHECK.startPeriodSeconds,
    logDriver: 'json-file',
    logOpts: { 'max-size': `${LOG_ROTATION.maxSizeMiB}m`, 'max-file': `${LOG_ROTATION.maxFiles}` },
  }
}

/** What the process may not do: write outside the data folder, gain rights, or eat its host's memory. */
function sandboxArgs(settings: pulumi.Output<TrackingSettings>) {
  return {
    user: CONTAINER_USER,
    readOnly: true,
    capabilities: { drops: ['ALL'] },
    securityOpts: ['no-new-privileges:true'],
    tmpfs: { [SCRATCH.path]: `size=${SCRATCH.sizeMiB}m,mode=1777,noexec,nosuid,nodev` },
    memory: settings.memoryMiB,
    // Equal to memory: no swap on top of it.
    memorySwap: settings.memoryMiB,
  }
}

function urlOf({ bindAddress, port, staticPrefix }: TrackingSettings): string {
  const host = bindAddress.includes(':') ? `[${bindAddress}]` : bindAddress
  return `http://${host}:${port}${staticPrefix}`
}
