import { Token } from 'aws-cdk-lib'
import type * as ec2 from 'aws-cdk-lib/aws-ec2'
import type * as iam from 'aws-cdk-lib/aws-iam'
import type * as kms from 'aws-cdk-lib/aws-kms'
import type * as rds from 'aws-cdk-lib/aws-rds'
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager'
import { Construct } from 'constructs'
import { type ConnectionDemand, connectionsNeeded, defaultMaxConnections } from '../capacity.ts'
import { SettingsError, type TrackingSettingsInput } from '../settings.ts'
import { DATABASE_PORT, type NewInstanceProps, newInstance } from './database-instance.ts'
import { serverCredentials } from './server-credentials.ts'

/** The role that servers log in as. */
const ROLE = 'trackyard'

interface LoginProps {
  /**
   * Name of the database of runs, which `trackyard db prepare` makes; that of users is called so with `_users` behind it.
   * @default mlflow
   */
  readonly databaseName?: string
  /**
   * How servers log in: with tokens of IAM, so that there is nothing to keep and to rotate, or with a password of
   * their own in Secrets Manager.
   * @default iam
   */
  readonly login?: 'iam' | 'password'
}

export interface NewDatabaseProps extends NewInstanceProps, LoginProps {
  readonly instance?: never
}

export interface ExistingDatabaseProps extends LoginProps {
  /** An instance of PostgreSQL 13 or newer that speaks TLS; for the login `iam` with its resource id. */
  readonly instance: rds.IDatabaseInstance
  /** JSON with `username` and `password` of who may make roles and databases there. */
  readonly administrator: secretsmanager.ISecret
  /**
   * Key that its storage is encrypted with, and so its snapshots: who backs it up and restores it must use it.
   * @default RDS's own of the account, or none
   */
  readonly storageKey?: kms.IKey
  /**
   * Connections it has room for.
   * @default it is not looked at whether the servers' connections fit
   */
  readonly maxConnections?: number
  readonly vpc?: never
}

type PostgresSettings = Extract<TrackingSettingsInput['database'], { kind: 'postgres' }>

/** PostgreSQL on RDS: in two zones, encrypted, TLS only, with a role for servers that owns its databases and no more. */
export class Database extends Construct implements ec2.IConnectable {
  readonly instance: rds.IDatabaseInstance
  readonly replica?: rds.IDatabaseInstance
  readonly connections: ec2.Connections
  readonly host: string
  readonly port: number
  /** Of its storage and its snapshots, where that is not RDS's own. */
  readonly storageKey?: kms.IKey
  /** JSON with `username` and `password` of who may make roles and databases. */
  readonly administrator: secretsmanager.ISecret
  /** The same of the servers' role; with the login `iam` there are none. */
  readonly credentials?: secretsmanager.ISecret
  /** Where the servers find it, and who they are to it. */
  readonly settings: PostgresSettings
  readonly #maxConnections: number | undefined

  constructor(scope: Construct, id: string, props: NewDatabaseProps | ExistingDatabaseProps) {
    super(scope, id)
    const { databaseName = 'mlflow', login = 'iam' } = props
    if (props.instance) {
      this.instance = props.instance
      this.administrator = props.administrator
      if (props.storageKey) this.storageKey = props.storageKey
      this.port = props.instance.instanceEndpoint.port
      this.#maxConnections = props.maxConnections
    } else {
      const made = newInstance(this, props)
      this.storageKey = made.encryptionKey
      this.instance = made.instance
      if (made.replica) this.replica = made.replica
      this.administrator = secretOf(made.instance)
      this.port = DATABASE_PORT
      this.#maxConnections = maxConnectionsOf(props)
    }
    this.connections = this.instance.connections
    this.host = this.instance.dbInstanceEndpointAddress
    if (login === 'password')
      this.credentials = serverCredentials(this, ROLE, props.instance ? undefined : this.storageKey)
    this.settings = {
      kind: 'postgres',
      host: this.host,
      port: this.port,
      name: databaseName,
      users: `${databaseName}_users`,
      ...(login === 'iam' && { iamUser: ROLE }),
      ...(this.replica && { replicaHost: this.replica.dbInstanceEndpointAddress }),
    }
  }

  /** Lets `grantee` log in with tokens of IAM; who has a password needs no grant. */
  grantLogin(grantee: iam.IGrantable): void {
    if (this.credentials) return
    this.instance.grantConnect(grantee, ROLE)
    this.replica?.grantConnect(grantee, ROLE)
  }

  /** @throws SettingsError with the numbers when the instance has not so many connections */
  requireRoomFor(demand: ConnectionDemand): void {
    const { most, sum } = connectionsNeeded(demand)
    if (this.#maxConnections === undefined || most <= this.#maxConnections) return
    throw new SettingsError([
      `database: the servers may need ${most} connections to the database, which takes about ${this.#maxConnections}: ${sum}; ` +
        'use a larger instanceType, fewer containers or processes, or a smaller poolSize and poolOverflow',
    ])
  }
}

function maxConnectionsOf({ maxConnections, instanceType }: NewInstanceProps): number | undefined {
  const type = instanceType?.toString() ?? 'm7g.large'
  if (maxConnections !== undefined || Token.isUnresolved(type)) return maxConnections
  const known = defaultMaxConnections(type)
  if (known === undefined)
    throw new SettingsError([`database: how many connections ${type} takes is not known, say maxConnections`])
  return known
}

function secretOf({ secret }: rds.DatabaseInstance): secretsmanager.ISecret {
  if (!secret) throw new Error('the instance has no credentials in Secrets Manager')
  return secret
}
