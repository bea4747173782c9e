import * as aws from '@pulumi/aws'
import * as pulumi from '@pulumi/pulumi'
import type { TrackingSettings } from '../settings.ts'
import { DATABASES } from '../team.ts'

const PORT = 5432

export type CloudDatabaseArgs = Omit<Extract<TrackingSettings['database'], { kind: 'rds' }>, 'kind'> & {
  /** @default none */
  readonly tags?: Readonly<Record<string, string>>
}

/** PostgreSQL 17 on RDS: encrypted, TLS only, with credentials that RDS makes and rotates. */
export class CloudDatabase extends pulumi.ComponentResource {
  /** Where servers reach it, without user and password. */
  readonly uri: pulumi.Output<string>
  /** The secret with user and password. */
  readonly secretArn: pulumi.Output<string>

  constructor(name: string, args: CloudDatabaseArgs, opts?: pulumi.ComponentResourceOptions) {
    super('trackyard:aws:CloudDatabase', name, {}, opts)
    const { tags } = args
    const instance = new aws.rds.Instance(
      name,
      {
        engine: 'postgres',
        engineVersion: '17',
        instanceClass: args.instanceClass,
        dbName: DATABASES.tracking,
        username: DATABASES.tracking,
        manageMasterUserPassword: true,
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
    this.uri = pulumi.interpolate`postgresql://${instance.address}:${PORT}/${DATABASES.tracking}?sslmode=require`
    this.secretArn = instance.masterUserSecrets.apply(([secret]) => secret?.secretArn ?? '')
    this.registerOutputs({ uri: this.uri, secretArn: this.secretArn })
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
