import { Token } from 'aws-cdk-lib'
import * as ec2 from 'aws-cdk-lib/aws-ec2'
import type * as iam from 'aws-cdk-lib/aws-iam'
import type * as kms from 'aws-cdk-lib/aws-kms'
import type * as rds from 'aws-cdk-lib/aws-rds'
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager'
import { Construct } from 'constructs'
import {
  type ConnectionDemand,
  defaultMaxConnections,
  lackOfRoom,
  lackOfRoomBesideProxy,
} from '../capacity.ts'
import { SettingsError, type TrackingSettingsInput } from '../settings.ts'
import { DATABASE_PORT, type NewInstanceProps, newInstance } from './database-instance.ts'
import { newProxy, type ProxyOptions, percentOf } from './database-proxy.ts'
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
  /**
   * RDS Proxy between the servers and the instance, for the login `iam`. A replica is reached past it.
   * @default none: the pools of the servers are bounded themselves
   */
  readonly proxy?: ProxyOptions
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
  readonly proxy?: rds.DatabaseProxy
  /** Of the instance, and of the proxy before it. */
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
  readonly #proxyPercent: number | undefined

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
      if (props.proxy) {
        if (login !== 'iam') throw new Error('a proxy needs the login iam: it is given no password')
        this.proxy = newProxy(this, { ...props.proxy, place: props, instance: made.instance, role: ROLE })
        this.#proxyPercent = percentOf(props.proxy)
      }
    }
    this.connections = connectionsOf(this.instance, this.proxy)
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
      ...(this.proxy && { proxyHost: this.proxy.endpoint }),
      ...(this.replica && { replicaHost: this.replica.dbInstanceEndpointAddress }),
    }
  }

  /** Lets `grantee` log in with tokens of IAM; who has a password needs no grant. */
  grantLogin(grantee: iam.IGrantable): void {
    if (this.credentials) return
    const way = this.proxy ?? this.instance
    way.grantConnect(grantee, ROLE)
    this.replica?.grantConnect(grantee, ROLE)
  }

  /** The same at the instance alone, where a proxy is in the way of what `grantee` does there. */
  grantLoginPastProxy(grantee: iam.IGrantable): void {
    if (!this.credentials) this.instance.grantConnect(grantee, ROLE)
  }

  /** @throws SettingsError with the numbers when the instance has not so many connections */
  requireRoomFor(demand: ConnectionDemand): void {
    const connections = this.#maxConnections
    if (connections === undefined) return
    const percent = this.#proxyPercent
    const problem =
      percent === undefined
        ? lackOfRoom(demand, connections)
        : lackOfRoomBesideProxy(demand, { connections, percent, replica: this.replica !== undefined })
    if (problem !== undefined) throw new SettingsError([`database: ${problem}`])
  }
}

function connectionsOf(
  instance: rds.IDatabaseInstance,
  proxy: rds.DatabaseProxy | undefined,
): ec2.Connections {
  if (!proxy) return instance.connections
  const securityGroups = [instance, proxy].flatMap(({ connections }) => connections.securityGroups)
  return new ec2.Connections({ securityGroups, defaultPort: ec2.Port.tcp(DATABASE_PORT) })
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
