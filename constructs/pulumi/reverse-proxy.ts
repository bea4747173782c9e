import * as docker from '@pulumi/docker'
import * as pulumi from '@pulumi/pulumi'
import { caddyfile } from '../caddyfile.ts'
import { CONTAINER_USER, SCRATCH, tmpfsOptions } from '../container.ts'
import type { TrackingSettings } from '../settings.ts'
import { CERTIFICATE, PROXY } from '../team.ts'
import { confined, environmentList, labelList } from './confined.ts'
import { ContainerFiles, type Files } from './container-files.ts'
import { watched } from './health.ts'
import { remoteImage } from './images.ts'

export interface ReverseProxyArgs {
  readonly settings: pulumi.Input<TrackingSettings>
  /** Network of the servers, from which their names lead to them. */
  readonly network: pulumi.Input<string>
  /** Names of the servers' containers. */
  readonly servers: pulumi.Input<pulumi.Input<string>[]>
  /**
   * Certificate and key in PEM, where `tls` is of kind files.
   * @default none
   */
  readonly certificate?: { readonly certificate: pulumi.Input<string>; readonly key: pulumi.Input<string> }
  /** One that names no user. @default caddy:2 */
  readonly image?: pulumi.Input<string>
}

/**
 * Caddy, which ends TLS and shares requests out among the servers. When the servers change it is told of the new ones
 * while it runs, and what it forwards to the old ones is finished.
 */
export class ReverseProxy extends pulumi.ComponentResource {
  /** Where clients reach the servers. */
  readonly url: pulumi.Output<string>
  readonly containerId: pulumi.Output<string>
  /** Whatever depends on the proxy's knowing the servers depends on this. */
  readonly configuration: ContainerFiles

  constructor(name: string, args: ReverseProxyArgs, opts?: pulumi.ComponentResourceOptions) {
    super('trackyard:docker:ReverseProxy', name, {}, opts)
    const settings = pulumi.output(args.settings)
    const image = remoteImage(name, args.image ?? PROXY.image, this)
    const volume = new docker.Volume(
      name,
      { name: pulumi.interpolate`${settings.name}-proxy`, labels: labelList(settings.labels) },
      { parent: this, retainOnDelete: true },
    )
    const state = { volumeName: volume.name, containerPath: PROXY.stateFolder }
    this.configuration = new ContainerFiles(
      `${name}-files`,
      {
        image,
        owner: CONTAINER_USER,
        files: files(settings, args),
        labels: settings.labels,
        whenNew: { command: [...PROXY.reloadIfRunning], volumes: [state] },
      },
      { parent: this },
    )
    const container = new docker.Container(
      name,
      {
        image,
        name: pulumi.interpolate`${settings.name}-proxy`,
        command: [...PROXY.command],
        envs: environmentList(PROXY.environment),
        ...confinement(settings),
        ...watched(['CMD', ...PROXY.reload]),
        volumes: [state, this.configuration.mount],
        ports: settings.apply(({ bindAddress, port }) => [
          { internal: PROXY.port, external: port, ip: bindAddress },
        ]),
        networksAdvanced: [{ name: args.network }],
      },
      // The port of the old container is taken until it is gone.
      { parent: this, deleteBeforeReplace: true, dependsOn: this.configuration },
    )
    this.url = pulumi.all([settings, container.id]).apply(([values]) => urlOf(values))
    this.containerId = container.id
    this.registerOutputs({ url: this.url, containerId: this.containerId })
  }
}

function files(settings: pulumi.Output<TrackingSettings>, { servers, certificate }: ReverseProxyArgs): Files {
  const Caddyfile = pulumi
    .all([settings, pulumi.output(servers)])
    .apply(([values, names]) => caddyfile(values, names))
  if (!certificate) return { Caddyfile }
  return {
    Caddyfile,
    [CERTIFICATE.certificate]: certificate.certificate,
    [CERTIFICATE.key]: pulumi.secret(certificate.key),
  }
}

function confinement(settings: pulumi.Output<TrackingSettings>) {
  return confined({
    user: CONTAINER_USER,
    memoryMiB: PROXY.memoryMiB,
    cpus: settings.cpus,
    tmpfs: { [SCRATCH.path]: tmpfsOptions(SCRATCH.sizeMiB) },
    stopSeconds: PROXY.stopSeconds,
    capabilities: [PROXY.capability],
    labels: settings.labels,
  })
}

function urlOf({ hostName, port, staticPrefix }: TrackingSettings): string {
  return `https://${hostName}${port === 443 ? '' : `:${port}`}${staticPrefix}`
}
