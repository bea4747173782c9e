import { createHash } from 'node:crypto'
import * as docker from '@pulumi/docker'
import * as pulumi from '@pulumi/pulumi'
import { FILES_FOLDER } from '../container.ts'
import { type Labels, labelList } from './confined.ts'

/** Name and content of each file; a content may be a secret. */
export type Files = Readonly<Record<string, pulumi.Input<string>>>

export interface ContainerFilesArgs {
  /**
   * An image that is on the engine, by its id, and that names no user: for one that does the engine gives all files to
   * that user, if it can find them. Nothing of it is started but `whenNew`.
   */
  readonly image: pulumi.Input<string>
  readonly files: Files
  /** User and group of whom the files are for, as `1000:1000`: nobody else may read them. */
  readonly owner: string
  /** @default none */
  readonly labels?: pulumi.Input<Labels>
  /**
   * What to run, as that user, when the files are new.
   * @default nothing
   */
  readonly whenNew?: WhenNew
}

interface WhenNew {
  readonly command: string[]
  /** What it runs in. @default the image of the files */
  readonly image?: pulumi.Input<string>
  /** @default none */
  readonly volumes?: pulumi.Input<docker.types.input.ContainerVolume>[]
  /** @default none: it reaches nothing */
  readonly network?: pulumi.Input<string>
  /** Its environment. @default the image's */
  readonly envs?: pulumi.Input<string[]>
}

/**
 * Files for a container: secrets, scripts, configuration. They are in a volume of their own, since a container whose
 * root is read-only takes no uploads, and neither in its image nor in its environment, where `docker inspect` shows
 * them. Another container, which never writes anything else, is what they are uploaded through.
 */
export class ContainerFiles extends pulumi.ComponentResource {
  readonly volumeName: pulumi.Output<string>
  /** Changes when a file does. */
  readonly fingerprint: pulumi.Output<string>
  /** How what is to run when they are new has ended: its exit code, and what it printed. */
  readonly ended: pulumi.Output<{ code: number; printed: string }>

  constructor(name: string, args: ContainerFilesArgs, opts?: pulumi.ComponentResourceOptions) {
    super('trackyard:docker:ContainerFiles', name, {}, opts)
    const labels = labelList(args.labels)
    const volume = new docker.Volume(name, { labels }, { parent: this })
    this.volumeName = volume.name
    this.fingerprint = fingerprint(args.files)
    const uploaded = new docker.Container(
      name,
      {
        image: args.image,
        ...POWERLESS,
        networkMode: 'none',
        start: false,
        mustRun: false,
        volumes: [{ volumeName: volume.name, containerPath: FILES_FOLDER }],
        uploads: uploads(args),
        labels,
      },
      { parent: this, deleteBeforeReplace: false },
    )
    this.ended = args.whenNew
      ? this.runWhenNew(name, args.whenNew, args, uploaded)
      : pulumi.output({ code: 0, printed: '' })
    this.registerOutputs({ volumeName: this.volumeName, fingerprint: this.fingerprint })
  }

  private runWhenNew(
    name: string,
    { command, image, volumes = [], network, envs }: WhenNew,
    args: ContainerFilesArgs,
    uploaded: pulumi.Resource,
  ) {
    const labels = pulumi.output(args.labels ?? {}).apply((given) => ({ ...given, ...this.labels }))
    const container = new docker.Container(
      `${name}-new`,
      {
        image: image ?? args.image,
        user: args.owner,
        ...POWERLESS,
        // Attached: whatever depends on this waits for its end.
        ...{ attach: true, logs: true, mustRun: false, entrypoints: command },
        ...(envs && { envs }),
        ...(network ? { networksAdvanced: [{ name: network }] } : { networkMode: 'none' }),
        volumes: [this.mount, ...volumes],
        labels: labelList(labels),
      },
      { parent: this, dependsOn: uploaded, deleteBeforeReplace: false },
    )
    return pulumi.output({ code: container.exitCode, printed: container.containerLogs })
  }

  /** On a container that reads them at its start only: it is replaced when a file changes. */
  get labels(): Labels {
    return { 'trackyard.files': this.fingerprint }
  }

  /** Where a container finds them. */
  get mount() {
    return { volumeName: this.volumeName, containerPath: FILES_FOLDER, readOnly: true }
  }
}

const POWERLESS = {
  capabilities: { drops: ['ALL'] },
  securityOpts: ['no-new-privileges:true'],
}

function uploads({ files, owner }: ContainerFilesArgs) {
  const [user, group] = owner.split(':')
  return Object.entries(files).map(([file, content]) => ({
    file: `${FILES_FOLDER}/${file}`,
    contentBase64: pulumi.output(content).apply((text) => Buffer.from(text).toString('base64')),
    permissions: '0400',
    owner: user,
    group,
  }))
}

/** Of all contents together, and no secret: none of them can be told from it. */
function fingerprint(files: Files): pulumi.Output<string> {
  const hash = pulumi
    .output(files)
    .apply((known) => createHash('sha256').update(JSON.stringify(known)).digest('hex').slice(0, 16))
  return pulumi.unsecret(hash)
}
