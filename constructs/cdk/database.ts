import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import * as kms from 'aws-cdk-lib/aws-kms'
import * as rds from 'aws-cdk-lib/aws-rds'
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager'
import { Construct } from 'constructs'

const PORT = 5432

export interface DatabaseProps {
  readonly vpc: ec2.IVpc
  /**
   * Subnets in at least two Availability Zones.
   * @default the isolated ones
   */
  readonly vpcSubnets?: ec2.SubnetSelection
  /**
   * Name of the database in the instance.
   * @default mlflow
   */
  readonly databaseName?: string
  /** @default m7g.large */
  readonly instanceType?: ec2.InstanceType
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
   * Encrypts storage, snapshots and the credentials.
   * @default a new key, rotated every year
   */
  readonly encryptionKey?: kms.IKey
}

/** PostgreSQL on RDS: in two zones, encrypted, TLS only, with credentials that RDS makes and rotates. */
export class Database extends Construct implements ec2.IConnectable {
  readonly instance: rds.DatabaseInstance
  readonly connections: ec2.Connections
  readonly host: string
  readonly port = PORT
  readonly databaseName: string
  /** JSON with `username` and `password`. */
  readonly credentials: secretsmanager.ISecret

  constructor(scope: Construct, id: string, props: DatabaseProps) {
    super(scope, id)
    const { backupDays = 14, databaseName = 'mlflow', multiAz = true, deletionProtection = true } = props
    if (backupDays < 1) throw new Error(`backupDays must be at least 1, got ${backupDays}`)
    const { encryptionKey = new kms.Key(this, 'Key', { enableKeyRotation: true }) } = props
    const engine = rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.VER_17 })

    this.instance = new rds.DatabaseInstance(this, 'Instance', {
      engine,
      parameterGroup: new rds.ParameterGroup(this, 'Parameters', {
        engine,
        description: 'TLS only',
        parameters: { 'rds.force_ssl': '1' },
      }),
      vpc: props.vpc,
      vpcSubnets: props.vpcSubnets ?? { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
      securityGroups: [
        new ec2.SecurityGroup(this, 'SecurityGroup', {
          vpc: props.vpc,
          description: 'The database: clients come in, nothing goes out',
          allowAllOutbound: false,
        }),
      ],
      instanceType: props.instanceType ?? ec2.InstanceType.of(ec2.InstanceClass.M7G, ec2.InstanceSize.LARGE),
      port: PORT,
      databaseName,
      credentials: rds.Credentials.fromUsername('mlflow', { encryptionKey }),
      manageMasterUserPassword: true,
      multiAz,
      storageType: rds.StorageType.GP3,
      allocatedStorage: props.storageGiB ?? 50,
      maxAllocatedStorage: props.maxStorageGiB ?? 500,
      storageEncrypted: true,
      storageEncryptionKey: encryptionKey,
      backupRetention: Duration.days(backupDays),
      copyTagsToSnapshot: true,
      autoMinorVersionUpgrade: true,
      cloudwatchLogsExports: ['postgresql', 'upgrade'],
      deletionProtection,
      removalPolicy: RemovalPolicy.SNAPSHOT,
    })
    this.connections = this.instance.connections
    this.host = this.instance.dbInstanceEndpointAddress
    this.databaseName = databaseName
    this.credentials = secretsmanager.Secret.fromSecretAttributes(this, 'Credentials', {
      secretCompleteArn: managedSecretArn(this.instance),
      // RDS makes the secret; told the key, grantRead lets its reader decrypt as well.
      encryptionKey,
    })
  }
}

function managedSecretArn({ secret }: rds.DatabaseInstance): string {
  if (!secret) throw new Error('the instance has no managed credentials')
  return secret.secretArn
}
