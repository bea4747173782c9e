import { createHash } from 'node:crypto'
import * as docker from '@pulumi/docker'
import * as pulumi from '@pulumi/pulumi'
import { FILES_FOLDER } from '../container.ts'
import { type Labels, labelList } from './confined.ts'

/** Name and content of each file; a content may be a secret. */
export type Files = Readonly<Record<string, pulumi.Input<string>>>

export interface ContainerFilesArgs {
  /** An image that is on the engine, by its id; nothing of it is started. */
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
  readonly whenNew?: {
    readonly command: string[]
    /** @default none */
    readonly volumes?: pulumi.Input<docker.types.input.ContainerVolume>[]
    /** @default none: it reaches nothing */
    readonly network?: pulumi.Input<string>
    /** Its environment. @default the image's */
    readonly envs?: pulumi.Input<string[]>
  }
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
    const container = new docker.Container(
      name,
      {
        image: args.image,
        user: args.owner,
        capabilities: { drops: ['ALL'] },
        securityOpts: ['no-new-privileges:true'],
        start: false,
        mustRun: false,
        ...whenNew(args),
        volumes: [{ volumeName: volume.name, containerPath: FILES_FOLDER }, ...(args.whenNew?.volumes ?? [])],
        uploads: uploads(args),
        labels,
      },
      { parent: this },
    )
    this.volumeName = volume.name
    this.fingerprint = fingerprint(args.files)
    this.ended = pulumi.output({ code: container.exitCode, printed: container.containerLogs })
    this.registerOutputs({ volumeName: this.volumeName, fingerprint: this.fingerprint })
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

function whenNew({ whenNew }: ContainerFilesArgs): Partial<docker.ContainerArgs> {
  if (!whenNew) return { networkMode: 'none' }
  const { command, envs, network } = whenNew
  return {
    // Attached: whatever depends on this waits for its end.
    ...{ start: true, attach: true, logs: true, entrypoints: command },
    ...(envs && { envs }),
    ...(network ? { networksAdvanced: [{ name: network }] } : { networkMode: 'none' }),
  }
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
