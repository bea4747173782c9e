import { ArnFormat, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as iam from 'aws-cdk-lib/aws-iam'
import * as kms from 'aws-cdk-lib/aws-kms'
import * as logs from 'aws-cdk-lib/aws-logs'
import * as rds from 'aws-cdk-lib/aws-rds'
import type { Construct } from 'constructs'
import { closedSecurityGroup } from './closed-security-group.ts'
import { DATABASE_PARAMETERS } from './database-parameters.ts'
import { deploymentName } from './deployment-name.ts'

export const DATABASE_PORT = 5432

/** Who may make roles and databases; servers never log in as this one. */
const ADMINISTRATOR = 'trackyard_admin'

export interface NewInstanceProps {
  readonly vpc: ec2.IVpc
  /**
   * Subnets in at least two Availability Zones.
   * @default the isolated ones
   */
  readonly vpcSubnets?: ec2.SubnetSelection
  /** @default m7g.large */
  readonly instanceType?: ec2.InstanceType
  /**
   * Connections it takes at the same time.
   * @default as many as RDS gives the instance type: one for about 9.5 MB of memory
   */
  readonly maxConnections?: number
  /**
   * A standby in another Availability Zone.
   * @default true
   */
  readonly multiAz?: boolean
  /**
   * Storage to begin with, in GiB.
   * @default 50
   */
  readonly storageGiB?: number
  /**
   * Storage it may grow to by itself, in GiB.
   * @default 500
   */
  readonly maxStorageGiB?: number
  /**
   * Days within which any moment can be restored.
   * @default 14
   */
  readonly backupDays?: number
  /**
   * Refuse to delete the instance.
   * @default true
   */
  readonly deletionProtection?: boolean
  /**
   * A second instance that follows the first and answers what only reads.
   * @default false
   */
  readonly readReplica?: boolean
  /**
   * Encrypts storage, snapshots and the credentials.
   * @default a new key, rotated every year
   */
  readonly encryptionKey?: kms.IKey
  /**
   * Encrypts PostgreSQL's log; CloudWatch Logs must be allowed to use it.
   * @default CloudWatch Logs' own
   */
  readonly logKey?: kms.IKey
  /** @default three months */
  readonly logRetention?: logs.RetentionDays
}

export interface NewInstance {
  readonly instance: rds.DatabaseInstance
  readonly replica?: rds.DatabaseInstanceReadReplica
  readonly encryptionKey: kms.IKey
}

/** An instance, and its replica where one is wanted, within `scope`. */
export function newInstance(scope: Construct, props: NewInstanceProps): NewInstance {
  const { encryptionKey = newKey(scope), multiAz = true, backupDays = 14 } = props
  if (backupDays < 1) throw new Error(`backupDays must be at least 1, got ${backupDays}`)
  const version = rds.PostgresEngineVersion.VER_17_9
  const engine = rds.DatabaseInstanceEngine.postgres({ version })
  const common = commonProps(scope, props, engine, encryptionKey)
  const instance = new rds.DatabaseInstance(scope, 'Instance', {
    ...common,
    instanceIdentifier: nameOf(scope, 'primary'),
    engine,
    ...administratorOf(props, encryptionKey),
    multiAz,
    // A replica has it from here.
    storageEncrypted: true,
    storageEncryptionKey: encryptionKey,
    allocatedStorage: props.storageGiB ?? 50,
    backupRetention: Duration.days(backupDays),
    preferredBackupWindow: '01:00-02:00',
  })
  keepLogs(scope, 'primary', instance, props)
  if (!props.readReplica) return { instance, encryptionKey }
  const replica = new rds.DatabaseInstanceReadReplica(scope, 'Replica', {
    ...common,
    instanceIdentifier: nameOf(scope, 'replica'),
    sourceDatabaseInstance: instance,
  })
  keepLogs(scope, 'replica', replica, props)
  return { instance, replica, encryptionKey }
}

/**
 * RDS makes the password, keeps it in Secrets Manager and changes it every seven days; but it refuses a replica to an
 * instance whose password it keeps (RDS User Guide, "Limitations for Secrets Manager integration").
 */
function administratorOf({ readReplica }: NewInstanceProps, encryptionKey: kms.IKey) {
  return readReplica
    ? { credentials: rds.Credentials.fromGeneratedSecret(ADMINISTRATOR, { encryptionKey }) }
    : {
        credentials: rds.Credentials.fromUsername(ADMINISTRATOR, { encryptionKey }),
        manageMasterUserPassword: true,
      }
}

function newKey(scope: Construct): kms.Key {
  return new kms.Key(scope, 'Key', {
    description: 'Database: storage, snapshots and credentials',
    enableKeyRotation: true,
    removalPolicy: RemovalPolicy.RETAIN,
  })
}

function commonProps(
  scope: Construct,
  props: NewInstanceProps,
  engine: rds.IInstanceEngine,
  encryptionKey: kms.IKey,
) {
  const { maxConnections, deletionProtection = true } = props
  return {
    vpc: props.vpc,
    vpcSubnets: props.vpcSubnets ?? { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
    securityGroups: [
      closedSecurityGroup(scope, 'SecurityGroup', {
        vpc: props.vpc,
        description: 'The database: clients come in, nothing goes out',
        httpsPeers: [],
      }),
    ],
    parameterGroup: new rds.ParameterGroup(scope, 'Parameters', {
      engine,
      description: 'TLS only, a log for audits, no locks of servers that are gone',
      parameters: {
        ...DATABASE_PARAMETERS,
        ...(maxConnections !== undefined && { max_connections: String(maxConnections) }),
      },
    }),
    instanceType: props.instanceType ?? ec2.InstanceType.of(ec2.InstanceClass.M7G, ec2.InstanceSize.LARGE),
    port: DATABASE_PORT,
    publiclyAccessible: false,
    iamAuthentication: true,
    storageType: rds.StorageType.GP3,
    maxAllocatedStorage: props.maxStorageGiB ?? 500,
    copyTagsToSnapshot: true,
    // Fixes of security come within their maintenance window; the version above is where an instance begins.
    autoMinorVersionUpgrade: true,
    preferredMaintenanceWindow: 'Sun:03:00-Sun:04:00',
    caCertificate: rds.CaCertificate.RDS_CA_RSA2048_G1,
    enablePerformanceInsights: true,
    performanceInsightRetention: rds.PerformanceInsightRetention.DEFAULT,
    performanceInsightEncryptionKey: encryptionKey,
    monitoringInterval: Duration.minutes(1),
    monitoringRole: monitoringRole(scope),
    cloudwatchLogsExports: ['postgresql', 'upgrade'],
    deletionProtection,
    removalPolicy: RemovalPolicy.SNAPSHOT,
  }
}

/**
 * Known beforehand, so that log groups can be made for it. It also keeps CloudFormation from ever replacing an instance
 * that holds data by an empty one.
 */
export function nameOf(scope: Construct, which: 'primary' | 'replica' | 'proxy'): string {
  return `${deploymentName(scope, { maxLength: 55 })}-${which}`
}

/** RDS would make the groups itself when it writes the first line, and keep them for ever. */
function keepLogs(
  scope: Construct,
  which: 'primary' | 'replica',
  instance: rds.DatabaseInstanceBase,
  props: NewInstanceProps,
): void {
  for (const log of ['postgresql', 'upgrade']) {
    const name = `/aws/rds/instance/${nameOf(scope, which)}/${log}`
    instance.node.addDependency(keepLog(scope, `Log-${which}-${log}`, name, props))
  }
}

/** The group that RDS will write into. */
export function keepLog(
  scope: Construct,
  id: string,
  logGroupName: string,
  { logKey, logRetention }: Pick<NewInstanceProps, 'logKey' | 'logRetention'>,
): logs.LogGroup {
  return new logs.LogGroup(scope, id, {
    logGroupName,
    retention: logRetention ?? logs.RetentionDays.THREE_MONTHS,
    removalPolicy: RemovalPolicy.RETAIN,
    ...(logKey && { encryptionKey: logKey }),
  })
}

/** What the managed policy of this purpose allows, on the one log group it is needed on. */
function monitoringRole(scope: Construct): iam.Role {
  const group = Stack.of(scope).formatArn({
    service: 'logs',
    resource: 'log-group',
    resourceName: 'RDSOSMetrics',
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  })
  return new iam.Role(scope, 'Monitoring', {
    assumedBy: new iam.ServicePrincipal('monitoring.rds.amazonaws.com'),
    description: "Writes figures of the database instance's operating system",
    inlinePolicies: {
      WriteFigures: new iam.PolicyDocument({
        statements: [
          new iam.PolicyStatement({
            actions: ['logs:CreateLogGroup', 'logs:PutRetentionPolicy'],
            resources: [group],
          }),
          new iam.PolicyStatement({
            actions: [
              'logs:CreateLogStream',
              'logs:PutLogEvents',
              'logs:DescribeLogStreams',
              'logs:GetLogEvents',
            ],
            resources: [`${group}:log-stream:*`],
          }),
        ],
      }),
    },
  })
}
