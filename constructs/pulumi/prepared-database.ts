import * as pulumi from '@pulumi/pulumi'
import { type Config, toEnvironment } from '../../server/config.ts'
import { ADMINISTRATOR } from '../../server/config-settings.ts'
import { CONTAINER_USER, FILES_FOLDER } from '../container.ts'
import { PROXY } from '../team.ts'
import { environmentList, type Labels } from './confined.ts'
import { ContainerFiles } from './container-files.ts'
import { remoteImage } from './images.ts'

const PASSWORD = 'administrator.password'

/** Who may make roles and databases on a server of PostgreSQL. */
export interface Administrator {
  readonly user: string
  readonly password: pulumi.Input<string>
}

export interface PreparedDatabaseArgs {
  /** The server's image, by its id on the engine. */
  readonly image: pulumi.Input<string>
  /** A network that the database is reached in. */
  readonly network: pulumi.Input<string>
  /** What servers are told of their database. */
  readonly settings: pulumi.Input<Partial<Config>>
  readonly administrator: Administrator
  /** @default none */
  readonly labels?: pulumi.Input<Labels>
}

/**
 * The roles that servers log in as and the databases that those own, by `trackyard db prepare` in a container that
 * runs to its end. It alone is handed the administrator's password.
 */
export class PreparedDatabase extends pulumi.ComponentResource {
  /** What servers are told, known once there is something to log in to. */
  readonly settings: pulumi.Output<Partial<Config>>

  constructor(name: string, args: PreparedDatabaseArgs, opts?: pulumi.ComponentResourceOptions) {
    super('trackyard:docker:PreparedDatabase', name, {}, opts)
    const { administrator, image, labels, network } = args
    const settings = pulumi.output(args.settings)
    const { ended } = new ContainerFiles(
      name,
      {
        // The server's own names a user.
        image: remoteImage(`${name}-files`, PROXY.image, this),
        owner: CONTAINER_USER,
        labels,
        files: { [PASSWORD]: administrator.password },
        whenNew: {
          image,
          command: ['trackyard', 'db', 'prepare'],
          network,
          envs: settings.apply((known) =>
            environmentList({
              ...toEnvironment(known),
              [ADMINISTRATOR.user]: administrator.user,
              [ADMINISTRATOR.passwordFile]: `${FILES_FOLDER}/${PASSWORD}`,
            }),
          ),
        },
      },
      { parent: this },
    )
    this.settings = ended.apply(({ code, printed }) => {
      if (code) throw new pulumi.RunError(`the database could not be prepared: ${printed}`)
      return settings
    })
    this.registerOutputs({})
  }
}
