import * as aws from '@pulumi/aws'
import * as pulumi from '@pulumi/pulumi'
import { RDS_AUTHORITIES, RDS_AUTHORITY, requireAuthority } from '../rds-authorities.ts'
import type { TrackingSettings } from '../settings.ts'
import { DATABASES } from '../team.ts'
import type { Administrator } from './prepared-database.ts'

const PORT = 5432

/** Who may make roles and databases; servers never log in as this one. */
const ADMINISTRATOR = 'trackyard_admin'

export type CloudDatabaseArgs = Omit<Extract<TrackingSettings['database'], { kind: 'rds' }>, 'kind'> & {
  /** @default none */
  readonly tags?: Readonly<Record<string, string>>
}

/**
 * PostgreSQL 17 on RDS: encrypted, TLS only, verified. Servers log in with tokens of IAM, each purpose as a role of its
 * own; RDS makes the administrator's password and rotates it.
 */
export class CloudDatabase extends pulumi.ComponentResource {
  /** Where servers reach the database of a purpose, as which role; there is no password. */
  readonly uris: pulumi.Output<Record<keyof typeof DATABASES, string>>
  /** What an identity in AWS must be allowed to `rds-db:connect` to, for each purpose. */
  readonly logins: pulumi.Output<Record<keyof typeof DATABASES, string>>
  /** Who makes those roles and databases. */
  readonly administrator: Administrator

  constructor(name: string, args: CloudDatabaseArgs, opts?: pulumi.ComponentResourceOptions) {
    super('trackyard:aws:CloudDatabase', name, {}, opts)
    const { authority = RDS_AUTHORITIES, tags } = args
    const instance = new aws.rds.Instance(
      name,
      {
        engine: 'postgres',
        engineVersion: '17',
        instanceClass: args.instanceClass,
        username: ADMINISTRATOR,
        manageMasterUserPassword: true,
        iamDatabaseAuthenticationEnabled: true,
        caCertIdentifier: RDS_AUTHORITY,
        allocatedStorage: args.storageGiB,
        maxAllocatedStorage: args.maxStorageGiB,
        storageType: 'gp3',
        storageEncrypted: true,
        multiAz: args.multiAz,
        publiclyAccessible: false,
        backupRetentionPeriod: args.backupDays,
        copyTagsToSnapshot: true,
        autoMinorVersionUpgrade: true,
        deletionProtection: true,
        finalSnapshotIdentifier: `${name}-final`,
        enabledCloudwatchLogsExports: ['postgresql', 'upgrade'],
        ...this.access(name, args),
        tags,
      },
      { parent: this, protect: true },
    )
    const { region } = aws.getRegionOutput({}, { parent: this })
    this.uris = pulumi.all([instance.address, region]).apply(([host, at]) => {
      requireAuthority(at, authority)
      const verified = `sslmode=verify-full&sslrootcert=${authority}`
      return each((role) => `postgresql://${role}@${host}:${PORT}/${role}?${verified}`)
    })
    this.logins = pulumi.all([instance.arn, instance.resourceId]).apply(([arn, id]) => {
      const [, partition, , at, account] = arn.split(':')
      return each((role) => `arn:${partition}:rds-db:${at}:${account}:dbuser:${id}/${role}`)
    })
    this.administrator = { user: ADMINISTRATOR, password: this.passwordOf(instance) }
    this.registerOutputs({ uris: this.uris, logins: this.logins })
  }

  /** As it is now: RDS changes it every seven days. */
  private passwordOf({ masterUserSecrets }: aws.rds.Instance): pulumi.Output<string> {
    const secretId = masterUserSecrets.apply(([secret]) => secret?.secretArn ?? '')
    const { secretString } = aws.secretsmanager.getSecretVersionOutput({ secretId }, { parent: this })
    return pulumi.secret(secretString.apply((text) => JSON.parse(text).password as string))
  }

  private access(name: string, { vpcId, subnetIds, clients, tags }: CloudDatabaseArgs) {
    const child = { parent: this }
    const subnets = new aws.rds.SubnetGroup(name, { subnetIds, tags }, child)
    const parameters = new aws.rds.ParameterGroup(
      name,
      {
        family: 'postgres17',
        description: 'TLS only',
        parameters: [{ name: 'rds.force_ssl', value: '1' }],
        tags,
      },
      child,
    )
    const group = new aws.ec2.SecurityGroup(
      name,
      { vpcId, description: 'The database: clients come in, nothing goes out', tags },
      child,
    )
    clients.forEach((cidrIpv4, index) => {
      const ports = { fromPort: PORT, toPort: PORT, ipProtocol: 'tcp' }
      const rule = { securityGroupId: group.id, cidrIpv4, ...ports }
      new aws.vpc.SecurityGroupIngressRule(`${name}-${index + 1}`, rule, child)
    })
    return {
      dbSubnetGroupName: subnets.name,
      parameterGroupName: parameters.name,
      vpcSecurityGroupIds: [group.id],
    }
  }
}

/** The same for the role of each purpose, whose database has its name. */
function each(of: (role: string) => string) {
  return { tracking: of(DATABASES.tracking), login: of(DATABASES.login) }
}
