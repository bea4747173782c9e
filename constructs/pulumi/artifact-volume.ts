import * as docker from '@pulumi/docker'
import * as pulumi from '@pulumi/pulumi'
import { type Labels, labelList } from './confined.ts'

export interface ArtifactVolumeArgs {
  readonly volumeName: pulumi.Input<string>
  /** @default none */
  readonly labels?: pulumi.Input<Labels>
}

/** Where a stack keeps what must outlive it; `pulumi destroy` leaves it. */
export class ArtifactVolume extends pulumi.ComponentResource {
  readonly volumeName: pulumi.Output<string>

  constructor(name: string, args: ArtifactVolumeArgs, opts?: pulumi.ComponentResourceOptions) {
    super('trackyard:docker:ArtifactVolume', name, {}, opts)
    const labels = labelList(args.labels)
    const volume = new docker.Volume(
      name,
      { name: args.volumeName, labels },
      { parent: this, retainOnDelete: true },
    )
    this.volumeName = volume.name
    this.registerOutputs({ volumeName: this.volumeName })
  }
}
