import * as docker from '@pulumi/docker'
import * as pulumi from '@pulumi/pulumi'
import { type Labels, labelList } from './confined.ts'

export interface TrackingNetworkArgs {
  /** Prefix of the networks' names. */
  readonly name: pulumi.Input<string>
  /** @default none */
  readonly labels?: pulumi.Input<Labels>
}

/** The two networks of a stack: what holds data is in one that has no way out. */
export class TrackingNetwork extends pulumi.ComponentResource {
  /** For the proxy and the servers; leads to the outside. */
  readonly edge: pulumi.Output<string>
  /** For the servers, the database and its backups; leads nowhere. */
  readonly inside: pulumi.Output<string>

  constructor(name: string, args: TrackingNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super('trackyard:docker:TrackingNetwork', name, {}, opts)
    const labels = labelList(args.labels)
    const network = (suffix: string, internal: boolean) =>
      new docker.Network(
        `${name}-${suffix}`,
        { name: pulumi.interpolate`${args.name}-${suffix}`, driver: 'bridge', internal, labels },
        { parent: this },
      )
    this.edge = network('edge', false).name
    this.inside = network('inside', true).name
    this.registerOutputs({ edge: this.edge, inside: this.inside })
  }
}
